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
/** The default of libuv. */
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

test('`startChild` returns both streams and the exit code, and sets a small fixed environment', async () => {
  const { pid, end } = await run(plain('/bin/sh', '-c', 'echo out; echo err >&2; exit 7'));
  assert.ok((pid as number) > 1);
  assert.deepEqual(end, { code: 7, stdout: 'out\n', stderr: 'err\n' });
  const { end: environment } = await run(plain('/usr/bin/env'));
  // Node passes this variable on by itself while coverage is measured.
  const own = environment?.stdout.replace(/^NODE_V8_COVERAGE=.*\n/m, '');
  assert.equal(own, 'PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLANG=C\n');
  assert.equal((await run(plain('/bin/pwd'))).end?.stdout, '/\n');
});

test('`startChild` refuses with the reason if the program cannot start', async () => {
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

test('`startChild` reads a gigabyte of output to its end in bounded memory', async () => {
  const before = process.memoryUsage().rss;
  const { end } = await run(plain('/usr/bin/head', '-c', '1073741824', '/dev/zero'));
  assert.equal(end?.code, 0);
  assert.match(end?.stdout.slice(MIB / 2, MIB / 2 + 60) as string, /… 1072693248 bytes left out …/);
  const grown = process.memoryUsage().rss - before;
  assert.ok(grown < 400 * MIB, `grown by ${grown} bytes`);
});

test('`startChild` passes file descriptors on, closes its own, and replaces them in the output by their paths', async () => {
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

test('`startChild` passes 64 file descriptors in order, whatever their numbers are', async (t) => {
  const root = testFolder(t);
  const folders = Array.from({ length: 64 }, (_, index) => join(root, String(index)));
  for (const folder of folders) mkdirSync(folder);
  // In reverse, so that many numbers are the target of another.
  const fds = folders.map((folder) => openSync(folder, 'r')).reverse();
  const args = fds.map((_, index) => `/proc/self/fd/${index + 3}`);
  const { end } = await run({ file: '/usr/bin/readlink', args, fds, names: new Map() });
  assert.equal(end?.stdout, `${folders.toReversed().join('\n')}\n`);
});

test('`startChild` starts a child without an inherited file descriptor, ignored signal or blocked signal', async () => {
  const held = openSync('/etc', 'r');
  const descriptors = ['-c', 'ls /proc/$$/fd'];
  const { end } = await run(plain('/bin/sh', ...descriptors));
  const signals = await run(plain('/bin/grep', '-E', '^Sig(Blk|Ign)', '/proc/self/status'));
  closeSync(held);
  // A child of Node itself has those that the test was started with.
  assert.equal(end?.stdout, spawnSync('/bin/sh', descriptors, { encoding: 'utf8' }).stdout);
  assert.match(end?.stdout as string, /^0\n1\n2\n/);
  assert.match(signals.end?.stdout as string, /^SigBlk:\t0{16}\nSigIgn:\t0{16}\n$/);
});

test('`startChild` does not block the event loop while the program is being loaded', async (t) => {
  const pipe = join(testFolder(t), 'pipe');
  execFileSync('mkfifo', [pipe]);
  // The reads block the whole thread pool until a writer opens the pipe, so that other work in the pool waits.
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

test('`onExit` reports an exit status that other code has collected as a failure', async () => {
  const exit = await new Promise<Exit>((resolve) => onExit(1, resolve));
  assert.deepEqual(exit, { code: 255, signal: 0 });
});

test('`startChild` receives the ends of many children at once', async () => {
  const ends = await Promise.all(
    Array.from({ length: 250 }, (_, index) => run(plain('/bin/sh', '-c', `exit ${index}`))),
  );
  assert.deepEqual(
    ends.map(({ end }) => end?.code),
    Array.from({ length: 250 }, (_, index) => index),
  );
});

test('`startChild` waits for a child that closed its output long before its end', async () => {
  const { end } = await run(plain('/bin/sh', '-c', 'exec >&- 2>&-; sleep 0.3; exit 3'));
  assert.deepEqual(end, { code: 3, stdout: '', stderr: '' });
});

test('`startChild` reports a death by signal as 128 plus the number of the signal', async () => {
  const { end } = await run(plain('/bin/sh', '-c', 'kill -TERM $$'));
  assert.deepEqual(end, { code: 143, stdout: '', stderr: 'killed by SIGTERM\n' });
});
