/** Everything that the random attacker does, one function each. They throw where the system refuses, which is what mostly
 * happens. */
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import type { Random } from '../chaos/random.ts';
import { crashJournal } from './crash-journal.ts';
import { insertForged } from './forged-rows.ts';
import { CREATE_PROCESS, HOSTILE_SCHEMAS, massSchemas } from './hostile-schemas.ts';
import { makePipe } from './pipe.ts';
import { walIndexHeader } from './wal-index.ts';

/** The part of the test's directory that the attacker knows. */
export interface Ground {
  readonly database: string;
  readonly socket: string;
  readonly adminSocket: string;
  readonly cronFile: string;
  readonly log: string;
  readonly backups: string;
  /** Files and directories that it must not reach, and names that must stay free. */
  readonly canaries: readonly string[];
}

export interface Attacker {
  readonly ground: Ground;
  readonly random: Random;
  /** Undone when the time (ms) is over: locks, descriptors, connections. */
  readonly holdFor: (milliseconds: number, release: () => void) => void;
}

export type Deeds = Readonly<Record<string, (attacker: Attacker) => void>>;

const MAX_WRITTEN_BYTES = 8 * 1024;
const MAX_SPARSE_BYTES = 32 * 1024 * 1024;
const MAX_HOLD_MS = 700;
const MAX_ROW_BYTES = 2 * 1024 * 1024;
const FLIPS = 60;

const directories = ({ database, socket, log, backups }: Ground) =>
  [dirname(database), dirname(database), dirname(socket), dirname(log), backups] as const;

const known = ({ database, socket, adminSocket, log, backups }: Ground) => [
  database,
  ...['-wal', '-shm', '-journal', '-cmd-lock', '-lock'].map((suffix) => database + suffix),
  socket,
  adminSocket,
  ...['', '.1', '-1'].map((suffix) => log + suffix),
  ...['cmd-audit.log', 'cmd-audit.log.1', 'cleanup.log', 'cron-1000.log', 'record'].map((name) =>
    join(dirname(log), name),
  ),
  ...['kept', 'mine', 'mine/link'].map((name) => join(backups, name)),
];

/** A path that the daemon may use, one that is there, or a new one. */
function anyPath({ ground, random }: Attacker): string {
  if (random.chance(0.6)) return random.pick(known(ground));
  const directory = random.pick(directories(ground));
  if (random.chance(0.3)) return join(directory, `new-${random.below(20)}`);
  return anyOf(directory, random);
}

function anyOf(directory: string, random: Random): string {
  const names = readdirSync(directory);
  return join(directory, names.length > 0 ? random.pick(names) : 'new-0');
}

/** Frees a path for something else, where that is allowed. */
function clear(path: string, random: Random): void {
  try {
    if (random.chance(0.5)) renameSync(path, `${path}.aside${random.below(3)}`);
    else rmSync(path, { recursive: true, force: true });
  } catch {
    // What cannot be cleared shows in the deed itself.
  }
}

function linkTarget(attacker: Attacker): string {
  const { ground, random } = attacker;
  return random.weighted<() => string>([
    [6, () => random.pick(ground.canaries)],
    [1, () => anyPath(attacker)],
    [1, () => join(dirname(random.pick(ground.canaries)), `made-${random.below(9)}`)],
    [1, () => dirname(ground.cronFile)],
    [1, () => join(dirname(ground.cronFile), 'evil')],
    [1, () => ground.cronFile],
    [1, () => 'loop'],
  ])();
}

