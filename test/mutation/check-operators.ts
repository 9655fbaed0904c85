/** Mutations of checks: a check is omitted, completely or in part. */
import {
  type Change,
  isProperty,
  membersOf,
  nodes,
  type Operator,
  oneLine,
  textOf,
  unwrapped,
  without,
  wordsOf,
} from './operator.ts';
import { type Node, nameOf } from './syntax.ts';

/** Omits each check that returns early. */
export const loosenChecks: Operator = (source, tree) =>
  nodes(tree)
    .filter(({ node }) => node.type === 'IfStatement' && leaves(node.consequent as Node))
    .map(({ node, path }) => {
      const { start, end } = node.test as Node;
      const words = oneLine(source.slice(start, end));
      return { what: `${wordsOf(path)}, if (${words}): never`, start, end, text: 'false' };
    });

const LEAVING = ['ReturnStatement', 'ThrowStatement', 'BreakStatement', 'ContinueStatement'];

function leaves(node: Node): boolean {
  if (LEAVING.includes(node.type)) return true;
  const [first, ...more] = (node.type === 'BlockStatement' ? node.body : []) as Node[];
  return first !== undefined && more.length === 0 && LEAVING.includes(first.type);
}

/** Omits each side of `??`, `||` and `&&`, except where an `if` only adds an action. */
export const dropSides: Operator = (source, tree) => {
  const found = nodes(tree);
  const aside = found
    .filter(({ node }) => node.type === 'IfStatement' && !leaves(node.consequent as Node))
    .map(({ node }) => node.test as Node);
  return found
    .filter(({ node, parent }) => isLogical(node) && !(parent && isLogical(parent, node.operator)))
    .filter(({ node }) => !aside.some(({ start, end }) => node.start >= start && node.end <= end))
    .flatMap(({ node, path }) => {
      const sides = sidesOf(node, node.operator as string).map((side) => textBetween(source, side));
      return sides.map((side, index): Change => {
        const kept = sides.toSpliced(index, 1).map((text) => `(${text})`);
        const what = `${wordsOf(path)}, ${textOf(source, node)}: without ${oneLine(side)}`;
        return { what, start: node.start, end: node.end, text: `(${kept.join(` ${node.operator} `)})` };
      });
    });
};

const isLogical = (node: Node, operator = node.operator) =>
  node.type === 'LogicalExpression' && node.operator === operator;
const textBetween = (source: string, { start, end }: Node) => source.slice(start, end);

function sidesOf(node: Node, operator: string): Node[] {
  if (!isLogical(node, operator)) return [node];
  return [node.left as Node, node.right as Node].flatMap((side) => sidesOf(side, operator));
}

/** Makes each choice of `a ? b : c` always the same. */
export const fixChoices: Operator = (source, tree) =>
  nodes(tree)
    .filter(({ node }) => node.type === 'ConditionalExpression')
    .flatMap(({ node, path }) => {
      const { start, end } = node.test as Node;
      const what = `${wordsOf(path)}, ${textOf(source, node.test as Node)} ?`;
      return ['true', 'false'].map((text) => ({ what: `${what}: always ${text}`, start, end, text }));
    });

/** Omits the optional parts of a command: its own rules, and its permission. */
export const dropRulesOfCommand: Operator = (source, tree) =>
  nodes(tree)
    .filter((one) => isProperty(one, ['rules', 'permit']))
    .map(({ node, path }) => without(source, node, `${wordsOf(path)}: left out`));

/** Omits each rule of a list of rules. */
export const dropRules: Operator = (source, tree) =>
  nodes(tree)
    .filter(({ node }) => node.type === 'VariableDeclarator' && nameOf(node.id as Node) === 'RULES')
    .flatMap(({ node, path }) =>
      membersOf(unwrapped(node.init as Node))
        .slice(1)
        .map((rule, index) => without(source, rule, `${wordsOf(path)}.${index + 1}: left out`)),
    );
