import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createActor, setup } from 'xstate';
import { awaitOrphan } from '../../../src/actors/process/await-orphan.ts';
import { renamingArguments } from '../../../src/actors/process/steps/programs.ts';
import type { Step } from '../../../src/commands/command.ts';
import { identityOf, isAlive, type ProcessIdentity } from '../../../src/io/child/identity.ts';
import { openPipe } from '../../../src/io/child/spawn.ts';
import { testFolder } from '../../support/folder.ts';
import { replaceStep } from '../../support/replace-step.ts';
import { until } from '../../support/until.ts';

const OPTIONS = ['-rf', '--one-file-system', '--preserve-root=all', '--'];
/** `rm` reports an error for such a name, and for no other missing name. */
const LONG = 'x'.repeat(300);

const isRoot = process.getuid?.() === 0;

interface Standing {
  readonly pid: number;
  readonly args: readonly string[];
  readonly identity: ProcessIdentity;
  readonly end: () => Promise<unknown>;
}

/** Starts a program that blocks at its first error message, since its stderr is a full pipe. Its file descriptor 3 is
 * `directory`. */
async function stand(
  t: TestContext,
  file: string,
  args: readonly string[],
  directory: string,
  uid?: number,
): Promise<Standing> {
  const stderr = fullPipe();
  const fd = openSync(directory, constants.O_RDONLY);
  const child = spawn(file, args, {
    stdio: ['ignore', 'ignore', stderr.write, fd],
    ...(uid === undefined ? {} : { uid }),
  });
  for (const ours of [fd, stderr.write]) closeSync(ours);
  t.after(() => child.kill('SIGKILL'));
  const ended = new Promise((resolve) => child.once('close', resolve));
  await new Promise((resolve) => child.once('spawn', resolve));
  const pid = child.pid as number;
  return {
    pid,
    args,
    identity: identityOf(pid) as ProcessIdentity,
    end: () => {
      closeSync(stderr.read);
      return ended;
    },
  };
}

function fullPipe() {
  const pipe = openPipe();
  const filling = openSync(`/proc/self/fd/${pipe.write}`, constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    for (;;) writeSync(filling, Buffer.alloc(4_096));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
  } finally {
    closeSync(filling);
  }
  return pipe;
}

const remover = (t: TestContext, names: readonly string[], directory: string, uid?: number) =>
  stand(t, '/bin/rm', [...OPTIONS, ...names.map((name) => `/proc/self/fd/3/${name}`)], directory, uid);

const remove = (...paths: string[]): Step => ({ do: 'remove', paths });

const HOUR_MS = 3_600_000;

/** Returns the events of the actor for a recorded child, and for a child that carries out `step`. */
function watch(
  t: TestContext,
  child: ProcessIdentity | undefined,
  step: Step | undefined,
  acceptedAt = new Date(),
): string[] {
  const said: string[] = [];
  const parent = setup({ actors: { awaitOrphan } }).createMachine({
    invoke: { src: 'awaitOrphan', input: { child, step, acceptedAt } },
    on: { '*': { actions: ({ event }) => void said.push(event.type) } },
  });
  const actor = createActor(parent).start();
  t.after(() => actor.stop());
  return said;
}

test('`isAlive` distinguishes a process from a later one with the same pid, and from one that has ended', async (t) => {
  const { pid, identity, end } = await remover(t, [LONG], testFolder(t));
  assert.ok(isAlive(identity));
  assert.ok(!isAlive({ ...identity, start: '1' }));
  assert.ok(!isAlive({ ...identity, bootId: 'another' }));
  await end();
  assert.ok(!isAlive(identity));
  assert.equal(identityOf(2 ** 22 + 1), undefined);
  assert.ok(pid > 1);
});

test('`awaitOrphan` waits for a recorded child until its end', async (t) => {
  const folder = testFolder(t);
  const rm = await remover(t, [LONG], folder);
  const said = watch(t, rm.identity, remove(join(folder, LONG), '/none'));
  assert.deepEqual(said, ['orphan.found']);
  await rm.end();
  await until('its end to be noticed', () => said.includes('orphan.gone'));
});

test('`awaitOrphan` does not wait for a recorded process that the plan would not have started', async (t) => {
  const folder = testFolder(t);
  const rm = await remover(t, [LONG, 'b1'], folder);
  const of = (pid: number) => identityOf(pid) as ProcessIdentity;
  const path = join(folder, LONG);
  assert.deepEqual(watch(t, rm.identity, remove(path, join(folder, 'b1'))), ['orphan.found']);
  for (const [child, step] of [
    [of(1), remove(path)],
    [of(process.pid), remove(path)],
    [rm.identity, remove(path)],
    [rm.identity, remove(join(folder, 'b1'), join(folder, 'b2'))],
    [rm.identity, remove(join(folder, 'elsewhere', LONG), join(folder, 'elsewhere', 'b1'))],
    [rm.identity, replaceStep(folder)],
    [rm.identity, { do: 'execute', file: '/bin/rm', args: OPTIONS }],
    [rm.identity, { do: 'execute', file: '/bin/rm', args: [...rm.args, 'more'] }],
    [of(1), undefined],
    [of(process.pid), undefined],
    [undefined, undefined],
  ] as const) {
    assert.deepEqual(watch(t, child, step), ['orphan.gone'], JSON.stringify([child, step]).slice(0, 100));
  }
});