const FILES: Deeds = {
  symlink(attacker) {
    const path = anyPath(attacker);
    clear(path, attacker.random);
    symlinkSync(linkTarget(attacker), path);
  },
  hardLink(attacker) {
    const path = anyPath(attacker);
    clear(path, attacker.random);
    linkSync(linkTarget(attacker), path);
  },
  pipe(attacker) {
    const path = anyPath(attacker);
    clear(path, attacker.random);
    makePipe(path);
  },
  directory(attacker) {
    const path = anyPath(attacker);
    clear(path, attacker.random);
    mkdirSync(path);
    if (attacker.random.chance(0.5)) writeFileSync(join(path, 'inside'), '');
  },
  rename(attacker) {
    renameSync(anyPath(attacker), anyPath(attacker));
  },
  remove(attacker) {
    rmSync(anyPath(attacker), { recursive: true });
  },
  truncate(attacker) {
    const { random } = attacker;
    truncateSync(
      anyPath(attacker),
      random.pick([0, 0, random.below(100_000), random.below(MAX_SPARSE_BYTES)]),
    );
  },
  corrupt(attacker) {
    writeSomewhere(anyPath(attacker), attacker.random);
  },
  junk(attacker) {
    const path = anyPath(attacker);
    clear(path, attacker.random);
    writeFileSync(path, noise(attacker.random), { flag: 'wx' });
  },
  replaceByCopy(attacker) {
    const path = anyPath(attacker);
    const copy = `${path}.copy`;
    rmSync(copy, { recursive: true, force: true });
    copyFileSync(path, copy);
    renameSync(copy, path);
  },
  mode(attacker) {
    chmodSync(anyPath(attacker), attacker.random.pick([0, 0o444, 0o666, 0o777, 0o4755, 0o2777]));
  },
  owner(attacker) {
    chownSync(
      anyPath(attacker),
      process.getuid?.() as number,
      attacker.random.pick([process.getgid?.() as number, 0]),
    );
  },
  times(attacker) {
    const at = attacker.random.below(2 ** 31);
    utimesSync(anyPath(attacker), at, at);
  },
  /** A path that is now a plain file of its own, now a link to a canary. */
  flip(attacker) {
    const path = anyPath(attacker);
    clear(path, attacker.random);
    const [plain, link] = [`${path}.plain`, `${path}.link`];
    writeFileSync(plain, '');
    rmSync(link, { force: true });
    symlinkSync(linkTarget(attacker), link);
    for (let flips = 0; flips < FLIPS; flips++) {
      renameSync(plain, path);
      renameSync(path, plain);
      renameSync(link, path);
      renameSync(path, link);
    }
  },
};

function noise(random: Random): Buffer {
  return Buffer.from(Array.from({ length: random.below(MAX_WRITTEN_BYTES) }, () => random.below(256)));
}

function writeSomewhere(path: string, random: Random): void {
  const file = openSync(path, 'r+');
  try {
    const { size } = fstatSync(file);
    writeSync(file, noise(random), 0, null, random.chance(0.5) ? random.below(200) : random.below(size + 1));
  } finally {
    closeSync(file);
  }
}

const SUFFIXES = ['', '', '-wal', '-wal', '-shm', '-shm', '-journal'];

const BYTES: Deeds = {
  corruptDatabase({ ground, random }) {
    writeSomewhere(ground.database + random.pick(SUFFIXES), random);
  },
  truncateDatabase({ ground, random }) {
    truncateSync(ground.database + random.pick(SUFFIXES), random.pick([0, random.below(40_000)]));
  },
  forgeWalIndex(attacker) {
    const file = openSync(`${attacker.ground.database}-shm`, 'r+');
    try {
      const header = forgeHeader(attacker);
      writeSync(file, header, 0, header.length, 0);
    } finally {
      closeSync(file);
    }
  },
};

/** A header of the shared memory that SQLite believes. */
function forgeHeader({ ground, random }: Attacker): Buffer {
  const anyFrame = () =>
    random.pick([0, 1, 5, 4_061, 4_062, 4_063, 100_000, 0x7fff_ffff, 0xffff_fffe, 0xffff_ffff]);
  const salt = readFileSync(`${ground.database}-wal`).subarray(16, 24);
  const maxFrame = anyFrame();
  return walIndexHeader({
    pageSize: random.pick([4096, 4096, 512, 65_536]),
    maxFrame,
    pageCount: random.pick([1, 2, 3, 100, 0xffff_ffff]),
    change: random.below(2 ** 31),
    salt,
    backfilled: random.pick([0, maxFrame, anyFrame()]),
    readMarks: [0, random.pick([maxFrame, anyFrame()]), 0xffff_ffff, anyFrame(), 0xffff_ffff],
  });
}

