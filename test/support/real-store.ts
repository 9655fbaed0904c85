import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import Database from 'better-sqlite3';
import type { Accepted, Retention, Transition } from '../../src/io/store/records.ts';
import { openStore, type StoreOptions } from '../../src/io/store/store.ts';
import { PEER } from './connection.ts';
import { testFolder } from './folder.ts';
import { hasProcessTable } from './shared-database.ts';
import { until } from './until.ts';

export const DAY = 86_400_000;
export const NOON = new Date('2026-11-23T12:00:00.007Z');
const FOREVER: Retention = { maxAgeMs: 36_500 * DAY, maxCount: 1_000_000 };

export const command = (commandId: string, at = NOON): Accepted => ({
  commandId,
  connectionId: 'c1',
  peer: PEER,
  type: 'delete_directory',
  command: '/bin/rm -rf /r/b1',
  args: { path: '/r/b1' },
  touches: ['/r/b1'],
  request: '{"cmd":"delete_directory","args":{"path":"/r/b1"}}',
  at,
});

export const step = (processId: number, commandId: string, to: string, at = NOON): Transition => ({
  processId,
  commandId,
  from: 'pending',
  to,
  event: 'e',
  at,
  why: 'why',
});

export interface OpenOptions {
  /** The file of a store that was closed. By default a new file. */
  readonly path?: string;
  readonly retention?: Retention;
  readonly describe?: StoreOptions['describe'];
}

/** A store on real files, and another connection that reads the journal. */
export async function openedStore(
  t: TestContext,
  { path: given, retention = FOREVER, describe = () => undefined }: OpenOptions = {},
) {
  const path = given ?? join(testFolder(t), 'state', 'state.sqlite3');
  const sharedPath = join(dirname(dirname(path)), 'lib', 'db.sqlite3');
  const store = openStore({
    statePath: path,
    sharedPath,
    retention,
    describe,
    onTrouble: () => {},
  });
  t.after(() => store.close());
  store.openShared();
  await until('the shared database to be open', () => hasProcessTable(sharedPath));
  const other = new Database(path);
  const shared = new Database(sharedPath);
  t.after(() => {
    other.close();
    shared.close();
  });
  const read = (sql: string) => other.prepare(sql).all() as Record<string, unknown>[];
  const list = (sql: string) => other.prepare(sql).pluck().all();
  const finish = (id: number, commandId: string, code: number, stdout: string, stderr: string) =>
    store.end(step(id, commandId, 'x'), { code, stdout, stderr, at: NOON }, command(commandId));
  const attempts = async () => (await store.unsettled()).map(({ tries }) => tries);
  return { store, path, sharedPath, other, shared, read, list, finish, attempts };
}
