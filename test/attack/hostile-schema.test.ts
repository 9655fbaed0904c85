import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { type Layout, TestDaemon } from '../support/daemon.ts';
import { makeBackups } from '../support/folder.ts';
import { holdDeletion } from '../support/held-deletion.ts';
import { noMember } from '../support/member.ts';
import { until } from '../support/until.ts';
import { HOSTILE_SCHEMAS, massSchemas } from './hostile-schemas.ts';
import {
  assertAnswers,
  bounded,
  queryJournal,
  startOrRefuse,
  startShared,
  withDatabaseAsMember,
} from './member.ts';

const SCHEMAS = { ...HOSTILE_SCHEMAS, ...massSchemas(20_000) };

function setSchema({ database }: Layout, sql: string): void {
  withDatabaseAsMember(database, (opened) => {
    opened.unsafeMode();
    opened.pragma('writable_schema = ON');
    opened.exec(sql);
  });
}

/** Sends a deletion, and returns the code of the reply: a true 202, or a 503 with a reason. */
async function deleteUnder(daemon: TestDaemon, name: string): Promise<number> {
  const [path] = makeBackups(daemon.at.backups, name) as [string];
  const asked = bounded('a reply', daemon.deletion(path));
  // The promise is awaited below. An earlier failure is reported first.
  asked.catch(() => {});
  await assertAnswers(daemon);
  const { code, id, message } = await asked;
  if (code !== 202) {
    assert.equal(code, 503);
    assert.ok(message);
    assert.ok(existsSync(path), 'a refused command is not run');
    return code;
  }
  const rows = daemon.query('SELECT * FROM process WHERE command_id = ?', id);
  assert.equal(rows.length, 1, 'the row of an accepted command is there');
  await until('the deletion', () => !existsSync(path));
  return code;
}

for (const [what, sql] of Object.entries(SCHEMAS)) {
  test(`dbcalm-cmd answers and loses no command when the shared database has ${what}`, {
    skip: noMember(),
  }, async (t) => {
    const daemon = await startShared(t);
    const { at } = daemon;
    await deleteUnder(daemon, 'before');
    const held = await holdDeletion(daemon, 'held');
    setSchema(at, sql);
    const codes = [await deleteUnder(daemon, 'first'), await deleteUnder(daemon, 'second')];
    held.release();
    await until('the end of a deletion that was accepted before', () => !existsSync(held.path));
    await assertAnswers(daemon);
    await bounded('the end of the daemon', daemon.stop());

    const next = await startOrRefuse(t, at);
    if (next instanceof TestDaemon) {
      codes.push(await deleteUnder(next, 'third'));
      await bounded('the end of the daemon', next.stop());
    } else assert.match(next.stderr, /What to do: /);
    t.diagnostic(
      `replies ${codes.join(', ')}; the next daemon ${next instanceof TestDaemon ? 'listens' : 'refuses'}`,
    );

    const [row] = queryJournal(at, 'SELECT status FROM process WHERE command_id = ?', held.commandId);
    assert.deepEqual(row, { status: 'success' });
  });
}
