/** Mutations that lead a transition of a machine to a wrong state. */
import { type Change, nodes, type Operator, wordsOf } from './operator.ts';
import { type Node, nameOf, type Visited } from './syntax.ts';

const OF_A_TRANSITION = ['on', 'after', 'always', 'invoke', 'onDone', 'onError'];

/** The target of a transition: the parent of the state, and the name of the state. */
interface Place {
  readonly container: readonly string[];
  readonly name: string;
}

/** Leads each transition to the adjacent sibling of its target. It excludes the source, since that would loop for
 * ever, and transient states, which might lead to the target after all. A target in another file is replaced by the
 * next state that this file names there. */
export const retarget: Operator = (_, tree) => {
  const found = nodes(tree);
  const { statesOf, passing, rootOf } = outlineOf(found);
  const targets = found.filter(isTarget).map(({ node, path }) => {
    const literal = node.value as Node;
    return { literal, path, target: literal.value as string };
  });
  const foreign = [...new Set(targets.map(({ target }) => target).filter((target) => isForeign(target)))];
  function isForeign(target: string): boolean {
    return target.startsWith('#') && !rootOf.has(target.slice(1).split('.')[0] as string);
  }
  const wrongFor = (target: string, path: readonly string[]): string | undefined => {
    if (isForeign(target)) return foreign[(foreign.indexOf(target) + 1) % foreign.length];
    const from = stateOf(path);
    const { container, name } = placeOf(target, from, rootOf);
    const names = statesOf.get(container.join('.')) ?? [];
    const at = names.indexOf(name);
    const own = container.join('.') === from.slice(0, -1).join('.') ? from.at(-1) : undefined;
    const sibling = [...names.slice(at + 1), ...names.slice(0, at).reverse()].find(
      (other) => other !== own && !passing.has([...container, other].join('.')),
    );
    return sibling && target.slice(0, target.length - name.length) + sibling;
  };
  return targets.flatMap(({ literal: { start, end }, path, target }): Change[] => {
    const wrong = wrongFor(target, path);
    if (wrong === undefined || wrong === target) return [];
    const words = wordsOf(path.filter((name) => name !== 'target'));
    return [{ what: `${words}: to ${wrong} instead of ${target}`, start, end, text: `'${wrong}'` }];
  });
};

function isTarget({ node, path }: Visited): boolean {
  if (node.type !== 'ObjectProperty' || (node.value as Node).type !== 'StringLiteral') return false;
  const [above = '', name = ''] = path.slice(-2);
  return ['target', 'onDone', 'onError'].includes(name) || ['on', 'after'].includes(above);
}

/** Returns the children of each state, the transient states, and the root of each machine by its id. */
function outlineOf(found: readonly Visited[]) {
  const statesOf = new Map<string, readonly string[]>();
  const passing = new Set<string>();
  const rootOf = new Map<string, string>();
  for (const { node, path } of found) {
    if (node.type !== 'ObjectProperty') continue;
    const value = node.value as Node;
    if (path.at(-1) === 'states' && value.type === 'ObjectExpression') {
      const names = (value.properties as Node[]).map(({ key }) => nameOf(key as Node) as string);
      statesOf.set(path.filter((name) => name !== 'states').join('.'), names);
    }
    if (path.at(-1) === 'always') passing.add(stateOf(path).join('.'));
    const [root, name, ...more] = path;
    if (name === 'id' && more.length === 0) rootOf.set(value.value as string, root as string);
  }
  return { statesOf, passing, rootOf };
}

/** Returns the source state of a transition. */
function stateOf(path: readonly string[]): readonly string[] {
  const at = path.findIndex((name) => OF_A_TRANSITION.includes(name));
  return path.slice(0, at).filter((name) => name !== 'states');
}

function placeOf(target: string, from: readonly string[], rootOf: ReadonlyMap<string, string>): Place {
  if (!/^[#.]/.test(target)) return { container: from.slice(0, -1), name: target };
  const [first = '', ...more] = target.split('.');
  const name = more.pop() as string;
  const above = first === '' ? from : [rootOf.get(first.slice(1)) as string];
  return { container: [...above, ...more], name };
}
