/** Mutations of machines. */
import { isProperty, membersOf, nodes, type Operator, without, wordsOf } from './operator.ts';
import { type Node, nameOf, visit } from './syntax.ts';

/** Deletes each transition of a machine: of an event, of a delay, at once, of a completion and of a failure. */
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

/** Drops each entry action, and each action of a transition. */
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

/** Inverts each guard. */
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

/** Makes each delay ten times as long, and a tenth as long. */
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
