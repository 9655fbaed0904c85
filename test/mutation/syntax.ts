/** The parts of the syntax tree of a source file that mutations need. */
import { parse } from '@babel/parser';

export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

export interface Visited {
  readonly node: Node;
  readonly parent: Node | undefined;
  /** The names and keys on the path to it: `states.reading.on.request.halted`. */
  readonly path: readonly string[];
}

export function treeOf(source: string): Node {
  return parse(source, { sourceType: 'module', plugins: ['typescript'] }).program as never;
}

/** Visits every node, each before its descendants. */
export function* visit(node: Node, parent?: Node, path: readonly string[] = []): Generator<Visited> {
  yield { node, parent, path };
  for (const [key, value] of Object.entries(node)) {
    if (key === 'loc') continue;
    const inner = Array.isArray(value) ? value : [value];
    for (const [index, child] of inner.entries()) {
      if (!isNode(child)) continue;
      const name = placeOf(child) ?? (Array.isArray(value) && key === 'elements' ? String(index) : undefined);
      yield* visit(child, node, name === undefined ? path : [...path, name]);
    }
  }
}

/** Returns the name of a property, a function or a variable. */
function placeOf(node: Node): string | undefined {
  switch (node.type) {
    case 'ObjectProperty':
      return nameOf(node.key as Node);
    case 'FunctionDeclaration':
    case 'VariableDeclarator':
    case 'ClassMethod':
    case 'ClassPrivateMethod':
      return nameOf(node.id as Node | undefined) ?? nameOf(node.key as Node | undefined);
    default:
      return undefined;
  }
}

export function nameOf(node: Node | null | undefined): string | undefined {
  if (!node) return undefined;
  if (node.type === 'PrivateName') return nameOf(node.id as Node);
  return (node.name ?? node.value) as string | undefined;
}

const isNode = (value: unknown): value is Node => typeof (value as Node | null)?.type === 'string';
