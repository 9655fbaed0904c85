import assert from 'node:assert/strict';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { type Layout, TestDaemon } from '../support/daemon.ts';
import { makeBackups } from '../support/folder.ts';
import { noMember } from '../support/member.ts';
import { until } from '../support/until.ts';
import { crashJournal } from './crash-journal.ts';
import {
  actAsMember,
  assertAnswers,
  bounded,
  type Canaries,
  guard,
  plantCanaries,
  prepareShared,
  startOrRefuse,
  startShared,
} from './member.ts';
import { makePipe } from './pipe.ts';

const MIB = 2 ** 20;

function peakBytes(pid: number): number {
  const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1024;
}

/** Makes a database as the user of the API server, which then owns it. */
function makeMembersDatabase({ database }: Layout): void {
  actAsMember(() => {
    const made = new Database(database);
    made.pragma('journal_mode = WAL');
    made.close();
  });
}

/** Starts a daemon, which may refuse to start, lets it serve requests, and stops it. */
async function startAndStop(t: TestContext, at: Layout): Promise<void> {
  const started = await startOrRefuse(t, at);
  if (!(started instanceof TestDaemon)) {
    assert.match(started.stderr, /What to do: /);
    return;
  }
  await assertAnswers(started);
  assert.ok(peakBytes(started.pid) < 300 * MIB, 'it has not taken a large file into memory');
  const reply = await bounded('a reply', started.deletion(join(at.backups, 'none')));
  assert.ok(reply.code === 202 || reply.code === 503, JSON.stringify(reply));
  await bounded('the end of the daemon', started.stop());
}

type Place = (at: Layout, canaries: Canaries) => void;

/** Files that the member puts into the directory of the database before the daemon starts. */
const PLACES: readonly { what: string; place: Place }[] = [
  {
    what: 'a lock file that is a symlink to nothing',
    place: ({ database }, { absent }) => actAsMember(() => symlinkSync(absent, `${database}-cmd-lock`)),
  },
  {
    what: 'a database that is a symlink to a database of root',
    place: ({ database }, canaries) => actAsMember(() => symlinkSync(canaries.database, database)),
  },
  {
    what: 'a database that is a symlink to an empty file of root',
    place: ({ database }, { empty }) => actAsMember(() => symlinkSync(empty, database)),
  },
  {
    what: 'a database that is a symlink to nothing',
    place: ({ database }, { absent }) => actAsMember(() => symlinkSync(absent, database)),
  },
  {
    // The kernel lets the member make hard links to files of others only with fs.protected_hardlinks = 0: root makes them
    // here in its place, as in the next ones.
    what: 'a database that is a hard link to a database of root',
    place: ({ database }, canaries) => linkSync(canaries.database, database),
  },
  ...['-wal', '-shm', '-journal'].flatMap((suffix) => [
    {
      what: `a ${suffix} that is a symlink to a file of root`,
      place: ((at, { file }) => {
        makeMembersDatabase(at);
        actAsMember(() => symlinkSync(file, at.database + suffix));
      }) satisfies Place,
    },
    {
      what: `a ${suffix} that is a symlink to nothing`,
      place: ((at, { absent }) => {
        makeMembersDatabase(at);
        actAsMember(() => symlinkSync(absent, at.database + suffix));
      }) satisfies Place,
    },
    {
      what: `a ${suffix} that is a hard link to a file of root`,
      place: ((at, { file }) => {
        makeMembersDatabase(at);
        linkSync(file, at.database + suffix);
      }) satisfies Place,
    },
  ]),
  ...['', '-wal', '-shm', '-journal', '-cmd-lock'].flatMap((suffix) => [
    {
      what: `a pipe in the place of db.sqlite3${suffix}`,
      place: ((at) => {
        if (suffix !== '') makeMembersDatabase(at);
        actAsMember(() => makePipe(at.database + suffix));
      }) satisfies Place,
    },
    {
      what: `a directory in the place of db.sqlite3${suffix}`,
      place: ((at) => {
        if (suffix !== '') makeMembersDatabase(at);
        actAsMember(() => mkdirSync(at.database + suffix));
      }) satisfies Place,
    },
  ]),
];

for (const { what, place } of PLACES) {
  test(`start touches no canary when it finds ${what}`, { skip: noMember() }, async (t) => {
    const at = prepareShared(t);
    const canaries = plantCanaries(at.folder);
    place(at, canaries);
    const assertUntouched = guard(canaries.directory);
    await startAndStop(t, at);
    assertUntouched();
  });
}