/** Runs `work` in the shared database, which it may have to make. */
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

const ROWS: Deeds = {
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

const SCHEMA: Deeds = {
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

const LOCKS: Deeds = {
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

const JOURNALS: Deeds = {
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
const BACKUPS: Deeds = {
  ownDirectory({ ground, random }) {
    const path = join(ground.backups, 'mine', String(random.below(5)), 'inner');
    mkdirSync(path, { recursive: true, mode: 0o777 });
    writeFileSync(join(path, 'file'), '');
  },
  linkOut({ ground, random }) {
    const path = join(ground.backups, 'mine', 'link');
    mkdirSync(dirname(path), { recursive: true });
    rmSync(path, { recursive: true, force: true });
    symlinkSync(dirname(random.pick(ground.canaries)), path);
  },
  swapDirectory({ ground, random }) {
    const mine = join(ground.backups, 'mine');
    const link = join(ground.backups, 'mine-link');
    const aside = join(ground.backups, 'mine-aside');
    rmSync(link, { force: true });
    symlinkSync(dirname(random.pick(ground.canaries)), link);
    rmSync(aside, { recursive: true, force: true });
    for (let flips = 0; flips < FLIPS; flips++) {
      renameSync(mine, aside);
      renameSync(link, mine);
      renameSync(mine, link);
      renameSync(aside, mine);
    }
  },
  deleteThroughLink(attacker) {
    const { ground, random } = attacker;
    const name = basename(random.pick(ground.canaries));
    const path = join(ground.backups, 'mine', random.pick(['link', '', 'link/..', '1/inner']), name);
    say(attacker, JSON.stringify({ cmd: 'delete_directory', args: { path } }));
  },
  deleteOwn(attacker) {
    const { ground, random } = attacker;
    const path = join(ground.backups, 'mine', String(random.below(5)));
    say(attacker, JSON.stringify({ cmd: 'delete_directory', args: { path } }));
  },
};

function say({ ground, random, holdFor }: Attacker, text: string | Buffer): void {
  const socket = connect({
    path: random.chance(0.95) ? ground.socket : ground.adminSocket,
    allowHalfOpen: true,
  });
  socket.on('error', () => {});
  socket.resume();
  socket.write(text);
  holdFor(random.below(MAX_HOLD_MS), () => socket.destroy());
}

const SOCKETS: Deeds = {
  babble(attacker) {
    say(attacker, noise(attacker.random));
  },
  halfRequest(attacker) {
    say(attacker, '{"cmd":"delete_directory","args":{"path":"');
  },
  /** What lies below the root it may ask to delete: that is its right. */
  deleteCanary(attacker) {
    const { ground, random } = attacker;
    const outside = ground.canaries.filter((path) => !path.startsWith(ground.backups));
    say(attacker, JSON.stringify({ cmd: 'delete_directory', args: { path: random.pick(outside) } }));
  },
  badSchedule(attacker) {
    const schedule = { id: '1; x', backup_type: 'full', frequency: 'hourly', enabled: true, minute: 1 };
    say(attacker, JSON.stringify({ cmd: 'update_cron_schedules', args: { schedules: [schedule] } }));
  },
  /** Answers in the daemon's place, with nothing. */
  squat({ ground, random, holdFor }) {
    const path = random.pick([ground.socket, ground.adminSocket, `${ground.socket}.new`]);
    clear(path, random);
    const server = createServer((socket) => socket.on('error', () => {}).destroy());
    server.on('error', () => {});
    server.listen(path);
    holdFor(random.below(MAX_HOLD_MS), () => server.close());
  },
};

/** The deeds by family: each spell of an attack uses some of them. */
export const FAMILIES: Readonly<Record<string, Deeds>> = {
  files: FILES,
  bytes: BYTES,
  rows: ROWS,
  schema: SCHEMA,
  locks: LOCKS,
  journals: JOURNALS,
  backups: BACKUPS,
  sockets: SOCKETS,
};
