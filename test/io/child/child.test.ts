import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, readdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { DaemonError } from '../../../src/errors.ts';
import { type ChildEnd, type Launch, startChild } from '../../../src/io/child/child.ts';
import { type Exit, onExit } from '../../../src/io/child/exits.ts';
import { testFolder } from '../../support/folder.ts';

const MIB = 1_048_576;
/** Of libuv, unless it is told otherwise. */
const POOL_THREADS = Number(process.env.UV_THREADPOOL_SIZE ?? 4);
const plain = (file: string, ...args: string[]): Launch => ({ file, args, fds: [], names: new Map() });

function run(launch: Launch, limit = MIB): Promise<{ pid?: number; end?: ChildEnd; error?: DaemonError }> {
  return new Promise((resolve) => {
    let pid: number | undefined;
    startChild(launch, limit, {
      spawned: (found) => {
        pid = found.pid;
      },
      ended: (end) => resolve({ ...(pid === undefined ? {} : { pid }), end }),
      refused: (error) => resolve({ error }),
    });
  });
}

test('both streams and the code come back, and the environment is small and fixed', async () => {
  const { pid, end } = await run(plain('/bin/sh', '-c', 'echo out; echo err >&2; exit 7'));
  assert.ok((pid as number) > 1);
  assert.deepEqual(end, { code: 7, stdout: 'out\n', stderr: 'err\n' });
  const { end: environment } = await run(plain('/usr/bin/env'));
  // Node hands this one on by itself while coverage is measured.
  const own = environment?.stdout.replace(/^NODE_V8_COVERAGE=.*\n/m, '');
  assert.equal(own, 'PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLANG=C\n');
  assert.equal((await run(plain('/bin/pwd'))).end?.stdout, '/\n');
});

test('whatever keeps a program from starting is one refusal that says why', async () => {
  const cases: [Launch, RegExp][] = [
    [plain('/nowhere/x'), /\/nowhere\/x: spawn \/nowhere\/x ENOENT/],
    [plain('/etc'), /EACCES/],
    [plain('/bin/true', 'a\0b'), /null bytes/],
    [plain('/bin/true', 'x'.repeat(200_000)), /E2BIG/],
    [{ ...plain('/bin/true'), args: new Array(300_000).fill('x') }, /E2BIG/],
  ];
  for (const [launch, message] of cases) {
    const { error } = await run(launch);
    assert.equal(error?.code, 'CHILD_NOT_STARTED');
    assert.match(error?.message as string, message);
  }
});

test('a child that prints a gigabyte is read to its end and costs the bound alone', async () => {
  const before = process.memoryUsage().rss;
  const { end } = await run(plain('/usr/bin/head', '-c', '1073741824', '/dev/zero'));
  assert.equal(end?.code, 0);
  assert.match(end?.stdout.slice(MIB / 2, MIB / 2 + 60) as string, /… 1072693248 bytes left out …/);
  const grown = process.memoryUsage().rss - before;
  assert.ok(grown < 400 * MIB, `grown by ${grown} bytes`);
});

test('descriptors are handed over, closed here, and read as what they stand for', async () => {
  const before = readdirSync('/proc/self/fd').length;
  const fds = [openSync('/etc', 'r'), openSync('/usr', 'r')];
  const names = new Map([
    ['/proc/self/fd/3', '/the/first'],
    ['/proc/self/fd/4', '/the/second'],
  ]);
  const { end } = await run({
    file: '/bin/ls',
    args: ['/proc/self/fd/4/nothing', '/proc/self/fd/3/no'],
    fds,
    names,
  });
  assert.match(end?.stderr as string, /'\/the\/second\/nothing'/);
  assert.match(end?.stderr as string, /'\/the\/first\/no'/);
  assert.equal(readdirSync('/proc/self/fd').length, before);
  await run({ file: '/bin/true', args: ['a\0b'], fds: [openSync('/etc', 'r')], names: new Map() });
  assert.equal(readdirSync('/proc/self/fd').length, before);
});

test('as many descriptors as one removal may hold come in their order, whatever their numbers are here', async (t) => {
  const root = testFolder(t);
  const folders = Array.from({ length: 64 }, (_, index) => join(root, String(index)));
  for (const folder of folders) mkdirSync(folder);
  // Backwards, so that many a number is another's place.
  const fds = folders.map((folder) => openSync(folder, 'r')).reverse();
  const args = fds.map((_, index) => `/proc/self/fd/${index + 3}`);
  const { end } = await run({ file: '/usr/bin/readlink', args, fds, names: new Map() });
  assert.equal(end?.stdout, `${folders.toReversed().join('\n')}\n`);
});

test('a child inherits no descriptor, no ignored signal and no blocked one', async () => {
  const held = openSync('/etc', 'r');
  const descriptors = ['-c', 'ls /proc/$$/fd'];
  const { end } = await run(plain('/bin/sh', ...descriptors));
  const signals = await run(plain('/bin/grep', '-E', '^Sig(Blk|Ign)', '/proc/self/status'));
  closeSync(held);
  // As a child of Node's own: those that the test itself was started with.
  assert.equal(end?.stdout, spawnSync('/bin/sh', descriptors, { encoding: 'utf8' }).stdout);
  assert.match(end?.stdout as string, /^0\n1\n2\n/);
  assert.match(signals.end?.stdout as string, /^SigBlk:\t0{16}\nSigIgn:\t0{16}\n$/);
});

test('while a program is being loaded the loop goes on', async (t) => {
  const pipe = join(testFolder(t), 'pipe');
  execFileSync('mkfifo', [pipe]);
  // Until somebody writes to the pipe, they take up the whole pool: whatever is done there waits.
  const opened = Array.from({ length: POOL_THREADS }, () => open(pipe));
  let isStarted = false;
  const running = run(plain('/bin/true')).finally(() => {
    isStarted = true;
  });
  for (let turn = 0; turn < 1_000; turn++) await setImmediate();
  assert.equal(isStarted, false);
  const writer = openSync(pipe, constants.O_RDWR);
  for (const handle of await Promise.all(opened)) await handle.close();
  closeSync(writer);
  assert.equal((await running).end?.code, 0);
});

test('an end that somebody else heard of is no success', async () => {
  const exit = await new Promise<Exit>((resolve) => onExit(1, resolve));
  assert.deepEqual(exit, { code: 255, signal: 0 });
});

test('the ends of many children at once are all heard', async () => {
  const ends = await Promise.all(
    Array.from({ length: 250 }, (_, index) => run(plain('/bin/sh', '-c', `exit ${index}`))),
  );
  assert.deepEqual(
    ends.map(({ end }) => end?.code),
    Array.from({ length: 250 }, (_, index) => index),
  );
});

test('a child that closed its output long before is awaited all the same', async () => {
  const { end } = await run(plain('/bin/sh', '-c', 'exec >&- 2>&-; sleep 0.3; exit 3'));
  assert.deepEqual(end, { code: 3, stdout: '', stderr: '' });
});

test('a signal is 128 and its number', async () => {
  const { end } = await run(plain('/bin/sh', '-c', 'kill -TERM $$'));
  assert.deepEqual(end, { code: 143, stdout: '', stderr: 'killed by SIGTERM\n' });
});
