import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fabricate, putCronFile, type World } from './fabricated-world.ts';
import { FLAWS, type Flaw, Judge } from './verdict.ts';

function judged({ at, ledger }: World, betweenLooks: () => void) {
  const judge = new Judge(at, ledger);
  judge.look();
  betweenLooks();
  return judge.verdict();
}

const flawless = Object.fromEntries(FLAWS.map((flaw) => [flaw, 0]));

test('`Judge` finds nothing in a world without a flaw', (t) => {
  assert.deepEqual(
    judged(fabricate(t), () => {}),
    { requests: 0, acknowledged: 3, refused: 0, interrupted: 1, ...flawless },
  );
});

type Spoil = (world: World) => void;
type Bad = readonly [what: string, expected: Partial<Record<Flaw, number>>, first: Spoil, then?: Spoil];

const run =
  (sql: string): Spoil =>
  ({ database }) =>
    void database.exec(sql);
const nothing: Spoil = () => {};

const BAD: readonly Bad[] = [
  ['an acknowledged command has no row', { lost: 1 }, ({ ledger }) => ledger.acknowledged.add('nobody')],
  ['a success is not in place', { lost: 1 }, ({ gone }) => mkdirSync(gone)],
  [
    'an effect in place is reported as interrupted',
    { lost: 1 },
    ({ half }) => rmSync(half, { recursive: true }),
  ],
  ['a command failed without a reason', { lost: 1 }, run('UPDATE process SET error = NULL WHERE id = 2')],
  [
    'two updates succeeded and there is no file',
    { lost: 2, 'wrong order': 1 },
    ({ at }) => rmSync(at.cronFile),
  ],
  [
    'a command was admitted twice',
    { 'run twice': 1 },
    run(
      'INSERT INTO cmd_transition SELECT 99, process_id, command_id, NULL, to_state, event, at, NULL FROM cmd_transition WHERE id = 2',
    ),
  ],
  [
    'a recreated directory is removed again',
    { 'run twice': 1 },
    nothing,
    ({ gone }) => rmSync(gone, { recursive: true }),
  ],
  [
    'an unacknowledged row stays running',
    { 'left running': 1 },
    ({ database, shared }) => {
      for (const one of [database, shared]) {
        one.exec(
          "INSERT INTO process SELECT 9, 'x', '', 0, 'running', '', '', 0, '', '', 'cleanup_backups', '{}'",
        );
      }
    },
  ],
  [
    'an ended command is still to be settled',
    { 'left running': 1 },
    run(
      "INSERT INTO cmd_unsettled (process_id, command_id, connection_id, peer, request, accepted_at, state) VALUES (1, 'gone', '', '', '', '', 'running')",
    ),
  ],
  [
    'the last byte of the cron file is missing',
    { 'torn files': 1, 'wrong order': 1 },
    nothing,
    ({ at }) => truncateSync(at.cronFile, statSync(at.cronFile).size - 1),
  ],
  ['the cron file has vanished', { 'torn files': 1 }, nothing, ({ at }) => rmSync(at.cronFile)],
  [
    'the cron file is for root alone',
    { 'torn files': 1 },
    nothing,
    ({ at }) => chmodSync(at.cronFile, 0o600),
  ],
  [
    'a temp file is left',
    { litter: 1 },
    ({ at }) => writeFileSync(join(at.folder, 'cron.d', '.dbcalm.x'), ''),
  ],
  [
    'an update began before an earlier one had ended',
    { 'wrong order': 1 },
    run("DELETE FROM cmd_transition WHERE process_id = 3 AND to_state = 'succeeded'"),
  ],
  [
    'a command has no row in the shared table',
    { 'not projected': 1 },
    ({ shared }) => void shared.exec('DELETE FROM process WHERE id = 1'),
  ],
  [
    'a row of the shared table says something else',
    { 'not projected': 1 },
    ({ shared }) => void shared.exec("UPDATE process SET status = 'failed' WHERE id = 1"),
  ],
  [
    'a command has two rows in the shared table',
    { 'not projected': 1 },
    ({ shared }) =>
      void shared.exec(`INSERT INTO process (command_id, command, status, start_time, type, args)
        SELECT command_id, command, status, start_time, type, args FROM process WHERE id = 1`),
  ],
  ['the cron file is an older one', { 'wrong order': 1 }, nothing, (world) => putCronFile(world, 1)],
];

test('`Judge` finds each flaw', async (t) => {
  for (const [what, expected, first, then = nothing] of BAD) {
    await t.test(what, (t) => {
      const world = fabricate(t);
      first(world);
      const verdict = judged(world, () => then(world));
      const found = Object.fromEntries(FLAWS.map((flaw) => [flaw, verdict[flaw]]));
      assert.deepEqual(found, { ...flawless, ...expected });
    });
  }
  assert.deepEqual(new Set(BAD.flatMap(([, expected]) => Object.keys(expected))), new Set(FLAWS));
});
