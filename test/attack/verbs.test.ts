import assert from 'node:assert/strict';
import { chownSync, symlinkSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import type { Layout } from '../support/daemon.ts';
import { noMember } from '../support/member.ts';
import { RunningVerb } from '../support/verb.ts';
import { crashJournal } from './crash-journal.ts';
import { actAsMember, bounded, type Canaries, guard, plantCanaries, prepareShared } from './member.ts';
import { makePipe } from './pipe.ts';

/** Makes a database as the API server does. */
function makeDatabase({ database }: Layout): void {
  actAsMember(() => {
    const made = new Database(database);
    made.exec('CREATE TABLE of_the_server (word TEXT)');
    made.close();
  });
}

/** Makes a database of root whose last writer has died. A connection that opens it creates its `-wal` and `-shm`. */
function breakOff({ database }: Canaries): void {
  const made = new Database(database);
  made.pragma('journal_mode = WAL');
  made.close();
}

const PLACES: readonly { what: string; place: (at: Layout, canaries: Canaries) => void }[] = [
  {
    what: 'a pipe as its journal',
    place: (at) => {
      makeDatabase(at);
      actAsMember(() => makePipe(`${at.database}-journal`));
    },
  },
  {
    what: 'a crash journal that leads to a pipe',
    place: (at) => {
      makeDatabase(at);
      const superJournal = `${at.backups}/x-mj000000900`;
      actAsMember(() => {
        makePipe(superJournal);
        writeFileSync(`${at.database}-journal`, crashJournal({ pageSize: 4096, pageCount: 2, superJournal }));
      });
    },
  },
  {
    what: 'a symlink to a database of root',
    place: (at, canaries) => {
      breakOff(canaries);
      actAsMember(() => symlinkSync(canaries.database, at.database));
    },
  },
  { what: 'a pipe', place: ({ database }) => actAsMember(() => makePipe(database)) },
];

async function runAsRoot(t: TestContext, at: Layout, name: string, ...args: string[]): Promise<void> {
  const running = new RunningVerb(t, at, name, ...args);
  const code = await bounded(`the end of ${name}`, running.exited);
  assert.ok(code !== null && code < 3, running.stderr);
}

for (const { what, place } of PLACES) {
  for (const [name, ...args] of [['check'], ['list'], ['show', 'last']] as const) {
    test(`\`${name}\` as root touches no canary when the shared database is ${what}`, {
      skip: noMember(),
    }, async (t) => {
      const at = prepareShared(t);
      const canaries = plantCanaries(at.folder);
      chownSync(at.folder, 0, 0);
      place(at, canaries);
      const assertUntouched = guard(canaries.directory);
      await runAsRoot(t, at, name, ...args);
      assertUntouched();
    });
  }
}
