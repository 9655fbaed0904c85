import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { type AnyActorLogic, createActor, type InputFrom, type OutputFrom, toPromise } from 'xstate';
import { checkPlaces } from '../../../../src/actors/connection/check-paths.ts';
import { writeReply } from '../../../../src/actors/connection/write-reply.ts';
import { finishStep } from '../../../../src/actors/process/steps/finish.ts';
import { inspectEffect } from '../../../../src/actors/process/steps/inspect-effect.ts';
import { type Prepared, prepareStep } from '../../../../src/actors/process/steps/prepare.ts';
import type { Step } from '../../../../src/commands/command.ts';
import type { Launch } from '../../../../src/io/child/child.ts';
import { testFolder } from '../../../support/folder.ts';
import { replaceStep } from '../../../support/replace-step.ts';
import { socketPair } from '../../../support/socket-pair.ts';

/** Runs one actor by itself to its end. */
const run = <L extends AnyActorLogic>(logic: L, input: InputFrom<L>): Promise<OutputFrom<L>> =>
  toPromise(createActor(logic, { input } as never).start()) as Promise<OutputFrom<L>>;

const remove = (...paths: string[]): Step => ({ do: 'remove', paths });
const NOTHING_OWNED = { ownFiles: [], unsafeRoots: [], nextSlice: turn };
const descriptors = () => readdirSync('/proc/self/fd').length;

/** Returns the number of turns that the event loop makes until `work` is done. */
async function turnsUntil(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const count = () => {
    if (isDone) return;
    turns++;
    setImmediate(count);
  };
  setImmediate(count);
  await work();
  isDone = true;
  return turns;
}

function replacement(t: TestContext) {
  const folder = testFolder(t);
  const step = replaceStep(folder, 'new\n');
  const staged = join(folder, '.dbcalm.x');
  return { folder, step, staged };
}

test('`finishStep` removes the staged file of a failed step, and nothing else', async (t) => {
  const { folder, step, staged } = replacement(t);
  for (const name of [staged, `${staged}x`, step.target]) writeFileSync(name, '');
  await run(finishStep, { step, succeeded: true });
  assert.deepEqual(readdirSync(folder).sort(), ['.dbcalm.x', '.dbcalm.xx', 'dbcalm']);
  await run(finishStep, { step, succeeded: false });
  assert.deepEqual(readdirSync(folder).sort(), ['.dbcalm.xx', 'dbcalm']);
  await run(finishStep, { step, succeeded: false });
});

test('`prepareStep` starts no child for paths that do not exist', async (t) => {
  const root = testFolder(t);
  const step = remove(join(root, 'none', 'b1'), join(root, 'none', 'b2'));
  assert.deepEqual(await run(prepareStep, { step, from: 0, roots: [root], ...NOTHING_OWNED }), {
    launch: undefined,
    next: undefined,
  });
});

test('`prepareStep` splits a long removal into parts of at most 128 KiB', async (t) => {
  const root = testFolder(t);
  const names = Array.from({ length: 10_000 }, (_, index) => `missing-${index}`);
  const step = remove(...names.map((name) => join(root, name)));
  const handed: string[] = [];
  for (let from: number | undefined = 0; from !== undefined; ) {
    const prepared: Prepared = await run(prepareStep, { step, from, roots: [root], ...NOTHING_OWNED });
    const { args, fds } = prepared.launch as Launch;
    for (const fd of fds) closeSync(fd);
    assert.ok(args.join('\0').length <= 128 * 1024);
    handed.push(...args.filter((arg) => arg.startsWith('/proc/')));
    from = prepared.next;
  }
  assert.deepEqual(
    handed,
    names.map((name) => `/proc/self/fd/3/${name}`),
  );
});

test('`prepareStep` stages the new file, and passes both names to the child', async (t) => {
  const { folder, step, staged } = replacement(t);
  const before = descriptors();
  const { launch, next } = await run(prepareStep, { step, from: 0, roots: [], ...NOTHING_OWNED });
  assert.equal(readFileSync(staged, 'utf8'), 'new\n');
  assert.ok(launch);
  const { file, args, fds, names } = launch;
  assert.deepEqual(
    [file, args],
    ['/bin/mv', ['-fT', '--', '/proc/self/fd/3/.dbcalm.x', '/proc/self/fd/3/dbcalm']],
  );
  assert.deepEqual(
    fds.map((fd) => readlinkSync(`/proc/self/fd/${fd}`)),
    [folder],
  );
  assert.deepEqual([...names], [['/proc/self/fd/3', folder]]);
  assert.equal(next, undefined);
  for (const fd of fds) closeSync(fd);
  assert.equal(descriptors(), before, 'nothing else stays open');
});

test('`prepareStep` touches nothing and keeps nothing open if the id is invalid or the directory is not safe', async (t) => {
  const { folder, step } = replacement(t);
  const before = descriptors();
  const prepare = (id: string) =>
    run(prepareStep, { step: { ...step, id }, from: 0, roots: [], ...NOTHING_OWNED });
  for (const id of ['../x', 'a/b', '..', '', 'a.b']) {
    await assert.rejects(prepare(id), { code: 'STAGING_FAILED', message: /is no id$/ });
    await assert.rejects(run(finishStep, { step: { ...step, id }, succeeded: false }), /is no id$/);
  }
  assert.deepEqual(readdirSync(folder), []);
  chmodSync(folder, 0o770);
  await assert.rejects(prepare('x'), { code: 'CRON_LOGS_UNSAFE' });
  mkdirSync(join(folder, 'safe'));
  chmodSync(folder, 0o1770);
  await assert.rejects(prepare('x'), { code: 'CRON_DIRECTORY_UNSAFE', message: /has mode 1770/ });
  await run(finishStep, { step, succeeded: false });
  assert.deepEqual(readdirSync(folder).sort(), ['log', 'safe']);
  chmodSync(folder, 0o700);
  mkdirSync(join(folder, '.dbcalm.x'));
  await assert.rejects(prepare('x'), { code: 'STAGING_FAILED', message: /EEXIST/ });
  assert.equal(descriptors(), before);
});

