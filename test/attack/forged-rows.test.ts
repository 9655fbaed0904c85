import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { identityOf } from '../../src/io/child/identity.ts';
import type { Layout, TestDaemon } from '../support/daemon.ts';
import { makeBackups } from '../support/folder.ts';
import { holdDeletion } from '../support/held-deletion.ts';
import { noMember } from '../support/member.ts';
import { schedulesOf } from '../support/schedules.ts';
import { until } from '../support/until.ts';
import { type Forged, forgeCommand, forgeMigration } from './forged-rows.ts';
import {
  actAsMember,
  assertAnswers,
  bounded,
  execAsMember,
  guard,
  plantCanaries,
  queryJournal,
  startShared,
} from './member.ts';

const FAULTY = join(import.meta.dirname, '..', 'support', 'faulty-main.ts');
const UPDATE = { cmd: 'update_cron_schedules', args: { schedules: schedulesOf(1) } };
const deletion = (path: string) => ({ cmd: 'delete_directory', args: { path } });

/** A stopped daemon's directories, with a shared database in them. */
async function stoppedDaemon(t: TestContext): Promise<Layout> {
  const daemon = await startShared(t);
  await daemon.stop();
  return daemon.at;
}

/** Starts a daemon on the forged rows, lets it serve an honest client, and stops it, so that no work is left. */
async function startAndStop(t: TestContext, { folder }: Layout): Promise<TestDaemon> {
  const daemon = await startShared(t, { folder });
  const [path] = makeBackups(daemon.at.backups, 'honest') as [string];
  const row = await bounded('an honest deletion', daemon.carryOut('delete_directory', { path }));
  assert.deepEqual([row.status, existsSync(path)], ['success', false]);
  assert.equal((await bounded('the end of the daemon', daemon.stop())).code, 0);
  return daemon;
}

/** No command of the journal has this id. */
function assertUnknown(at: Layout, commandId: string): void {
  for (const table of ['cmd_unsettled', 'cmd_transition', 'cmd_audit']) {
    assert.deepEqual(queryJournal(at, `SELECT * FROM ${table} WHERE command_id = ?`, commandId), [], table);
  }
}

const ROWS: readonly { what: string; forged: (at: Layout) => Forged }[] = [
  {
    what: 'unlinks no file that a forged running row leads to',
    forged: () => ({ request: UPDATE, state: 'running', connectionId: 'x/../../secret/file' }),
  },
  {
    what: 'stages and installs no crontab that a forged pending row asks for',
    forged: () => ({ request: UPDATE, state: 'pending', connectionId: 'x/../../backups/mine/staged' }),
  },
  {
    what: 'carries out no deletion that a forged pending row asks for',
    forged: ({ backups }) => ({ request: deletion(join(backups, 'kept')), state: 'pending' }),
  },
];

for (const { what, forged } of ROWS) {
  test(`recovery ${what}`, { skip: noMember() }, async (t) => {
    const at = await stoppedDaemon(t);
    const assertUntouched = guard(plantCanaries(at.folder).directory);
    const [kept] = makeBackups(at.backups, 'kept') as [string];
    const mine = join(at.backups, 'mine');
    actAsMember(() => mkdirSync(mine, { mode: 0o777 }));
    const commandId = forgeCommand(at, forged(at));
    await startAndStop(t, at);
    assertUntouched();
    assert.ok(existsSync(kept), 'a directory that no client named is still there');
    assert.ok(!existsSync(at.cronFile), 'no client sent a cron update');
    assert.deepEqual(readdirSync(mine), []);
    assertUnknown(at, commandId);
  });
}

test('start ignores a schema version that a member forges in the shared database', {
  skip: noMember(),
}, async (t) => {
  const at = await stoppedDaemon(t);
  forgeMigration(at);
  await startAndStop(t, at);
});

test('running rows that name process 1 take no slot, and SIGTERM does not wait for them', {
  skip: noMember(),
}, async (t) => {
  const at = await stoppedDaemon(t);
  const child = identityOf(1);
  assert.ok(child);
  const request = deletion(join(at.backups, 'none'));
  for (let slot = 0; slot < 16; slot++) forgeCommand(at, { request, state: 'running', child });
  await startAndStop(t, at);
});

test('start reads no 57 MiB row from the shared database', { skip: noMember() }, async (t) => {
  const at = await stoppedDaemon(t);
  const folders = Array.from({ length: (57 * 1024 * 1024) / 16 }, () => join('/forged', 'folder'));
  const request = JSON.stringify({ cmd: 'cleanup_backups', args: { backup_ids: null, folders } });
  for (let row = 0; row < 3; row++) forgeCommand(at, { request, state: 'pending' });
  // The limit of the systemd unit. The row takes several times its size in memory.
  const env = { NODE_OPTIONS: '--max-old-space-size=192' };
  const daemon = await startShared(t, { folder: at.folder, env });
  await assertAnswers(daemon);
  const [path] = makeBackups(at.backups, 'honest') as [string];
  assert.equal((await daemon.carryOut('delete_directory', { path })).status, 'success');
});

test('negative tries in the shared database do not keep a deadly command from being given up', {
  skip: noMember(),
}, async (t) => {
  const config = { max_running: 1 };
  const daemon = await startShared(t, { config });
  const { folder } = daemon.at;
  const held = await holdDeletion(daemon, 'held');
  const [path] = makeBackups(daemon.at.backups, 'deadly') as [string];
  const { id } = await daemon.deletion(path);
  await daemon.kill();
  held.release();
  await until('rm to end', () => !existsSync(held.path));
  forgeCommand(daemon.at, { request: {}, state: 'pending' });
  execAsMember(daemon.at, 'UPDATE cmd_unsettled SET tries = -1000');
  for (let dead = 0; dead < 3; dead++) {
    const dying = { main: FAULTY, env: { FAULT: 'start.written kill' } };
    const start = startShared(t, { folder, config, ...dying });
    const { stderr } = await start.then(
      ({ exited }) => exited,
      ({ message }: Error) => ({ stderr: message }),
    );
    assert.match(stderr, /fault met/);
  }
  const next = await startShared(t, { folder, config });
  const row = await next.ended(id as string);
  assert.match(row.error as string, /^given up, since each daemon that took it over died/);
});

test('recovery takes requests, states and ends from no row that a member changes', {
  skip: noMember(),
}, async (t) => {
  const daemon = await startShared(t, { config: { max_running: 1 } });
  const { at } = daemon;
  const held = await holdDeletion(daemon, 'held');
  const [asked, kept] = makeBackups(at.backups, 'asked', 'kept') as [string, string];
  const { id } = await daemon.deletion(asked);
  await daemon.kill();
  held.release();
  forgeCommand(at, { request: {}, state: 'pending' });
  const request = JSON.stringify(deletion(kept)).replaceAll("'", "''");
  execAsMember(
    at,
    `UPDATE cmd_unsettled SET request = '${request}', process_id = process_id + 100, state = 'pending';
     UPDATE process SET status = 'success', return_code = 0, command = 'forged', command_id = 'forged' || id;`,
  );
  const next = await startShared(t, { folder: at.folder });
  const row = await next.ended(id as string);
  assert.deepEqual([row.status, row.type], ['success', 'delete_directory']);
  assert.equal(row.command, `/bin/rm -rf ${asked}`);
  assert.ok(!existsSync(asked), 'the command that was accepted was carried out');
  await next.stop();
  assert.ok(existsSync(kept), 'a directory that no client named is still there');
});
