import { Type } from 'typebox';

/** Returns the schema of a list whose entries all satisfy `isOne`. TypeBox's own check of an array makes some fifty tests per
 * entry, and one request may contain a hundred thousand entries. */
export function listOf<T>(isOne: (entry: unknown) => entry is T) {
  return Type.Refine(Type.Unsafe<readonly T[]>({ type: 'array' }), (list) => list.every(isOne));
}

export const isString = (entry: unknown): entry is string => typeof entry === 'string';
