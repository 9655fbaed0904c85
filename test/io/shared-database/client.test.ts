import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import {
  SharedClient,
  type SharedClientOptions,
  SharedNotReady,
} from '../../../src/io/shared-database/client.ts';
import type { ProjectedRow } from '../../../src/io/shared-database/tables.ts';
import { DatabaseTrouble } from '../../../src/io/store/reopening-database.ts';
import { makeSchemaEndless } from '../../support/endless-database.ts';
import { testFolder } from '../../support/folder.ts';
import { until } from '../../support/until.ts';

const row = (commandId: string): ProjectedRow => ({
  command_id: commandId,
  command: '/bin/rm -rf /r/b1',
  pid: 0,
  status: 'running',
  output: null,
  error: null,
  return_code: null,
  start_time: '2026-11-23 12:00:00.000000',
  end_time: null,
  type: 'delete_directory',
  args: '{}',
});

function openClient(
  t: TestContext,
  {
    path = join(testFolder(t), 'db.sqlite3'),
    limits = {},
  }: Partial<Pick<SharedClientOptions, 'path' | 'limits'>> = {},
) {
  const told: (string | undefined)[] = [];
  let durable = 0;
  const client = new SharedClient({
    path,
    limits,
    onOpened: (trouble) => told.push(trouble?.message),
    onDurable: () => durable++,
  });
  t.after(() => client.close());
  client.start();
  const opened = (count = 1) => until('the end of an opening', () => told.length >= count);
  return { client, path, told, opened, durableCount: () => durable };
}

function insert(client: SharedClient, commandId: string): number {
  const { inserted } = client.begin({ inserts: [row(commandId)] });
  client.commit();
  const [result] = inserted;
  return result && 'id' in result ? (result.id ?? -1) : -1;
}

/** Returns the process that has the database mapped. */
function serverPid(path: string): number | undefined {
  return readdirSync('/proc')
    .map(Number)
    .find((pid) => {
      try {
        return pid > 0 && pid !== process.pid && hasOpen(pid, path);
      } catch {
        return false;
      }
    });
}

const hasOpen = (pid: number, path: string) =>
  readFileSync(`/proc/${pid}/maps`, 'utf8').includes(`${path}-shm`);

function listRows(path: string): unknown[] {
  const database = new Database(path, { readonly: true });
  try {
    return database.prepare('SELECT command_id, status FROM process ORDER BY id').raw().all();
  } finally {
    database.close();
  }
}

test('`SharedClient` is not ready while the database is opened, and then inserts, updates and removes rows', async (t) => {
  const { client, path, told, opened } = openClient(t);
  assert.throws(() => client.begin({}), SharedNotReady);
  await opened();
  assert.deepEqual(told, [undefined]);
  assert.deepEqual([insert(client, 'a'), insert(client, 'b'), insert(client, 'c')], [1, 2, 3]);
  const updates = [
    { id: 2, row: { ...row('b'), status: 'success' } },
    { id: 7, row: row('x') },
  ];
  const removals = [
    { id: 1, commandId: 'a' },
    { id: 3, commandId: 'another' },
  ];
  const results = client.begin({ updates, removals });
  assert.deepEqual(results, { inserted: [], updated: [{ id: 2 }, { id: null }] });
  client.commit();
  assert.deepEqual(listRows(path), [
    ['b', 'success'],
    ['c', 'running'],
  ]);
});

test('`SharedClient.rollback` writes nothing, and `close` leaves no process and no lock', async (t) => {
  const { client, path, opened } = openClient(t);
  await opened();
  client.begin({ inserts: [row('a')] });
  client.rollback();
  client.begin({ inserts: [row('b')] }, true);
  client.commit();
  client.close();
  assert.deepEqual(listRows(path), [['b', 'running']]);
  await until('the end of the process', () => serverPid(path) === undefined);
});

test('`SharedClient.commit` throws if its process was killed, and another process replaces it', async (t) => {
  const { client, path, opened } = openClient(t);
  await opened();
  client.begin({ inserts: [row('a')] });
  process.kill(serverPid(path) as number, 'SIGKILL');
  assert.throws(() => client.commit(), DatabaseTrouble);
  assert.throws(() => client.begin({}), /its process ended/);
  await opened(2);
  assert.equal(insert(client, 'b'), 1);
  assert.deepEqual(listRows(path), [['b', 'running']]);
});

test('`SharedClient` survives a truncated shared memory file, which kills its process', async (t) => {
  const { client, path, told, opened } = openClient(t);
  await opened();
  truncateSync(`${path}-shm`, 0);
  assert.throws(() => insert(client, 'a'), DatabaseTrouble);
  await opened(2);
  assert.equal(told.at(-1), undefined);
  assert.equal(insert(client, 'b'), 1);
});

test('`SharedClient` ends a process that a schema without end keeps busy, and starts another after a pause', async (t) => {
  const first = openClient(t);
  await first.opened();
  first.client.close();
  assert.ok(makeSchemaEndless(first.path) < 100_000);
  const { client, told, opened } = openClient(t, { path: first.path, limits: { opening: 300 } });
  assert.throws(() => client.begin({}), SharedNotReady);
  await opened();
  assert.match(told[0] ?? '', /did not answer within 0.3 s/);
  assert.throws(() => client.begin({}), /did not answer within 0.3 s/);
  await opened(2);
});

test('`SharedClient` ends a process that does not answer in a transaction', async (t) => {
  const { client, path, opened } = openClient(t, { limits: { answer: 300 } });
  await opened();
  client.begin({ inserts: [row('a')] });
  const pid = serverPid(path) as number;
  process.kill(pid, 'SIGSTOP');
  assert.throws(() => client.commit(), /did not answer within 0.3 s/);
  await until('the end of the process', () => !existsSync(`/proc/${pid}`));
  assert.throws(() => client.begin({}), /did not answer within 0.3 s/);
  await opened(2);
  assert.equal(insert(client, 'b'), 1);
});

test('`SharedClient` waits for its answer through the signal of a child that ends', async (t) => {
  const { client, path, opened } = openClient(t);
  await opened();
  client.begin({ inserts: [row('a')] });
  const pid = serverPid(path) as number;
  process.kill(pid, 'SIGSTOP');
  const children = ['exit', `sleep 0.2; kill -CONT ${pid}`].map((script) =>
    once(spawn('/bin/sh', ['-c', `sleep 0.1; ${script}`]), 'exit'),
  );
  client.commit();
  assert.deepEqual(listRows(path), [['a', 'running']]);
  await Promise.all(children);
});

test('`SharedClient` keeps its process through signals for the whole group', async (t) => {
  const { client, path, opened } = openClient(t);
  await opened();
  const pid = serverPid(path) as number;
  process.kill(pid, 'SIGTERM');
  const session = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[5];
  assert.equal(session, String(pid));
  assert.equal(insert(client, 'a'), 1);
  assert.equal(serverPid(path), pid);
});

test('`SharedClient` reports when commits are on disk', async (t) => {
  const { client, opened, durableCount } = openClient(t);
  await opened();
  const inserts = Array.from({ length: 1_500 }, (_, index) => ({
    ...row(`c${index}`),
    args: 'x'.repeat(4_000),
  }));
  client.begin({ inserts });
  client.commit();
  // The length of the log is checked only from time to time.
  for (let count = 0; client.findTrouble() === undefined; count++) {
    assert.ok(count < 100, 'a checkpoint begins');
    insert(client, `more-${count}`);
  }
  assert.throws(() => client.begin({}), SharedNotReady);
  await until('a checkpoint', () => durableCount() > 0);
  assert.ok(insert(client, 'next') > 1_500);
});
