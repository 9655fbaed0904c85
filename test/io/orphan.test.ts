import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createActor, setup } from 'xstate';
import { awaitOrphan } from '../../src/actors/await-orphan.ts';
import type { Step } from '../../src/commands/command.ts';
import { identityOf, isAlive, type ProcessIdentity } from '../../src/io/process-identity.ts';
import { testFolder } from '../support/folder.ts';
import { until } from '../support/until.ts';

const WAITS = 'process.stdin.resume()';

/** A program that waits; its words begin with `argv0`, and its descriptor 3 is `folder`. */
async function stand(t: TestContext, argv0: string, operands: readonly string[], folder: string) {
  const fd = openSync(folder, 'r');
  const child = spawn(process.execPath, ['-e', WAITS, ...operands], {
    argv0,
    stdio: ['pipe', 'ignore', 'ignore', fd],
  });
  closeSync(fd);
  t.after(() => child.kill('SIGKILL'));
  await new Promise((resolve) => child.once('spawn', resolve));
  const ended = new Promise((resolve) => child.once('close', resolve));
  const end = () => {
    child.stdin?.end();
    return ended;
  };
  return { pid: child.pid as number, end };
}

/** What the actor says of the child that was written down, and of whoever carries out `step`. */
function watch(t: TestContext, child: ProcessIdentity | undefined, step: Step): string[] {
  const said: string[] = [];
  const parent = setup({ actors: { awaitOrphan } }).createMachine({
    invoke: { src: 'awaitOrphan', input: { child, step } },
    on: { '*': { actions: ({ event }) => void said.push(event.type) } },
  });
  const actor = createActor(parent).start();
  t.after(() => actor.stop());
  return said;
}

test('a process is told apart from another that gets its pid, and one that has ended does not live', async (t) => {
  const { pid, end } = await stand(t, 'x', [], testFolder(t));
  const identity = identityOf(pid) as ProcessIdentity;
  assert.ok(isAlive(identity));
  assert.ok(!isAlive({ ...identity, start: '1' }));
  assert.ok(!isAlive({ ...identity, bootId: 'another' }));
  await end();
  assert.ok(!isAlive(identity));
  assert.equal(identityOf(2 ** 22 + 1), undefined);
});

test('a child that was written down is awaited to its end', async (t) => {
  const { pid, end } = await stand(t, 'x', [], testFolder(t));
  const said = watch(t, identityOf(pid), { do: 'remove', paths: ['/none'] });
  assert.deepEqual(said, ['orphan.found']);
  await end();
  await until('its end to be noticed', () => said.includes('orphan.gone'));
});

test('one that nobody had time to write down is known by its words and by where it works', async (t) => {
  const folder = testFolder(t);
  const [backups, elsewhere] = [join(folder, 'backups'), join(folder, 'elsewhere')];
  mkdirSync(backups);
  mkdirSync(elsewhere);
  const remove = (path: string): Step => ({ do: 'remove', paths: ['/none', path] });
  const rm = await stand(t, '/bin/rm', ['/proc/self/fd/3/b1'], backups);
  assert.deepEqual(watch(t, undefined, remove(join(backups, 'b2'))), ['orphan.gone']);
  assert.deepEqual(watch(t, undefined, remove(join(elsewhere, 'b1'))), ['orphan.gone']);
  const gone: ProcessIdentity = { pid: 1, start: '', bootId: '' };
  const said = watch(t, gone, remove(join(backups, 'b1')));
  assert.deepEqual(said, ['orphan.found']);
  await rm.end();
  await until('its end to be noticed', () => said.includes('orphan.gone'));
});

test("another's program is not ours, whatever it works on, nor an rm of the operator's", async (t) => {
  const folder = testFolder(t);
  await stand(t, '/bin/cat', ['/proc/self/fd/3/b1'], folder);
  await stand(t, '/bin/rm', ['-rf', 'b1'], folder);
  const step: Step = { do: 'remove', paths: [join(folder, 'b1')] };
  assert.deepEqual(watch(t, undefined, step), ['orphan.gone']);
});

test('a plan without a step has no child', (t) => {
  const parent = setup({ actors: { awaitOrphan } }).createMachine({
    invoke: { src: 'awaitOrphan', input: { child: undefined, step: undefined } },
    initial: 'waiting',
    states: { waiting: { on: { 'orphan.gone': 'gone' } }, gone: {} },
  });
  const actor = createActor(parent).start();
  t.after(() => actor.stop());
  assert.equal(actor.getSnapshot().value, 'gone');
});
