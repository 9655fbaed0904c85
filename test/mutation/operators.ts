/** What mistakes are made: each operator finds its places in a file. */
import type { Mutation } from './mutation.ts';
import { type Node, nameOf, type Visited, visit } from './syntax.ts';

type Change = Omit<Mutation, 'file'>;
export type Operator = (source: string, tree: Node) => Change[];

const wordsOf = (path: readonly string[]) =>
  path.filter((name) => name !== 'states' && !name.endsWith('Machine')).join('.');

const nodes = (tree: Node) => [...visit(tree)];
const isProperty = ({ node }: Visited, names: readonly string[]) =>
  node.type === 'ObjectProperty' && names.includes(nameOf(node.key as Node) ?? '');
const membersOf = (node: Node): Node[] =>
  ((node.type === 'ArrayExpression' ? node.elements : node.properties) as Node[] | undefined) ?? [];

/** Takes out a property or an element, with its comma. */
function without(source: string, { start, end }: Node, what: string): Change {
  const comma = /^\s*,/.exec(source.slice(end))?.[0].length ?? 0;
  return { what, start, end: end + comma, text: '' };
}

/** Each transition of a machine, deleted: of an event, of a delay, at once, of an end and of a failure. */
export const deleteTransitions: Operator = (source, tree) => {
  const found = nodes(tree);
  const members = found
    .filter((one) => isProperty(one, ['on', 'after', 'always']))
    .flatMap(({ node, path }) =>
      membersOf(node.value as Node).map((member, index) => {
        const name = member.type === 'ObjectProperty' ? nameOf(member.key as Node) : String(index);
        return without(source, member, `${wordsOf([...path, name ?? ''])}: transition deleted`);
      }),
    );
  const ends = found
    .filter((one) => isProperty(one, ['onDone', 'onError']))
    .flatMap(({ node, path }) => {
      const value = node.value as Node;
      if (value.type !== 'ArrayExpression') {
        return [without(source, node, `${wordsOf(path)}: transition deleted`)];
      }
      return membersOf(value).map((member, index) =>
        without(source, member, `${wordsOf([...path, String(index)])}: transition deleted`),
      );
    });
  return [...members, ...ends];
};

/** Each entry action, and each action of a transition, dropped. */
export const dropActions: Operator = (source, tree) =>
  nodes(tree)
    .filter((one) => isProperty(one, ['entry', 'actions']) && !one.path.includes('actors'))
    .filter(({ path, parent }) => path.length > 1 && parent?.type === 'ObjectExpression')
    .flatMap(({ node, path }) => {
      const value = node.value as Node;
      if (value.type === 'ObjectExpression' && !hasType(value)) return [];
      if (value.type !== 'ArrayExpression') {
        return [without(source, node, `${wordsOf(path)}: action dropped`)];
      }
      return membersOf(value).map((member, index) =>
        without(source, member, `${wordsOf([...path, String(index)])}: action dropped`),
      );
    });

const hasType = (node: Node) => membersOf(node).some((member) => nameOf(member.key as Node) === 'type');

/** Each guard, inverted. */
export const invertGuards: Operator = (source, tree) =>
  nodes(tree)
    .filter((one) => isProperty(one, ['guards']))
    .flatMap(({ node }) => membersOf(node.value as Node))
    .flatMap((guard) => {
      const body = (guard.value as Node).body as Node;
      const text = `!(${source.slice(body.start, body.end)})`;
      return [
        { what: `guards.${nameOf(guard.key as Node)}: inverted`, start: body.start, end: body.end, text },
      ];
    });

/** Each delay, ten times as long and a tenth. */
export const changeDelays: Operator = (source, tree) =>
  nodes(tree)
    .filter(
      ({ node }) => node.type === 'VariableDeclarator' && /_LIMITS$/.test(nameOf(node.id as Node) ?? ''),
    )
    .flatMap(({ node }) => [...visit(node)])
    .filter(({ node }) => node.type === 'NumericLiteral')
    .flatMap(({ node: { start, end }, path }) =>
      [
        ['* 10', 'ten times as long'],
        ['/ 10', 'a tenth as long'],
      ].map(([factor, words]) => ({
        what: `${path.at(-1)}: ${words}`,
        start,
        end,
        text: `(${source.slice(start, end)} ${factor})`,
      })),
    );

/** Each check that returns or throws at once, never made. */
export const loosenChecks: Operator = (source, tree) =>
  nodes(tree)
    .filter(({ node }) => node.type === 'IfStatement' && leaves(node.consequent as Node))
    .map(({ node, path }) => {
      const { start, end } = node.test as Node;
      const words = source.slice(start, end).replaceAll(/\s+/g, ' ');
      return { what: `${wordsOf(path)}, if (${words}): never`, start, end, text: 'false' };
    });

const LEAVING = ['ReturnStatement', 'ThrowStatement'];

function leaves(node: Node): boolean {
  if (LEAVING.includes(node.type)) return true;
  const [first, ...more] = (node.type === 'BlockStatement' ? node.body : []) as Node[];
  return first !== undefined && more.length === 0 && LEAVING.includes(first.type);
}

/** Each rule of a list of rules, left out. */
export const dropRules: Operator = (source, tree) =>
  nodes(tree)
    .filter(({ node }) => node.type === 'VariableDeclarator' && nameOf(node.id as Node) === 'RULES')
    .flatMap(({ node, path }) =>
      membersOf(unwrapped(node.init as Node))
        .slice(1)
        .map((rule, index) => without(source, rule, `${wordsOf(path)}.${index + 1}: left out`)),
    );

const unwrapped = (node: Node): Node =>
  node.type.startsWith('TS') ? unwrapped(node.expression as Node) : node;
