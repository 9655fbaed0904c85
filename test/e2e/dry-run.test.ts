import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { MAX_DRY_RUNS } from '../../src/actors/admin/dry-runs.ts';
import { MAX_REQUEST_BYTES } from '../../src/actors/connection/read-request.ts';
import { changes, snapshotOf } from '../fuzz/snapshot.ts';
import { adminSocket, dryRun, look, lookJson } from '../support/admin.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { makeBackups } from '../support/folder.ts';
import { holdDeletion } from '../support/held-deletion.ts';
import { refusable } from '../support/refusable.ts';
import { daily, interval } from '../support/schedule-cases.ts';

/** Sends a dry run and asserts that it changes nothing but the log. */
async function harmless(daemon: TestDaemon, asked: unknown) {
  const { folder } = daemon.at;
  const before = snapshotOf(folder, [join(folder, 'log')]);
  const found = await dryRun(daemon, asked);
  assert.deepEqual(changes(before, snapshotOf(folder, [join(folder, 'log')])), []);
  return found;
}

/** Runs a command dry, then for real, and asserts that the plan and the row agree. */
async function both(daemon: TestDaemon, cmd: string, args: unknown) {
  const rows = daemon.rows().length;
  const found = await harmless(daemon, { cmd, args });
  assert.equal(daemon.rows().length, rows);
  assert.deepEqual([found.code, found.status, found.message], [202, 'Accepted', undefined]);
  assert.deepEqual(found.admission, { at_once: true, behind: [], running: 0, max_running: 8 });
  const row = await daemon.carryOut(cmd, args);
  assert.equal(row.status, 'success');
  assert.deepEqual([found.plan?.type, found.plan?.args], [row.type, JSON.parse(row.args)]);
  return { plan: found.plan, row };
}

test('dry run of `delete_directory` tells the size of the path, or that it is missing', async (t) => {
  const daemon = await startDaemon(t);
  const [path] = makeBackups(daemon.at.backups, 'b1') as [string];
  writeFileSync(join(path, 'inner', 'file'), 'x'.repeat(10_000));
  const { plan, row } = await both(daemon, 'delete_directory', { path: `${path}/` });
  assert.deepEqual([plan?.command, plan?.does], [row.command, 'remove']);
  const [found] = plan?.paths ?? [];
  assert.ok(found?.state === 'there' && plan?.paths?.length === 1);
  const { freed_bytes, ...rest } = found;
  assert.deepEqual(rest, { path, state: 'there', entries: 3, apparent_bytes: 10_000, complete: true });
  assert.deepEqual(plan?.total, { entries: 3, apparent_bytes: 10_000, freed_bytes, complete: true });
  const again = await harmless(daemon, { cmd: 'delete_directory', args: { path } });
  assert.deepEqual(again.plan?.paths, [{ path, state: 'missing' }]);
});

test('dry run of `cleanup_backups` tells the state of each directory, also nested and missing ones, and the total size', async (t) => {
  const daemon = await startDaemon(t);
  const { backups } = daemon.at;
  const [one, two] = makeBackups(backups, 'one', 'two') as [string, string];
  const [inner, none] = [join(two, 'inner'), join(backups, 'gone', 'none')];
  writeFileSync(join(one, 'file'), 'x'.repeat(5_000));
  linkSync(join(one, 'file'), join(inner, 'file'));
  writeFileSync(join(inner, 'other'), 'x'.repeat(300));
  const folders = [inner, one, two, none];
  const { plan, row } = await both(daemon, 'cleanup_backups', { backup_ids: ['a'], folders });
  assert.equal(plan?.command, row.command);
  assert.deepEqual(
    plan?.paths?.map((found) => [found.path, found.state]),
    [
      [inner, 'within'],
      [one, 'there'],
      [two, 'there'],
      [none, 'missing'],
    ],
  );
  const { freed_bytes, ...total } = plan?.total ?? {};
  assert.deepEqual(total, { entries: 7, apparent_bytes: 5_300, complete: true });
  assert.ok((freed_bytes as number) >= 0);
});

test('dry run of `cleanup_backups` with null lists plans nothing', async (t) => {
  const daemon = await startDaemon(t);
  const { plan } = await both(daemon, 'cleanup_backups', { backup_ids: null, folders: null });
  assert.deepEqual([plan?.command, plan?.does, plan?.paths], ['/bin/rm -rf', 'nothing', undefined]);
});

