import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import type { Layout } from '../support/daemon.ts';
import { makeBackups } from '../support/folder.ts';
import { holdDeletion } from '../support/held-deletion.ts';
import { noMember } from '../support/member.ts';
import { until } from '../support/until.ts';
import { actAsMember, assertAnswers, bounded, execAsMember, queryJournal, startShared } from './member.ts';
import { walIndexHeader } from './wal-index.ts';

const COMMANDS = 10;
const REQUESTS = 20;

/** Operations of a member on the memory that SQLite shares with it. */
const DEEDS: Readonly<Record<string, (at: Layout) => void>> = {
  'is truncated': ({ database }) => truncateSync(`${database}-shm`, 0),
  'has a forged header': ({ database }) => {
    const maxFrame = 0xffff_ffff;
    const header = walIndexHeader({
      pageSize: 4096,
      maxFrame,
      pageCount: 3,
      change: 77_777,
      salt: readFileSync(`${database}-wal`).subarray(16, 24),
      backfilled: 0,
      readMarks: [0, maxFrame, maxFrame, maxFrame, maxFrame],
    });
    const file = openSync(`${database}-shm`, 'r+');
    writeSync(file, header, 0, header.length, 0);
    closeSync(file);
  },
};

for (const [what, deed] of Object.entries(DEEDS)) {
  test(`dbcalm-cmd survives and loses no command when a shared memory file ${what}`, {
    skip: noMember(),
    timeout: 120_000,
  }, async (t) => {
    const daemon = await startShared(t, { config: { max_running: 1 } });
    const { at } = daemon;
    const held = await holdDeletion(daemon, 'held');
    const names = Array.from({ length: COMMANDS }, (_, index) => `b${index}`);
    const paths = makeBackups(at.backups, ...names);
    const ids = [held.commandId];
    for (const path of paths) ids.push((await daemon.deletion(path)).id as string);
    assert.equal(ids.filter(Boolean).length, COMMANDS + 1);

    actAsMember(() => deed(at));
    const codes: number[] = [];
    for (let request = 0; request < REQUESTS; request++) {
      const { code = 0 } = await bounded('a reply', daemon.deletion(`${at.backups}/none`));
      codes.push(code);
    }
    t.diagnostic(`replies: ${codes.join(', ')}`);
    assert.ok(codes.every((code) => code === 202 || code === 503));
    await assertAnswers(daemon);
    // No restart is needed: the daemon replaces the process that reads the file.
    for (let code = 503; code === 503; ) ({ code = 0 } = await daemon.deletion(`${at.backups}/none`));
    await daemon.kill();
    held.release();
    await until('rm to end', () => !existsSync(held.path));
    // The attacker also deletes rows before the restart.
    for (const table of ['process', 'cmd_unsettled']) {
      try {
        execAsMember(at, `DELETE FROM ${table}`);
      } catch {
        // The table is missing or cannot be used.
      }
    }
    const next = await startShared(t, { folder: at.folder });
    const ends = () =>
      queryJournal(
        at,
        `SELECT command_id FROM cmd_transition WHERE to_state IN ('succeeded', 'failed')
         AND command_id IN (SELECT value FROM json_each(?)) ORDER BY command_id`,
        JSON.stringify(ids),
      ) as { command_id: string }[];
    await until('the end of all commands', () => ends().length >= ids.length);
    assert.deepEqual(
      ends().map(({ command_id }) => command_id),
      ids.toSorted(),
    );
    assert.deepEqual(
      paths.filter((path) => existsSync(path)),
      [],
    );
    await next.stop();
  });
}
