import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as checks from './check-operators.ts';
import { dropEffects, dropStandIns } from './effect-operators.ts';
import * as machines from './machine-operators.ts';
import { apply, type Mutation } from './mutation.ts';
import type { Operator } from './operator.ts';
import { retarget } from './retarget.ts';
import { treeOf } from './syntax.ts';

/** Returns the words of an operator's changes, and the source after each. */
function made(operator: Operator, source: string) {
  const changes = operator(source, treeOf(source));
  const texts = changes.map((change) => apply(source, { file: '', ...change } as Mutation));
  for (const text of texts) treeOf(text);
  return { words: changes.map(({ what }) => what), texts };
}

const MACHINE = `
const TEST_LIMITS = { WAIT: 100 } as const;
export const testMachine = s.createMachine({
  id: 'test',
  states: {
    a: {
      entry: 'greet',
      on: { 'go.on': 'b', back: { target: 'c', actions: ['tell', 'count'] } },
      invoke: { src: 'work', onDone: [{ guard: 'isGood', target: 'b' }, { target: 'c' }], onError: 'c' },
      after: { WAIT: 'b' },
    },
    b: { on: { stop: '#test.c', ask: '.e', leave: '#other.x', give: '#other.y' }, states: { d: {}, e: {} } },
    c: {},
  },
});
const made = setup({ guards: { isGood: ({ context }) => context.good } });
`;

test('machine-operators.ts deletes transitions, drops actions, inverts guards and changes delays', () => {
  const found = (operator: Operator) => made(operator, MACHINE).words;
  assert.deepEqual(found(machines.deleteTransitions), [
    'a.on.go.on: transition deleted',
    'a.on.back: transition deleted',
    'a.after.WAIT: transition deleted',
    'b.on.stop: transition deleted',
    'b.on.ask: transition deleted',
    'b.on.leave: transition deleted',
    'b.on.give: transition deleted',
    'a.invoke.onDone.0: transition deleted',
    'a.invoke.onDone.1: transition deleted',
    'a.invoke.onError: transition deleted',
  ]);
  assert.deepEqual(found(machines.dropActions), [
    'a.entry: action dropped',
    'a.on.back.actions.0: action dropped',
    'a.on.back.actions.1: action dropped',
  ]);
  assert.deepEqual(found(machines.invertGuards), ['guards.isGood: inverted']);
  assert.deepEqual(found(machines.changeDelays), ['WAIT: ten times as long', 'WAIT: a tenth as long']);
  assert.match(made(machines.invertGuards, MACHINE).texts[0] ?? '', /isGood: .* => !\(context\.good\)/);
});

test('`retarget` leads a transition to the sibling of its target, never back, or to another named state of the other file', () => {
  const { words, texts } = made(retarget, MACHINE);
  assert.deepEqual(words, [
    'a.on.go.on: to c instead of b',
    'a.on.back: to b instead of c',
    'a.invoke.onDone.0: to c instead of b',
    'a.invoke.onDone.1: to b instead of c',
    'a.invoke.onError: to b instead of c',
    'a.after.WAIT: to c instead of b',
    'b.on.stop: to #test.a instead of #test.c',
    'b.on.ask: to .d instead of .e',
    'b.on.leave: to #other.y instead of #other.x',
    'b.on.give: to #other.x instead of #other.y',
  ]);
  assert.match(texts[7] ?? '', /ask: '\.d',/);
});

const CHECKS = `
const RULES = [one, two];
function check(value: string) {
  if (value === '') return 'empty';
  if (value === 'x' && value !== 'y') doSomething();
  return odd(value) ?? wrong(value) ?? (value.length > 9 ? 'long' : undefined);
}
const command = { rules: (args) => odd(args) || wrong(args), permit: refuse, plan };
`;

test('check-operators.ts omits a check, a part of it or a choice, and the rules and the permission of a command', () => {
  const found = (operator: Operator) => made(operator, CHECKS).words;
  assert.deepEqual(found(checks.loosenChecks), ["check, if (value === ''): never"]);
  assert.deepEqual(found(checks.dropRules), ['RULES.1: left out']);
  assert.deepEqual(found(checks.dropRulesOfCommand), ['command.rules: left out', 'command.permit: left out']);
  assert.deepEqual(found(checks.fixChoices), [
    'check, value.length > 9 ?: always true',
    'check, value.length > 9 ?: always false',
  ]);
  const { words, texts } = made(checks.dropSides, CHECKS);
  assert.deepEqual(
    words.map((what) => what.replace(/, .*: without /, ': without ')),
    [
      'check: without odd(value)',
      'check: without wrong(value)',
      "check: without value.length > 9 ? 'long' : undefined",
      'command.rules: without odd(args)',
      'command.rules: without wrong(args)',
    ],
  );
  assert.match(
    texts[1] ?? '',
    /return \(\(odd\(value\)\) \?\? \(value\.length > 9 \? 'long' : undefined\)\);/,
  );
});

const EFFECTS = `
const actor = fromCallback(({ sendBack }) => {
  faultPoint('here');
  if (ready) open();
  count++;
  const done = () => sendBack({ type: 'done' });
  switch (kind) {
    case 'a':
      return (sendBack as Send)({ type: 'a' });
  }
});
const shadow = machine.provide({ actors: { work: nothing, look: blind } });
`;

test('effect-operators.ts omits an effect, and the replacement of an actor', () => {
  const { words, texts } = made(dropEffects, EFFECTS);
  assert.deepEqual(words, [
    'actor, open();: left out',
    'actor, count++;: left out',
    "actor.done, sendBack({ type: 'done' }): left out",
    "actor, (sendBack as Send)({ type: 'a' }): left out",
  ]);
  assert.match(texts[0] ?? '', /if \(ready\) ;/);
  assert.match(texts[2] ?? '', /=> undefined;/);
  assert.deepEqual(made(dropStandIns, EFFECTS).words, [
    'shadow.actors.work: left out',
    'shadow.actors.look: left out',
  ]);
});
