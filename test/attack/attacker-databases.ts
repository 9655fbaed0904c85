/** The deeds of the random attacker on the shared database through SQLite, and on its directory. */
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import Database from 'better-sqlite3';
import { type Attacker, clear, type Deeds, known, MAX_HOLD_MS, MAX_ROW_BYTES } from './attacker-ground.ts';
import { crashJournal } from './crash-journal.ts';
import { insertForged } from './forged-rows.ts';
import { CREATE_PROCESS, HOSTILE_SCHEMAS, massSchemas } from './hostile-schemas.ts';
import { makePipe } from './pipe.ts';

/** Runs `work` in the shared database, and creates the database if it is missing. */
function inDatabase({ ground }: Attacker, work: (database: Database.Database) => void): void {
  const database = new Database(ground.database, { timeout: 20 });
  try {
    database.unsafeMode();
    work(database);
  } finally {
    database.close();
  }
}

const CHANGES = [
  "UPDATE process SET status = 'success', return_code = 0, end_time = start_time",
  "UPDATE process SET status = 'running', end_time = NULL",
  "UPDATE process SET command_id = 'x' || id",
  'UPDATE process SET id = id + 1000000',
  'UPDATE process SET id = -id, output = hex(randomblob(100))',
  'DELETE FROM process',
  'DELETE FROM process WHERE id % 2',
  `INSERT INTO process (command_id, command, status, start_time, type, args)
   SELECT command_id, command, 'success', start_time, type, args FROM process`,
  `INSERT INTO process (command_id, command, status, start_time, type, args)
   VALUES ('x', zeroblob(${MAX_ROW_BYTES}), 'running', x'00', 'delete_directory', '{')`,
  "UPDATE sqlite_sequence SET seq = 9223372036854775807 WHERE name = 'process'",
  "UPDATE sqlite_sequence SET seq = 'x'",
  'DELETE FROM sqlite_sequence',
  'UPDATE cmd_unsettled SET tries = -1000, state = random()',
  'DELETE FROM cmd_unsettled',
  'DELETE FROM cmd_transition',
  'CREATE TABLE IF NOT EXISTS cmd_migration (version INTEGER PRIMARY KEY, applied_at DATETIME NOT NULL); INSERT INTO cmd_migration VALUES (999, 0)',
];

export const ROWS: Deeds = {
  forgeCommand(attacker) {
    const { ground, random } = attacker;
    const { backups } = ground;
    const canary = random.pick(ground.canaries);
    const request = random.pick<unknown>([
      { cmd: 'delete_directory', args: { path: join(backups, 'kept') } },
      { cmd: 'delete_directory', args: { path: canary } },
      { cmd: 'cleanup_backups', args: { backup_ids: null, folders: [canary, join(backups, 'kept')] } },
      {
        cmd: 'update_cron_schedules',
        args: {
          schedules: [{ id: 666, backup_type: 'full', frequency: 'hourly', enabled: true, minute: 6 }],
        },
      },
      'no JSON',
      'x'.repeat(random.below(MAX_ROW_BYTES)),
    ]);
    const up = '../'.repeat(1 + random.below(4));
    inDatabase(attacker, (database) =>
      insertForged(database, {
        request,
        state: random.pick(['pending', 'running']),
        connectionId: random.pick([
          'forged',
          `x/../${up}${canary.slice(1)}`,
          `x/../../secret/${basename(canary)}`,
          `x/../../backups/mine/staged`,
          '\0',
          '',
        ]),
        tries: random.pick([0, -1_000, 2, 1e15]),
        ...(random.chance(0.5)
          ? { child: { pid: random.pick([1, process.pid]), start: '1', bootId: 'x' } }
          : {}),
      }),
    );
  },
  changeRows(attacker) {
    inDatabase(attacker, (database) => void database.exec(attacker.random.pick(CHANGES)));
  },
};

export const SCHEMA: Deeds = {
  hostileSchema(attacker) {
    const { random } = attacker;
    const count = random.pick([10, 300, 3_000]);
    const sql = random.pick(Object.values({ ...HOSTILE_SCHEMAS, ...massSchemas(count) }));
    inDatabase(attacker, (database) => {
      database.exec(CREATE_PROCESS);
      database.pragma('writable_schema = ON');
      database.exec(sql);
    });
  },
  pragma(attacker) {
    const { random } = attacker;
    const number = random.below(2 ** 31);
    const pragma = random.pick([
      `user_version = ${number}`,
      `application_id = ${number}`,
      `schema_version = ${number}`,
      'journal_mode = DELETE',
      'journal_mode = PERSIST',
      'journal_mode = TRUNCATE',
      'journal_mode = WAL',
      'auto_vacuum = 2',
      'page_size = 512',
      'wal_checkpoint(TRUNCATE)',
    ]);
    inDatabase(attacker, (database) => void database.pragma(pragma));
  },
  vacuum(attacker) {
    inDatabase(attacker, (database) => void database.exec('VACUUM'));
  },
  dropEverything(attacker) {
    inDatabase(attacker, (database) => {
      database.pragma('writable_schema = RESET');
      const names = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").pluck().all();
      for (const name of names) database.exec(`DROP TRIGGER "${name}"`);
      database.exec('DROP TABLE IF EXISTS process');
    });
  },
  emptySchema(attacker) {
    inDatabase(attacker, (database) => {
      database.pragma('writable_schema = ON');
      database.exec('DELETE FROM sqlite_schema');
    });
  },
};

export const LOCKS: Deeds = {
  lock({ ground, random, holdFor }) {
    const file = random.chance(0.8) ? ground.database : random.pick(known(ground));
    const database = new Database(file, { timeout: 20 });
    holdFor(random.below(MAX_HOLD_MS), () => database.close());
    database.exec(
      random.pick(['BEGIN IMMEDIATE', 'BEGIN EXCLUSIVE', 'BEGIN; SELECT count(*) FROM sqlite_schema']),
    );
  },
  exclusiveMode({ ground, random, holdFor }) {
    const database = new Database(ground.database, { timeout: 20 });
    holdFor(random.below(MAX_HOLD_MS), () => database.close());
    database.pragma('locking_mode = EXCLUSIVE');
    database.exec("UPDATE process SET error = 'x' WHERE id = -1");
  },
};

export const JOURNALS: Deeds = {
  crash(attacker) {
    const { ground, random } = attacker;
    const superJournal = random.pick([
      undefined,
      join(ground.backups, 'x-mj000000900'),
      random.pick(ground.canaries),
      `${random.pick(ground.canaries)}-mj000000900`,
    ]);
    const bytes = crashJournal({
      pageSize: random.pick([4096, 512]),
      pageCount: random.below(4),
      ...(superJournal === undefined ? {} : { superJournal }),
    });
    const path = `${ground.database}-journal`;
    clear(path, random);
    writeFileSync(path, bytes);
  },
  superJournal({ ground, random }) {
    const path = join(ground.backups, 'x-mj000000900');
    clear(path, random);
    if (random.chance(0.5)) writeFileSync(path, `${ground.database}-journal\0`);
    else makePipe(path);
  },
  journalPipe({ ground, random }) {
    const path = `${ground.database}-journal`;
    clear(path, random);
    makePipe(path);
  },
};

/** Its own directories below the root, with links out of it, and requests that lead through them. */
