import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { requestIn } from '../../src/io/log/exchange-lines.ts';
import { EMPTY } from '../support/callers.ts';
import { type Layout, startDaemon, type TestDaemon } from '../support/daemon.ts';
import { until } from '../support/until.ts';

const recordOf = ({ folder }: Layout) => join(folder, 'log', 'traffic.jsonl');
const recording = (at: Layout) => ({ record: recordOf(at) });

const linesOf = (file: string) => readFileSync(file, 'utf8').split('\n').filter(Boolean);

/** Waits until the record has at least `count` lines, and returns them. */
const kept = ({ at }: TestDaemon, count: number) =>
  until(`${count} lines`, () => {
    const lines = existsSync(recordOf(at)) ? linesOf(recordOf(at)) : [];
    return lines.length >= count && lines;
  });

test('record keeps every complete request unchanged, with its reply, and is readable by its owner only', async (t) => {
  const daemon = await startDaemon(t, { config: recording });
  const odd = Buffer.from([...Buffer.from('{"cmd":"'), 0xff, ...Buffer.from('"}')]);
  const text = '{ "args": {"folders":null,\n"backup_ids":null}, "cmd" : "cleanup_backups" }';
  const replies = [await daemon.ask(text), await daemon.ask('{"cmd":"none"}'), await daemon.ask(odd)];
  connect(daemon.at.socket).end('{"half');
  const lines = (await kept(daemon, 3)).map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ reply }) => reply),
    replies,
  );
  assert.deepEqual([lines[0].request, lines[1].request], [text, '{"cmd":"none"}']);
  assert.equal(lines[2].request_base64, odd.toString('base64'));
  assert.deepEqual(lines[0].peer, { pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() });
  assert.ok(Math.abs(Date.parse(lines[0].at) - Date.now()) < 60_000);
  assert.equal(statSync(recordOf(daemon.at)).mode & 0o777, 0o600);
  await daemon.stop();
  const [first, , third] = linesOf(recordOf(daemon.at)).map(requestIn);
  assert.deepEqual([String(first), third], [text, odd]);
});

test('record stays within its size limit: the daemon keeps the previous file and no older ones', async (t) => {
  const daemon = await startDaemon(t, {
    config: (at) => ({ ...recording(at), record_max_bytes: 1_048_576, max_pending: 10_000 }),
  });
  const large = { ...EMPTY, padding: 'x'.repeat(100_000) };
  for (let request = 0; request < 14; request++) await daemon.ask(large);
  await daemon.stop();
  const sizes = [recordOf(daemon.at), `${recordOf(daemon.at)}.1`].map((file) => statSync(file).size);
  assert.ok(
    sizes.every((size) => size > 0 && size <= 524_288),
    String(sizes),
  );
  assert.ok(!existsSync(`${recordOf(daemon.at)}.2`));
  for (const line of linesOf(`${recordOf(daemon.at)}.1`)) assert.doesNotThrow(() => requestIn(line));
});

test('daemon warns once if the record cannot be written, goes on, and records again after SIGHUP', async (t) => {
  const daemon = await startDaemon(t, {
    config: recording,
    arrange: (at) => mkdirSync(recordOf(at), { recursive: true }),
  });
  for (let request = 0; request < 3; request++) assert.equal((await daemon.ask(EMPTY)).code, 202);
  const { remedy } = await daemon.logged('the trouble', ({ code }) => code === 'RECORD_UNWRITABLE');
  assert.match(remedy as string, /SIGHUP/);
  rmdirSync(recordOf(daemon.at));
  daemon.signal('SIGHUP');
  await until('the new file', () => existsSync(recordOf(daemon.at)));
  await daemon.ask(EMPTY);
  await kept(daemon, 1);
  assert.equal(daemon.logLines().filter(({ code }) => code === 'RECORD_UNWRITABLE').length, 1);
});

test('daemon does not wait for a pipe at the path of the record', async (t) => {
  const daemon = await startDaemon(t, {
    config: recording,
    arrange: (at) => {
      mkdirSync(dirname(recordOf(at)), { recursive: true });
      execFileSync('mkfifo', [recordOf(at)]);
    },
  });
  assert.equal((await daemon.ask(EMPTY)).code, 202);
  await daemon.logged('the trouble', ({ msg }) => /no plain file$/.test(msg as string));
  assert.equal((await daemon.stop()).code, 0);
});

test('daemon does not follow a symlink at the path of the record', async (t) => {
  const daemon = await startDaemon(t, {
    config: recording,
    arrange: (at) => {
      mkdirSync(dirname(recordOf(at)), { recursive: true });
      writeFileSync(join(at.folder, 'another'), 'as it was', { mode: 0o644 });
      symlinkSync(join(at.folder, 'another'), recordOf(at));
    },
  });
  assert.equal((await daemon.ask(EMPTY)).code, 202);
  await daemon.logged('the trouble', ({ msg }) => /no plain file$/.test(msg as string));
  assert.equal((await daemon.stop()).code, 0);
  const another = join(daemon.at.folder, 'another');
  assert.deepEqual([readFileSync(another, 'utf8'), statSync(another).mode & 0o777], ['as it was', 0o644]);
});

test('SIGHUP reopens the record; without the config key the daemon records nothing', async (t) => {
  const daemon = await startDaemon(t, { config: recording });
  await daemon.ask(EMPTY);
  await kept(daemon, 1);
  renameSync(recordOf(daemon.at), `${recordOf(daemon.at)}.moved`);
  daemon.signal('SIGHUP');
  await until('the new file', () => existsSync(recordOf(daemon.at)));
  await daemon.ask(EMPTY);
  assert.equal((await kept(daemon, 1)).length, 1);
  await daemon.stop();
  const without = await startDaemon(t);
  await without.ask(EMPTY);
  await without.stop();
  assert.ok(!existsSync(recordOf(without.at)));
});

test('`requestIn` takes a line with a plain or a recorded request, and says what is wrong with any other', () => {
  const request = '{"cmd":"x","args":{}}';
  assert.equal(String(requestIn(request)), request);
  assert.throws(() => requestIn('{'), /^Error: not JSON: /);
  for (const line of ['null', '3', '{}', '{"args":{}}'])
    assert.throws(() => requestIn(line), /neither a cmd nor a request/);
});