test('`awaitOrphan` waits for the recorded child of a request that is refused today, if a daemon started it', async (t) => {
  const folder = testFolder(t);
  const rm = await remover(t, [LONG, 'b1'], folder);
  const step = replaceStep(folder);
  const mv = await stand(t, '/bin/mv', renamingArguments(step.target, step.id), folder);
  for (const { identity } of [rm, mv]) assert.deepEqual(watch(t, identity, undefined), ['orphan.found']);
  const others = [
    await stand(t, '/bin/rm', [...OPTIONS, `/proc/self/fd/3/${LONG}`, join(folder, 'b1')], folder),
    await stand(t, '/bin/mv', ['-fT', '--', step.target, join(folder, 'other')], folder),
  ];
  for (const { identity } of others) assert.deepEqual(watch(t, identity, undefined), ['orphan.gone']);
});

test('`awaitOrphan` recognises an unrecorded child by its arguments and its directory', async (t) => {
  const folder = testFolder(t);
  const [backups, elsewhere] = [join(folder, 'backups'), join(folder, 'elsewhere')];
  mkdirSync(backups);
  mkdirSync(elsewhere);
  const rm = await remover(t, [LONG], backups);
  assert.deepEqual(watch(t, undefined, remove('/none', join(backups, 'b2'))), ['orphan.gone']);
  assert.deepEqual(watch(t, undefined, remove('/none', join(elsewhere, LONG))), ['orphan.gone']);
  // A long removal has many children, one after the other. The recorded one may have ended.
  const gone: ProcessIdentity = { pid: 1, start: '', bootId: '' };
  const said = watch(t, gone, remove('/none', join(backups, LONG)));
  assert.deepEqual(said, ['orphan.found']);
  await rm.end();
  await until('its end to be noticed', () => said.includes('orphan.gone'));
});

test('`awaitOrphan` takes no process that started before the command was accepted', async (t) => {
  const folder = testFolder(t);
  await remover(t, [LONG], folder);
  const step = remove(join(folder, LONG));
  assert.deepEqual(watch(t, undefined, step, new Date(Date.now() + HOUR_MS)), ['orphan.gone']);
  assert.deepEqual(watch(t, undefined, step, new Date(Date.now() - HOUR_MS)), ['orphan.found']);
  assert.deepEqual(watch(t, undefined, step, new Date(0)), ['orphan.found']);
});

test('`awaitOrphan` takes no process of another user, recorded or not', {
  skip: !isRoot && 'becomes another user',
}, async (t) => {
  const folder = testFolder(t);
  const rm = await remover(t, [LONG], folder, 12345);
  const step = remove(join(folder, LONG));
  for (const child of [rm.identity, undefined]) assert.deepEqual(watch(t, child, step), ['orphan.gone']);
});

test('`awaitOrphan` takes a `mv` by its exact arguments, in the directory of the file', async (t) => {
  const folder = testFolder(t);
  const step = replaceStep(folder);
  const words = renamingArguments(step.target, step.id);
  const mv = await stand(t, '/bin/mv', words, folder);
  assert.deepEqual(watch(t, mv.identity, step), ['orphan.found']);
  assert.deepEqual(watch(t, undefined, { ...step, id: 'y' }), ['orphan.gone']);
  assert.deepEqual(watch(t, mv.identity, { ...step, target: join(folder, 'other') }), ['orphan.gone']);
  renameSync(folder, `${folder}-moved`);
  assert.deepEqual(watch(t, mv.identity, step), ['orphan.gone'], 'another directory is there by now');
  renameSync(`${folder}-moved`, folder);
  const said = watch(t, undefined, step);
  assert.deepEqual(said, ['orphan.found']);
  await mv.end();
  await until('its end to be noticed', () => said.includes('orphan.gone'));
});

test('`awaitOrphan` takes neither another program on the same path nor the `rm` of an operator', async (t) => {
  const folder = testFolder(t);
  const operand = `/proc/self/fd/3/${LONG}`;
  const others = [
    await stand(t, '/bin/cat', [operand], folder),
    await stand(t, '/bin/rm', ['-rf', operand], folder),
    await stand(t, '/bin/rm', [...OPTIONS, join(folder, LONG)], folder),
    await stand(t, '/bin/rm', [...OPTIONS, `${operand}/${LONG}`], folder),
  ];
  const step = remove(join(folder, LONG));
  for (const { identity } of others) assert.deepEqual(watch(t, identity, step), ['orphan.gone']);
  assert.deepEqual(watch(t, undefined, step), ['orphan.gone']);
});

test('`awaitOrphan` finds no child for a plan without a step', (t) => {
  assert.deepEqual(watch(t, undefined, undefined), ['orphan.gone']);
});
