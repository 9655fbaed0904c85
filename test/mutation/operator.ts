/** The base of the operators. Each finds the places in a file for one kind of mistake. */
import type { Mutation } from './mutation.ts';
import { type Node, nameOf, type Visited, visit } from './syntax.ts';

export type Change = Omit<Mutation, 'file'>;
export type Operator = (source: string, tree: Node) => Change[];

export const nodes = (tree: Node): Visited[] => [...visit(tree)];

/** The place in the words of the program. */
export const wordsOf = (path: readonly string[]): string =>
  path.filter((name) => name !== 'states' && !name.endsWith('Machine')).join('.');

export const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ');

/** Returns the text of a node on one line. */
export function textOf(source: string, { start, end }: Node): string {
  const text = oneLine(source.slice(start, end));
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

export const isProperty = ({ node }: Visited, names: readonly string[]): boolean =>
  node.type === 'ObjectProperty' && names.includes(nameOf(node.key as Node) ?? '');

export const membersOf = (node: Node): Node[] =>
  ((node.type === 'ArrayExpression' ? node.elements : node.properties) as Node[] | undefined) ?? [];

/** Returns the expression without its type assertions. */
export const unwrapped = (node: Node): Node =>
  node.type.startsWith('TS') && node.expression ? unwrapped(node.expression as Node) : node;

/** Removes a property or an element with its comma. */
export function without(source: string, { start, end }: Node, what: string): Change {
  const comma = /^\s*,/.exec(source.slice(end))?.[0].length ?? 0;
  return { what, start, end: end + comma, text: '' };
}