test('dry run of `update_cron_schedules` tells the diff and the new content of the file', async (t) => {
  const daemon = await startDaemon(t);
  const { cronFile } = daemon.at;
  const schedules = [daily, { ...interval, id: 2, interval_value: 7 }, { ...daily, id: 3, enabled: false }];
  const timeless = (text: string) => text.replaceAll(/Last updated: .* UTC/g, 'Last updated');
  const first = await both(daemon, 'update_cron_schedules', { schedules });
  const present = readFileSync(cronFile, 'utf8');
  assert.equal(first.plan?.cron?.before, null);
  assert.equal(timeless(first.plan?.cron?.after as string), timeless(present));
  const command = (text: string | undefined) => text?.replace(/\.dbcalm\.[\w-]{21}/, '.dbcalm.ID');
  assert.equal(command(first.plan?.command), command(first.row.command));
  assert.match(first.plan?.warnings[0] as string, /^schedule 2: every 7 minutes does not divide the hour/);

  const second = await both(daemon, 'update_cron_schedules', { schedules: [{ ...daily, hour: 5 }] });
  const cron = second.plan?.cron;
  assert.deepEqual([cron?.file, cron?.before, cron?.unread], [cronFile, present, undefined]);
  assert.equal(timeless(cron?.after as string), timeless(readFileSync(cronFile, 'utf8')));
  assert.match(
    cron?.diff as string,
    /^--- .*dbcalm\n\+\+\+ .*dbcalm\n@@ [\s\S]+\n-30 2 \* .*\n(?:[\s\S]*\n)?\+30 5 \* /,
  );
  const jobs = cron?.after.split('\n').filter((line) => /^\d/.test(line));
  assert.deepEqual(
    cron?.lines.map(({ line }) => line),
    jobs,
  );
  for (const { next } of cron?.lines ?? []) assert.equal(next.length, 3);
  assert.match(cron?.lines[1]?.next[0] as string, /^\d{4}-\d\d-\d\dT05:30:00[+-]\d\d:\d\d$/);
});

test('dry run of `update_cron_schedules` tells why it would fail, and creates no log', async (t) => {
  const daemon = await startDaemon(t);
  const { cronFile, cronLogs } = daemon.at;
  const look = () => harmless(daemon, { cmd: 'update_cron_schedules', args: { schedules: [daily] } });
  assert.equal((await look()).plan?.cron?.refused, undefined);
  assert.ok(!existsSync(cronLogs));
  mkdirSync(cronLogs);
  symlinkSync(daemon.at.configFile, join(cronLogs, 'cleanup.log'));
  assert.match((await look()).plan?.cron?.refused as string, /cleanup\.log is a symlink$/);
  rmSync(cronLogs, { recursive: true });
  chmodSync(dirname(cronFile), 0o775);
  assert.match((await look()).plan?.cron?.refused as string, /cron\.d has mode 0775/);
});

test('dry run of `update_cron_schedules` tells what is at the path of the cron file if it is not a regular file', async (t) => {
  const daemon = await startDaemon(t);
  symlinkSync(daemon.at.configFile, daemon.at.cronFile);
  const { plan } = await harmless(daemon, { cmd: 'update_cron_schedules', args: { schedules: [] } });
  assert.deepEqual([plan?.cron?.before, plan?.cron?.unread], [null, 'it is a symlink']);
});

test('dry run refuses with exactly the reply of the command socket', async (t) => {
  const daemon = await startDaemon(t);
  const { backups, folder } = daemon.at;
  mkdirSync(join(folder, 'outside', 'inner'), { recursive: true });
  symlinkSync(join(folder, 'outside'), join(backups, 'out'));
  const through = { cmd: 'delete_directory', args: { path: join(backups, 'out', 'inner') } };
  const refused = refusable(daemon.at).map(([, text]) => text);
  const long = JSON.stringify({
    cmd: 'delete_directory',
    args: { path: `${backups}/${'x'.repeat(10_000)}` },
  });
  const sent = [...refused, JSON.stringify(through), long, '{"cmd":', ' '.repeat(MAX_REQUEST_BYTES + 1)];
  // The audit entry of a refused request is written after its reply, so all dry runs come first.
  const found = [];
  for (const text of sent) found.push(await harmless(daemon, text));
  for (const [index, text] of sent.entries()) {
    const { code, status, message } = await daemon.ask(text, { halfClose: true });
    assert.deepEqual(found[index], { code, status, message }, text.slice(0, 100));
    assert.ok(code === 400 || code === 403);
  }
  assert.deepEqual(daemon.rows(), []);
});

