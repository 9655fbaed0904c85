import { Type } from 'typebox';

/** A list whose entries are all what `isOne` says. TypeBox's own check of an array asks some fifty questions about each
 * entry, and one request may hold a hundred thousand. */
export function listOf<T>(isOne: (entry: unknown) => entry is T) {
  return Type.Refine(Type.Unsafe<readonly T[]>({ type: 'array' }), (list) => list.every(isOne));
}

export const isString = (entry: unknown): entry is string => typeof entry === 'string';
