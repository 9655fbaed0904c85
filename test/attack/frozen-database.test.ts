import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { type Layout, TestDaemon } from '../support/daemon.ts';
import { makeSchemaEndless } from '../support/endless-database.ts';
import { makeBackups } from '../support/folder.ts';
import { holdDeletion } from '../support/held-deletion.ts';
import { noMember } from '../support/member.ts';
import { until } from '../support/until.ts';
import { actAsMember, assertAnswers, bounded, prepareShared, startOrRefuse, startShared } from './member.ts';

const skip = noMember();

/** A database of the member, as an API server makes it. */
function makeDatabase(path: string): void {
  actAsMember(() => {
    const made = new Database(path);
    made.pragma('journal_mode = WAL');
    made.exec('CREATE TABLE process (id INTEGER PRIMARY KEY)');
    made.close();
  });
}

/** Installs a database whose schema has no end for a reader. */
function freeze({ database }: Layout): void {
  const prepared = `${database}.new`;
  makeDatabase(prepared);
  actAsMember(() => {
    makeSchemaEndless(prepared);
    for (const suffix of ['-wal', '-shm']) rmSync(database + suffix, { force: true });
    renameSync(prepared, database);
  });
}

/** Starts a member's process that holds the file until the returned function is called. */
async function hold(t: TestContext, what: 'lease' | 'locks', path: string): Promise<() => void> {
  const script = join(import.meta.dirname, 'holder.ts');
  const holder = spawn(process.execPath, [script, what, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => holder.kill('SIGKILL'));
  const [held] = (await once(holder.stdout, 'data')) as [Buffer];
  assert.equal(String(held), 'held\n');
  return () => void holder.kill('SIGKILL');
}

/** Sends a deletion, which must be refused with the reason, while the daemon does its other work. */
async function assertRefused(daemon: TestDaemon, reason: RegExp): Promise<void> {
  const [path] = makeBackups(daemon.at.backups, 'refused') as [string];
  const asked = bounded('a reply', daemon.deletion(path));
  asked.catch(() => {});
  await assertAnswers(daemon);
  const { code, message } = await asked;
  assert.equal(code, 503);
  assert.match(String(message), reason);
  assert.ok(existsSync(path), 'a refused command is not run');
}

/** The daemon accepts commands again, at once or after a pause. */
async function assertRecovers(daemon: TestDaemon): Promise<void> {
  const [path] = makeBackups(daemon.at.backups, 'accepted') as [string];
  const deadline = performance.now() + 60_000;
  for (let code = 503; code === 503; ) {
    assert.ok(performance.now() < deadline, 'it recovers');
    ({ code = 0 } = await daemon.deletion(path));
    assert.ok(code === 202 || code === 503, `a reply with ${code}`);
  }
  await until('the deletion', () => !existsSync(path));
}

test('start and stop are not delayed by a shared database whose schema has no end, and commands are refused', {
  skip,
}, async (t) => {
  const at = prepareShared(t);
  makeDatabase(at.database);
  freeze(at);
  const daemon = await startOrRefuse(t, at);
  assert.ok(daemon instanceof TestDaemon, 'it listens');
  await assertRefused(daemon, /the shared database: it is being opened/);
  await assertAnswers(daemon);
  actAsMember(() => rmSync(at.database));
  await bounded('the end of the daemon', daemon.stop());
});

test('dbcalm-cmd carries out the accepted commands when its shared database gets a schema without end', {
  skip,
}, async (t) => {
  const daemon = await startShared(t);
  const { at } = daemon;
  const held = await holdDeletion(daemon, 'held');
  actAsMember(() => copyFileSync(at.database, `${at.database}.good`));
  freeze(at);
  await assertRefused(
    daemon,
    /the shared database: (its process did not answer|it is being opened|the database)/,
  );
  held.release();
  await until('the end of a deletion that was accepted before', () => !existsSync(held.path));
  await assertAnswers(daemon);
  actAsMember(() => renameSync(`${at.database}.good`, at.database));
  await assertRecovers(daemon);
  await bounded('the end of the daemon', daemon.stop());
});

const HOLDS = [
  { title: 'a lease', what: 'lease', suffix: '-wal' },
  { title: 'locks', what: 'locks', suffix: '-shm' },
] as const;

for (const { title, what, suffix } of HOLDS) {
  test(`dbcalm-cmd does its other work while a member holds ${title} on the ${suffix} file of the shared database`, {
    skip,
  }, async (t) => {
    const daemon = await startShared(t, {
      arrange: ({ database }) => makeDatabase(database),
      config: {},
    });
    await daemon.stop();
    const { at } = daemon;
    // As API servers do, the member has the database open.
    const [server, release] = await actAsServer(t, at, what, suffix);
    const next = await startOrRefuse(t, at);
    assert.ok(next instanceof TestDaemon, 'it listens');
    await assertRefused(next, /the shared database/);
    release();
    server.close();
    await assertRecovers(next);
    await bounded('the end of the daemon', next.stop());
  });
}

async function actAsServer(
  t: TestContext,
  { database }: Layout,
  what: 'lease' | 'locks',
  suffix: string,
): Promise<[Database.Database, () => void]> {
  const server = actAsMember(() => {
    for (const name of ['', '-wal', '-shm']) rmSync(database + name, { force: true });
    const opened = new Database(database);
    opened.pragma('journal_mode = WAL');
    opened.exec('CREATE TABLE other (id INTEGER)');
    // A lease requires that no process has the file open.
    if (what === 'lease') {
      copyFileSync(`${database}-wal`, `${database}-kept`);
      opened.close();
      renameSync(`${database}-kept`, database + suffix);
    }
    return opened;
  });
  return [server, await hold(t, what, database + suffix)];
}