/** Rollback journals that lead SQLite on, with the files that they name. */
const JOURNALS: readonly { what: string; place: (at: Layout) => string }[] = [
  {
    what: 'a pipe',
    place: ({ backups }) => {
      const path = join(backups, 'x-mj000000900');
      actAsMember(() => makePipe(path));
      return path;
    },
  },
  {
    what: 'a file that names a pipe',
    place: ({ backups }) => {
      const path = join(backups, 'x-mj000000900');
      actAsMember(() => makePipe(join(backups, 'pipe')));
      actAsMember(() => writeFileSync(path, `${join(backups, 'pipe')}\0`));
      return path;
    },
  },
  {
    what: 'a file of 512 MiB',
    place: ({ backups }) => {
      const path = join(backups, 'x-mj000000900');
      actAsMember(() => {
        writeFileSync(path, '');
        truncateSync(path, 512 * MIB);
      });
      return path;
    },
  },
  { what: 'a file of root', place: ({ folder }) => join(folder, 'secret', 'file') },
];

for (const { what, place } of JOURNALS) {
  test(`start touches no canary when it finds a crash journal that names ${what}`, {
    skip: noMember(),
  }, async (t) => {
    const at = prepareShared(t);
    const canaries = plantCanaries(at.folder);
    const assertUntouched = guard(canaries.directory);
    makeMembersDatabase(at);
    const superJournal = place(at);
    actAsMember(() =>
      writeFileSync(`${at.database}-journal`, crashJournal({ pageSize: 4096, pageCount: 1, superJournal })),
    );
    await startAndStop(t, at);
    assertUntouched();
  });
}

/** Files that the member swaps in for its own database while the daemon runs. */
const SWAPS: readonly { what: string; place: Place }[] = [
  {
    what: 'a symlink to a database of root',
    place: ({ database }, canaries) => actAsMember(() => symlinkSync(canaries.database, database)),
  },
  {
    what: 'a symlink to an empty file of root',
    place: ({ database }, { empty }) => actAsMember(() => symlinkSync(empty, database)),
  },
  {
    what: 'a symlink to nothing',
    place: ({ database }, { absent }) => actAsMember(() => symlinkSync(absent, database)),
  },
  {
    what: 'a hard link to a database of root',
    place: ({ database }, canaries) => linkSync(canaries.database, database),
  },
  { what: 'a pipe', place: ({ database }) => actAsMember(() => makePipe(database)) },
  {
    what: 'another database with a pipe as its journal',
    place: (at) => {
      makeMembersDatabase(at);
      actAsMember(() => makePipe(`${at.database}-journal`));
    },
  },
];

for (const { what, place } of SWAPS) {
  test(`dbcalm-cmd touches no canary when its database is replaced by ${what}`, {
    skip: noMember(),
  }, async (t) => {
    const daemon = await startShared(t, { arrange: makeMembersDatabase });
    const { at } = daemon;
    const canaries = plantCanaries(at.folder);
    const aside = join(dirname(at.database), 'aside');
    actAsMember(() => renameSync(at.database, aside));
    place(at, canaries);
    const assertUntouched = guard(canaries.directory);
    // The first request finds the swap, and the next makes the daemon look for a database.
    for (let request = 0; request < 3; request++) {
      const [path] = makeBackups(at.backups, `b${request}`) as [string];
      const reply = await bounded('a reply', daemon.deletion(path));
      if (reply.code !== 202) assert.deepEqual([reply.code, existsSync(path)], [503, true]);
      await assertAnswers(daemon);
    }
    assertUntouched();
    for (const suffix of ['-journal', '-wal', '-shm', '']) rmSync(at.database + suffix, { force: true });
    renameSync(aside, at.database);
    const [path] = makeBackups(at.backups, 'after') as [string];
    await bounded('a 202', daemon.accepted(path));
    await until('the deletion', () => !existsSync(path));
  });
}

test('start is not blocked by a lock that a member holds on a file beside the database', {
  skip: noMember(),
}, async (t) => {
  const first = await startShared(t);
  const { at } = first;
  await first.stop();
  const holders = actAsMember(() =>
    [`${at.database}-cmd-lock`, `${at.database}-lock`].map((path) => {
      const holder = new Database(path);
      holder.exec('BEGIN; SELECT * FROM sqlite_schema');
      return holder;
    }),
  );
  t.after(() => {
    for (const holder of holders) holder.close();
  });
  const next = await startShared(t, { folder: at.folder });
  assert.equal(
    (await next.carryOut('delete_directory', { path: join(at.backups, 'none') })).status,
    'success',
  );
});

test('start refuses a second daemon also if a member has removed every file beside the database', {
  skip: noMember(),
}, async (t) => {
  const daemon = await startShared(t);
  const directory = dirname(daemon.at.database);
  actAsMember(() => {
    for (const name of readdirSync(directory)) rmSync(join(directory, name));
  });
  const run = join(daemon.at.folder, 'run');
  const config = { socket_path: join(run, 'second.sock'), admin_socket_path: join(run, 'second-admin.sock') };
  await assert.rejects(startShared(t, { folder: daemon.at.folder, config }), /another daemon works/);
});
