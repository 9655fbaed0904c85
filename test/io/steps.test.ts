import assert from 'node:assert/strict';
import { closeSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type AnyActorLogic, createActor, type InputFrom, type OutputFrom, toPromise } from 'xstate';
import { checkPlaces } from '../../src/actors/check-places.ts';
import { finishStep } from '../../src/actors/finish-step.ts';
import { inspectEffect } from '../../src/actors/inspect-effect.ts';
import { type Prepared, prepareStep } from '../../src/actors/prepare-step.ts';
import { writeReply } from '../../src/actors/write-reply.ts';
import type { Step } from '../../src/commands/command.ts';
import type { Launch } from '../../src/io/child.ts';
import { testFolder } from '../support/folder.ts';
import { socketPair } from '../support/socket-pair.ts';

/** One actor by itself, to its end. */
const run = <L extends AnyActorLogic>(logic: L, input: InputFrom<L>): Promise<OutputFrom<L>> =>
  toPromise(createActor(logic, { input } as never).start()) as Promise<OutputFrom<L>>;

const remove = (...paths: string[]): Step => ({ do: 'remove', paths });
const NOTHING_OWNED = { ownFiles: [] };

function replacement(t: TestContext) {
  const folder = testFolder(t);
  const step: Step = {
    do: 'replace',
    target: join(folder, 'crontab'),
    staged: join(folder, 'staged'),
    content: '',
  };
  writeFileSync(step.staged, '');
  return { folder, step };
}

test('what was staged for nothing goes, and nothing else does', async (t) => {
  const failed = replacement(t);
  await run(finishStep, { step: failed.step, succeeded: false });
  assert.deepEqual(readdirSync(failed.folder), []);
  const succeeded = replacement(t);
  await run(finishStep, { step: succeeded.step, succeeded: true });
  assert.deepEqual(readdirSync(succeeded.folder), ['staged']);
});

test('nothing is started to remove what is not there', async (t) => {
  const root = testFolder(t);
  const step = remove(join(root, 'none', 'b1'), join(root, 'none', 'b2'));
  assert.deepEqual(await run(prepareStep, { step, from: 0, roots: [root], ...NOTHING_OWNED }), {
    launch: undefined,
    next: undefined,
  });
});

test('a long removal is started in parts, since to hand many names to a child keeps clients waiting', async (t) => {
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

test('a removal is in place without the folder above it, too, and not while one is left', async (t) => {
  const root = testFolder(t);
  const step = remove(join(root, 'none', 'b1'), join(root, 'b2'));
  assert.deepEqual(await run(inspectEffect, { step, roots: [root] }), { inPlace: true, detail: '' });
  mkdirSync(join(root, 'b2'));
  const { inPlace, detail } = await run(inspectEffect, { step, roots: [root] });
  assert.deepEqual([inPlace, detail], [false, `1 of 2 still there, the first is ${join(root, 'b2')}`]);
});

test('a folder that cannot be opened is no reason to refuse: the removal itself tells why', async (t) => {
  const root = testFolder(t);
  const step = remove(join(root, 'x'.repeat(300), 'b1'));
  const input = { step, roots: [root], ...NOTHING_OWNED };
  assert.equal(await run(checkPlaces, input), undefined);
  await assert.rejects(run(prepareStep, { ...input, from: 0 }), /ENAMETOOLONG/);
});

test('a mistake of the daemon itself is not told as a refusal', async (t) => {
  const step = remove(join(testFolder(t), 'b1'));
  const mistaken = () => {
    throw new RangeError('of the test');
  };
  const roots = Object.assign(['/r'], { toSorted: mistaken });
  await assert.rejects(run(checkPlaces, { step, roots, ...NOTHING_OWNED }), RangeError);
});

test('a reply counts as delivered if the client was there to have it', async (t) => {
  const reply = { code: 202, status: 'Accepted', id: 'x' } as const;
  const there = await socketPair(t);
  there.client.resume();
  assert.equal(await run(writeReply, { socket: there.ours, reply, linger: false }), true);
  const gone = await socketPair(t);
  gone.ours.destroy();
  assert.equal(await run(writeReply, { socket: gone.ours, reply, linger: false }), false);
});
