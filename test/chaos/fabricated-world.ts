import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import Database from 'better-sqlite3';
import { openJournalDatabase } from '../../src/io/store/open.ts';
import { type Layout, prepare } from '../support/daemon.ts';
import { testFolder } from '../support/folder.ts';
import { fileOf, scheduleCount } from '../support/schedules.ts';
import { SERVER_DATABASES } from '../support/server-databases.ts';
import { Ledger } from './ledger.ts';

export interface World {
  readonly at: Layout;
  readonly ledger: Ledger;
  /** The journal. */
  readonly database: Database.Database;
  readonly shared: Database.Database;
  readonly gone: string;
  readonly half: string;
}

export const putCronFile = ({ at }: World, update: number) =>
  writeFileSync(at.cronFile, fileOf(update, '2026-11-23 02:30:00'));

/** A world without a flaw: a completed deletion, an interrupted one, and two cron updates, the second without a 202. */
export function fabricate(t: TestContext): World {
  const at = prepare(testFolder(t));
  const ledger = new Ledger();
  const database = openJournalDatabase(at.state, 0);
  t.after(() => database.close());
  const [gone, half] = [join(at.backups, 'gone'), join(at.backups, 'half')] as const;
  const insert = database.prepare(
    `INSERT INTO process (command_id, type, command, args, status, error, start_time)
     VALUES (?, ?, ?, ?, ?, ?, '')`,
  );
  const reason = 'interrupted by a restart of the daemon. What to do: …';
  insert.run('gone', 'delete_directory', `/bin/rm -rf ${gone}`, '{}', 'success', null);
  insert.run('half', 'delete_directory', `/bin/rm -rf ${half}`, '{}', 'failed', reason);
  for (const update of [1, 2]) {
    const args = JSON.stringify({ schedule_count: scheduleCount(update) });
    insert.run(`update ${update}`, 'update_cron_schedules', '/bin/mv', args, 'success', null);
  }
  const step = database.prepare(
    `INSERT INTO cmd_transition (process_id, command_id, to_state, event, at)
     SELECT id, command_id, ?, ?, '' FROM process WHERE id = ?`,
  );
  for (const row of [1, 2, 3, 4]) {
    step.run('pending', 'process.requested', row);
    step.run('running', 'process.admitted', row);
    step.run(row === 2 ? 'failed' : 'succeeded', 'child.exited', row);
  }
  const shared = new Database(at.database);
  t.after(() => shared.close());
  shared.exec(SERVER_DATABASES.Go);
  shared.prepare('ATTACH ? AS journal').run(at.state);
  shared.exec('INSERT INTO process SELECT * FROM journal.process');
  for (const id of ['gone', 'half', 'update 1']) ledger.acknowledged.add(id);
  for (const path of [gone, half]) ledger.lone.add(path);
  ledger.updates.set('update 1', 1);
  ledger.unanswered.add(2);
  mkdirSync(half);
  const world = { at, ledger, database, shared, gone, half };
  putCronFile(world, 2);
  return world;
}