test('dry run tells which processes the command would wait for, and when it would be refused', async (t) => {
  const daemon = await startDaemon(t, { config: { max_running: 1, max_pending: 1 } });
  const held = await holdDeletion(daemon, 'held');
  const deletion = (path: string) => ({ cmd: 'delete_directory', args: { path } });
  const { admission } = await dryRun(daemon, deletion(join(held.path, 'inner')));
  assert.deepEqual(admission, { at_once: false, behind: [held.commandId], running: 1, max_running: 1 });
  const beside = deletion(join(daemon.at.backups, 'beside'));
  const { admission: other } = await dryRun(daemon, beside);
  assert.deepEqual(other, { at_once: false, behind: [], running: 1, max_running: 1 });
  const { id } = await daemon.ask(beside);
  const full = await daemon.ask(beside);
  assert.deepEqual(await dryRun(daemon, beside), full);
  assert.equal(full.code, 503);

  daemon.signal('SIGTERM');
  let last = full.message;
  while (last === full.message) last = (await dryRun(daemon, beside)).message;
  assert.equal(last, 'the daemon is shutting down');
  held.release();
  assert.equal((await daemon.exited).code, 0);
  assert.ok(daemon.rows().find(({ command_id }) => command_id === id));
});

test('dry run is neither counted nor audited', async (t) => {
  const daemon = await startDaemon(t);
  const counters = async () => (await lookJson(daemon, '/state')).body.counters;
  const before = await counters();
  for (const path of [join(daemon.at.backups, 'b1'), daemon.at.backups]) {
    await dryRun(daemon, { cmd: 'delete_directory', args: { path } });
  }
  const line = await daemon.logged('the second', ({ msg, code }) => msg === 'dry run' && code === 403);
  assert.deepEqual([line.cmd, line.level], ['delete_directory', 20]);
  assert.deepEqual(await counters(), before);
  assert.deepEqual(daemon.query('SELECT * FROM cmd_audit'), []);
  assert.equal(readFileSync(join(daemon.at.folder, 'log', 'cmd-audit.log'), 'utf8'), '');
});

/** Starts a dry run and never sends the rest of its body. */
function slowAsker(t: TestContext, daemon: TestDaemon, begin: string) {
  const headers = { 'Content-Length': 1_000 };
  const asking = request({ socketPath: adminSocket(daemon), path: '/dry-run', method: 'POST', headers });
  t.after(() => asking.destroy());
  const heard = new Promise<string>((resolve) => {
    asking.on('error', () => resolve('gone')).on('response', (response) => resolve(text(response)));
  });
  asking.flushHeaders();
  if (begin !== '') asking.write(begin);
  return { heard, leave: () => asking.destroy() };
}

test('dry runs are limited in number, and a client that leaves or goes silent frees its place', async (t) => {
  const daemon = await startDaemon(t);
  const isFull = async () => {
    const { status, text: said } = await look(adminSocket(daemon), '/dry-run', 'POST', '{"cmd":"x"}');
    assert.match(said, status === 503 ? /dry runs are under way already/ : /Invalid command/);
    return status === 503;
  };
  const askers: ReturnType<typeof slowAsker>[] = [];
  do for (let made = 0; made < MAX_DRY_RUNS; made++) askers.push(slowAsker(t, daemon, ''));
  while (!(await isFull()));
  for (const { leave } of askers) leave();
  while (await isFull());
  const { heard } = slowAsker(t, daemon, '{"cmd":');
  assert.match(await heard, /"code":400,.*the request ended after 7 bytes, with 1 bracket open/);
  assert.equal(await isFull(), false);
});

test('dry run of 3,000 paths does not block other clients', async (t) => {
  const daemon = await startDaemon(t);
  const folders = Array.from({ length: 3_000 }, (_, index) => join(daemon.at.backups, `b${index}`));
  for (let index = 0; index < 10; index++) makeBackups(daemon.at.backups, `b${index}`);
  let done = false;
  const asked = { cmd: 'cleanup_backups', args: { backup_ids: null, folders } };
  const dry = dryRun(daemon, asked).finally(() => {
    done = true;
  });
  let answers = 0;
  while (!done) {
    assert.equal((await daemon.ask({ cmd: 'x' })).code, 400);
    if (!done) answers++;
  }
  assert.ok(answers > 0, 'nobody was answered before it was done');
  const { plan } = await dry;
  assert.deepEqual(
    plan?.paths?.map(({ path }) => path),
    folders,
  );
});
