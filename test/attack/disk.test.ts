import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { EMPTY } from '../support/callers.ts';
import { type Layout, startDaemon } from '../support/daemon.ts';
import { until } from '../support/until.ts';

const MIB = 1_048_576;
const REQUESTS = 4_000;
const CLIENTS = 16;

const recordOf = ({ folder }: Layout) => join(folder, 'log', 'traffic.jsonl');
const sizeOf = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
const writtenBy = ({ log, database }: Layout) => sizeOf(dirname(log)) + sizeOf(dirname(database));

test('`queueHandler` does not fill the disk for a client that is refused as fast as it can send, and tells or counts all', async (t) => {
  const daemon = await startDaemon(t, { config: (at) => ({ record: recordOf(at) }) });
  // These paths are outside the root, but in the test's own directory.
  const beside = Array.from({ length: 100 }, (_, index) => join(daemon.at.folder, 'beside', `x${index}`));
  const forbidden = { cmd: 'cleanup_backups', args: { backup_ids: [], folders: beside } };
  const invalid = { cmd: 'cleanup_backups', args: { backup_ids: 7, folders: beside } };
  const begun = performance.now();
  const before = writtenBy(daemon.at);
  let left = REQUESTS;
  const client = async () => {
    while (left-- > 0) {
      const { code } = await daemon.ask(left % 2 === 0 ? forbidden : invalid);
      assert.ok(code === 400 || code === 403, String(code));
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  const seconds = (performance.now() - begun) / 1_000;
  const [line] = daemon.logLines().filter(({ security }) => security === 'path.refused');
  assert.match(line?.message as string, /beside\/x0: it is not below a deletion root/);
  assert.equal((await daemon.stop()).code, 0);
  const written = writtenBy(daemon.at) - before;
  t.diagnostic(`${Math.round(written / 1_024)} KiB for ${REQUESTS} requests in ${seconds.toFixed(1)} s`);
  // The record gets 4 MiB, everything else 256 KiB; SQLite's log and the allowance per second come on top.
  assert.ok(written < 12 * MIB + seconds * 0.1 * MIB, `${written} bytes`);
  const audit = readFileSync(join(dirname(daemon.at.log), 'cmd-audit.log'), 'utf8')
    .trim()
    .split('\n');
  const told = audit.map((text) => JSON.parse(text) as { repeated: number; paths: string[] });
  assert.equal(
    told.reduce((sum, { repeated }) => sum + 1 + repeated, 0),
    REQUESTS,
  );
  assert.ok(told.filter(({ paths }) => paths.length > 0).length >= 10, 'the first with their paths');
});

test('`TrafficRecord` does not grow beyond its limit where a directory is in the place of record.1, and reports it once', async (t) => {
  const daemon = await startDaemon(t, {
    config: (at) => ({ record: recordOf(at), record_max_bytes: MIB }),
    arrange: (at) => mkdirSync(`${recordOf(at)}.1`, { recursive: true }),
  });
  const large = { ...EMPTY, padding: 'x'.repeat(100_000) };
  for (let request = 0; request < 30; request++) assert.equal((await daemon.ask(large)).code, 202);
  const { remedy } = await daemon.logged('the trouble', ({ code }) => code === 'RECORD_NOT_ROTATED');
  assert.match(remedy as string, /^move away/);
  const { size } = statSync(recordOf(daemon.at));
  assert.ok(size > 0 && size <= MIB / 2, `${size} bytes`);
  assert.equal(daemon.logLines().filter(({ code }) => code === 'RECORD_NOT_ROTATED').length, 1);
  rmdirSync(`${recordOf(daemon.at)}.1`);
  const rotation = until('the next rotation', () =>
    statSync(`${recordOf(daemon.at)}.1`, { throwIfNoEntry: false })?.isFile(),
  );
  let isRotated = false;
  rotation.finally(() => {
    isRotated = true;
  });
  while (!isRotated) await daemon.ask(large);
  await rotation;
});
