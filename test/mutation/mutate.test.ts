import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { testFolder } from '../support/folder.ts';
import { jailed } from '../support/jail.ts';
import { jailedTests } from './jail.ts';
import { apply, type Mutation, nameOf } from './mutation.ts';
import { planned } from './plan.ts';
import { runMutations } from './run-mutations.ts';
import { SURVIVORS } from './survivors.ts';
import { treeOf } from './syntax.ts';

const PROJECT = join(import.meta.dirname, '..', '..');
const skip = process.getuid?.() !== 0 && 'the jail is for root';

test('`jailedTests` lets a mutant write only to its copy and its own /tmp, and its daemons only to their directory', {
  skip,
}, (t) => {
  const folder = testFolder(t);
  const outside = join(testFolder(t), 'outside');
  const place = { tree: join(folder, 'tree'), tmp: join(folder, 'tmp') };
  for (const path of [place.tmp, join(place.tree, 'node_modules')]) mkdirSync(path, { recursive: true });
  const inner = jailed('/tmp/d', [
    '/bin/sh',
    '-c',
    `echo 3 > /tmp/d/3; echo 4 > /tmp/4; echo 5 > ${place.tree}/5`,
  ]);
  const script = `echo 1 > ${place.tree}/1; echo 2 > /tmp/2; mkdir /tmp/d; ${inner.map((word) => `'${word}'`).join(' ')}
    echo x > ${outside}; echo x > ${PROJECT}/written; echo x > ${place.tree}/node_modules/written; readlink /proc/self/ns/pid`;
  const [file, ...words] = jailedTests(place, PROJECT, ['/bin/sh', '-c', script]) as [string, ...string[]];
  const { stdout, stderr } = spawnSync(file, words, { encoding: 'utf8' });
  const written = (path: string) => existsSync(path) && readFileSync(path, 'utf8').trim();
  assert.deepEqual(
    [join(place.tree, '1'), join(place.tmp, '2'), join(place.tmp, 'd', '3')].map(written),
    ['1', '2', '3'],
    stderr,
  );
  const kept = [join(place.tmp, '4'), join(place.tree, '5'), outside, join(PROJECT, 'written')];
  assert.deepEqual(kept.filter(existsSync), []);
  assert.ok(!existsSync(join(PROJECT, 'node_modules', 'written')));
  assert.match(stderr, /Read-only file system/);
  assert.match(stdout, /^pid:\[\d+\]\n$/);
  assert.notEqual(stdout.trim(), readlinkSync('/proc/self/ns/pid'), 'no process outside can be signalled');
});

test('every mutation has a unique name and leaves a valid program, and all known survivors exist', () => {
  const all = planned().map(({ mutation }) => mutation);
  const names = all.map(nameOf);
  assert.ok(names.length >= 40, `${names.length}`);
  assert.equal(new Set(names).size, names.length);
  for (const mutation of all) treeOf(apply(readFileSync(join(PROJECT, mutation.file), 'utf8'), mutation));
  assert.deepEqual(
    Object.keys(SURVIVORS).filter((name) => !names.includes(name)),
    [],
  );
});

test('`runMutations` names the test that caught a mutation, and lists an unnoticed one as a survivor', {
  skip,
}, async () => {
  const tests = ['test/machines/daemon/machine.test.ts'];
  const named = (name: string) =>
    planned().find(({ mutation }) => nameOf(mutation) === name)?.mutation as Mutation;
  const file = 'src/machines/daemon/machine.ts';
  const start = readFileSync(join(PROJECT, file), 'utf8').indexOf('Nothing is served yet.');
  const harmless = { file, what: 'another word', start, end: start + 7, text: 'None' };
  const mistakes = [
    named('machines/daemon/machine.ts starting.on.daemon.stop: transition deleted'),
    named('machines/daemon/machine.ts serving.draining.on.daemon.stop.actions: action dropped'),
    harmless,
  ];
  const { verdicts, survivors } = await runMutations({
    plan: mistakes.map((mutation) => ({ mutation, tests })),
  });
  assert.deepEqual(
    verdicts.map(({ caughtBy }) => caughtBy?.split(': ')[1]),
    [
      '`daemonMachine` stops after a signal during the start',
      '`daemonMachine` ends at once with exit code 1 after a second signal',
      undefined,
    ],
  );
  assert.deepEqual(survivors, ['machines/daemon/machine.ts another word']);
});