test('`prepareStep` ends a part after many missing directories in a row, and lets the event loop turn before the next', async (t) => {
  const root = testFolder(t);
  const paths = Array.from({ length: 600 }, (_, index) => join(root, `gone${index}`, 'x'));
  const step = remove(...paths);
  const input = { step, roots: [root], ...NOTHING_OWNED };
  assert.deepEqual(await run(prepareStep, { ...input, from: 0 }), { launch: undefined, next: 200 });
  let second: Prepared | undefined;
  const turns = await turnsUntil(async () => {
    second = await run(prepareStep, { ...input, from: 400 });
  });
  assert.ok(turns >= 1);
  assert.deepEqual(second, { launch: undefined, next: undefined });
  const again = remove(...paths.slice(0, 200), join(root, 'gone0', 'y'));
  assert.equal(
    (await run(prepareStep, { ...input, step: again, from: 0 })).next,
    undefined,
    'it is looked for once',
  );
});

test('`inspectEffect` finds a replacement in place if the file equals the content to the letter', async (t) => {
  const { folder, step } = replacement(t);
  const inspected = async () => (await run(inspectEffect, { step, roots: [] })).inPlace;
  assert.equal(await inspected(), false);
  writeFileSync(step.target, 'x');
  assert.equal(await inspected(), false);
  writeFileSync(step.target, step.content);
  const before = descriptors();
  assert.equal(await inspected(), true);
  renameSync(step.target, join(folder, 'other'));
  symlinkSync('other', step.target);
  assert.equal(await inspected(), false, 'a symlink is not followed');
  renameSync(join(folder, 'other'), step.target);
  chmodSync(folder, 0o777);
  assert.equal(await inspected(), false, 'a file that any user can have put there');
  assert.equal(descriptors(), before);
});

test('`inspectEffect` finds a removal in place also without the parent directory, and not while one path is left', async (t) => {
  const root = testFolder(t);
  const step = remove(join(root, 'none', 'b1'), join(root, 'b2'));
  assert.deepEqual(await run(inspectEffect, { step, roots: [root] }), { inPlace: true, detail: '' });
  mkdirSync(join(root, 'b2'));
  const before = descriptors();
  const { inPlace, detail } = await run(inspectEffect, { step, roots: [root] });
  assert.equal(descriptors(), before, 'nothing stays open');
  assert.deepEqual([inPlace, detail], [false, `1 of 2 still there, the first is ${join(root, 'b2')}`]);
});

test('`checkPlaces` accepts a directory that cannot be opened; `prepareStep` reports why', async (t) => {
  const root = testFolder(t);
  const step = remove(join(root, 'x'.repeat(300), 'b1'));
  const input = { step, roots: [root], ...NOTHING_OWNED };
  assert.equal(await run(checkPlaces, input), undefined);
  await assert.rejects(run(prepareStep, { ...input, from: 0 }), /ENAMETOOLONG/);
});

test('`checkPlaces` gives each kind of obstacle its own refusal, and keeps nothing open', async (t) => {
  const root = testFolder(t);
  mkdirSync(join(root, 'a'));
  symlinkSync(join(root, 'a'), join(root, 'link'));
  writeFileSync(join(root, 'a', 'db'), '');
  const check = (path: string) =>
    run(checkPlaces, {
      step: remove(join(root, path)),
      roots: [root],
      ownFiles: [join(root, 'a', 'db')],
      unsafeRoots: [],
      nextSlice: turn,
    });
  const before = descriptors();
  const refusals = [await check('link/x'), await check('a'), await check('a/db'), await check('a/x')];
  assert.deepEqual(
    refusals.map((refusal) => refusal && [refusal.code, refusal.security]),
    [[403, 'symlink.met'], [403, 'path.refused'], [403, 'path.refused'], undefined],
  );
  assert.equal(descriptors(), before);
});

test('`checkPlaces` looks at each directory once, and lets the event loop turn among thousands', async (t) => {
  const root = testFolder(t);
  const step = remove(...Array.from({ length: 2_000 }, (_, index) => join(root, `gone${index}`, 'x')));
  const look = () => run(checkPlaces, { step, roots: [root], ...NOTHING_OWNED });
  assert.ok((await turnsUntil(look)) >= 9);
});

test('`checkPlaces` does not report a programming error as a refusal', async (t) => {
  const step = remove(join(testFolder(t), 'b1'));
  const mistaken = () => {
    throw new RangeError('of the test');
  };
  const roots = Object.assign(['/r'], { toSorted: mistaken });
  await assert.rejects(run(checkPlaces, { step, roots, ...NOTHING_OWNED }), RangeError);
});

test('`writeReply` counts a reply as delivered if the client was still connected', {
  timeout: 60_000,
}, async (t) => {
  const reply = { code: 202, status: 'Accepted', id: 'x' } as const;
  const there = await socketPair(t);
  there.client.resume();
  assert.equal(await run(writeReply, { socket: there.ours, reply, linger: false }), true);
  const gone = await socketPair(t);
  gone.ours.destroy();
  assert.equal(await run(writeReply, { socket: gone.ours, reply, linger: false }), false);
});
