/** Mutations of effects: an effect is omitted. */
import {
  isProperty,
  membersOf,
  nodes,
  type Operator,
  textOf,
  unwrapped,
  without,
  wordsOf,
} from './operator.ts';
import { type Node, nameOf, type Visited } from './syntax.ts';

const DOING = ['CallExpression', 'OptionalCallExpression', 'AssignmentExpression', 'UpdateExpression'];
/** Functions that are called for their effects, also if their result is returned. */
const EFFECTS = ['send', 'sendBack', 'tell', 'accept', 'start', 'recover', 'end', 'unstageFile'];

/** Omits each statement that calls or writes, and each message that is sent. */
export const dropEffects: Operator = (source, tree) => {
  const found = nodes(tree).filter(({ path }) => !path.includes('constructor'));
  const statements = found.filter(({ node }) => node.type === 'ExpressionStatement' && does(node));
  const messages = found.filter(isMessage);
  return [...statements, ...messages].map(({ node, path }) => {
    const { start, end } = node;
    const what = `${wordsOf(path)}, ${textOf(source, node)}: left out`;
    return { what, start, end, text: node.type === 'ExpressionStatement' ? ';' : 'undefined' };
  });
};

/** Excludes fault points, which exist only for tests. */
function does(statement: Node): boolean {
  const made = statement.expression as Node;
  const call = made.type === 'AwaitExpression' ? (made.argument as Node) : made;
  return DOING.includes(call.type) && calledBy(call) !== 'faultPoint';
}

function isMessage({ node, parent }: Visited): boolean {
  if (!DOING.includes(node.type) || !EFFECTS.includes(calledBy(node) ?? '')) return false;
  return parent?.type === 'ArrowFunctionExpression' || parent?.type === 'ReturnStatement';
}

function calledBy({ callee }: Node): string | undefined {
  if (!callee) return undefined;
  const called = unwrapped(callee as Node);
  return nameOf((called.property as Node | undefined) ?? called);
}

/** Restores each actor that another one replaces. */
export const dropStandIns: Operator = (source, tree) =>
  nodes(tree)
    .filter((one) => isProperty(one, ['actors']))
    .flatMap(({ node, path }) =>
      membersOf(node.value as Node).map((member) =>
        without(source, member, `${wordsOf([...path, nameOf(member.key as Node) ?? ''])}: left out`),
      ),
    );
