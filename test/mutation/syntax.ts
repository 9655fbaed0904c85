/** The syntax tree of a source file, as far as mutations need it. */
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
  /** The names and places on the way to it: `states.reading.on.request.halted`. */
  readonly path: readonly string[];
}

export function treeOf(source: string): Node {
  return parse(source, { sourceType: 'module', plugins: ['typescript'] }).program as never;
}

/** Every node, each before those inside it. */
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

/** The name that a property, a function or a variable has. */
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
