import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createActor, fromPromise, waitFor } from 'xstate';
import type { RecordEndInput } from '../../../src/actors/process/persist.ts';
import { SHADOW_OUTPUT } from '../../../src/actors/process/shadow.ts';
import type { Outcome, Transition } from '../../../src/io/store/records.ts';
import { processMachine } from '../../../src/machines/process/machine.ts';
import { shadowProcessMachine } from '../../../src/machines/process/shadow.ts';
import { failOnWarnings } from '../../support/no-warnings.ts';
import { LEFT, processInput } from '../../support/process.ts';
import { replaceStep } from '../../support/replace-step.ts';

failOnWarnings();

/** No machine is this slow. A process that waits for ever fails with this timeout. */
const PATIENCE = { timeout: 60_000 };
const SOURCE = join(import.meta.dirname, '..', '..', '..', 'src');

test('`shadowProcessMachine` replaces every actor with an effect, and keeps those that record', () => {
  const [real, shadow] = [processMachine, shadowProcessMachine].map(
    ({ implementations }) => implementations.actors,
  );
  assert.deepEqual(Object.keys(shadow as object), Object.keys(real as object));
  const kept = Object.entries(shadow as object).filter(([name, logic]) => (real as never)[name] === logic);
  assert.deepEqual(
    kept.map(([name]) => name),
    ['recordAccepted', 'recordRecovered', 'recordStart', 'recordEnd'],
  );
  const text = readFileSync(join(SOURCE, 'actors/process/shadow.ts'), 'utf8');
  const imports = [...text.matchAll(/^import (type )?.* from '([^']+)'/gm)];
  const valued = imports.flatMap(([, type, from]) => (type === undefined ? [from] : []));
  assert.deepEqual(valued, ['xstate']);
});

/** The machine in shadow mode, with its record in memory. */
function shadow(input: Parameters<typeof processInput>[0]) {
  const ends: { transition: Transition; outcome: Outcome }[] = [];
  const machine = shadowProcessMachine.provide({
    actions: { announce: () => {}, queue: () => {}, begin: () => {}, answer: () => {} },
    actors: {
      recordAccepted: fromPromise(async () => 1),
      recordRecovered: fromPromise(async () => {}),
      recordStart: fromPromise(async () => {}),
      recordEnd: fromPromise<void, RecordEndInput>(async ({ input: end }) => void ends.push(end)),
    },
  });
  const actor = createActor(machine, { input: processInput(input) }).start();
  return { actor, ends };
}

test('`shadowProcessMachine` ends each kind of step as a success whose output says that nothing was done', async () => {
  const steps = [
    { do: 'remove', paths: ['/r/b1'] },
    replaceStep('/c'),
    { do: 'execute', file: '/bin/false', args: [] },
    undefined,
  ] as const;
  for (const step of steps) {
    const plan = { ...processInput().plan, step };
    const { actor, ends } = shadow({ plan });
    await waitFor(actor, (snapshot) => snapshot.matches({ pending: 'waiting' }), PATIENCE);
    actor.send({ type: 'process.admitted' });
    await waitFor(actor, ({ status }) => status === 'done', PATIENCE);
    assert.deepEqual(
      ends.map(({ outcome }) => [outcome.code, outcome.stdout, outcome.stderr]),
      [[0, SHADOW_OUTPUT, '']],
    );
  }
});

test('`shadowProcessMachine` fails a process that a shadow left unfinished, and does not search for its child', async () => {
  const { actor, ends } = shadow({ recovered: { ...LEFT, state: 'running' } });
  await waitFor(actor, ({ status }) => status === 'done', PATIENCE);
  assert.equal(ends[0]?.outcome.code, -1);
  assert.match(ends[0]?.outcome.stderr ?? '', /interrupted .*shadow mode/);
});
