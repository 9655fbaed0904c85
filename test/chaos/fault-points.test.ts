import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FAULT_POINTS, type FaultPoint } from '../../src/io/os/fault-point.ts';
import { converse } from '../support/client.ts';
import { type Exit, type Layout, prepare, startDaemon, type TestDaemon } from '../support/daemon.ts';
import { makeBackups, testFolder } from '../support/folder.ts';

const MAIN = join(import.meta.dirname, '..', 'support', 'faulty-main.ts');
const fault = (points: readonly FaultPoint[], deed: string) => ({
  main: MAIN,
  env: { FAULT: `${points.join()} ${deed}` },
});

/** The final state of the table and of the disk. */
type End =
  /** No row, and no effect. */
  | 'nothing'
  /** The row says success, and the effect is in place. */
  | 'carried out'
  /** The row says that a restart interrupted the command, and the effect is not in place. */
  | 'interrupted'
  /** The row says why the command failed, with the remedy. */
  | 'failed';

const [DELETION, UPDATE] = ['delete_directory', 'update_cron_schedules'] as const;

/** By point: the command that reaches it, its end if the daemon is killed there, and its end if the daemon throws
 * there. */
const WALK: Partial<Record<FaultPoint, readonly [command: string, killed: End, thrown: End]>> = {
  'accept.written': [DELETION, 'nothing', 'nothing'],
  'journal.committed': [DELETION, 'carried out', 'nothing'],
  'accept.committed': [DELETION, 'carried out', 'carried out'],
  'reply.sending': [DELETION, 'carried out', 'carried out'],
  'reply.sent': [DELETION, 'carried out', 'carried out'],
  'start.written': [DELETION, 'carried out', 'carried out'],
  'start.committed': [DELETION, 'interrupted', 'interrupted'],
  'folder.pinned': [DELETION, 'interrupted', 'failed'],
  'file.staged': [UPDATE, 'interrupted', 'failed'],
  'child.spawning': [UPDATE, 'interrupted', 'failed'],
  'child.spawned': [DELETION, 'carried out', 'carried out'],
  'child.written': [DELETION, 'carried out', 'carried out'],
  'child.committed': [DELETION, 'carried out', 'carried out'],
  'child.exited': [UPDATE, 'carried out', 'carried out'],
  'folder.synced': [UPDATE, 'carried out', 'failed'],
  'end.written': [UPDATE, 'carried out', 'carried out'],
  'end.committed': [DELETION, 'carried out', 'carried out'],
  'end.observed': [DELETION, 'carried out', 'carried out'],
};

/** The same for a daemon that recovers a command from `start.committed`, which was never carried out. */
const RECOVERY: readonly FaultPoint[] = ['recover.written', 'recover.committed', 'effect.inspected'];

const SCHEDULES = [{ id: 7, backup_type: 'full', frequency: 'hourly', enabled: true, minute: 1 }];

function requestOf(cmd: string, { backups }: Layout): string {
  const args = cmd === UPDATE ? { schedules: SCHEDULES } : { path: join(backups, 'b1') };
  return JSON.stringify({ cmd, args });
}

function place(t: TestContext): Layout {
  const at = prepare(testFolder(t));
  makeBackups(at.backups, 'b1');
  return at;
}

const inPlace = (cmd: string, { cronFile, backups }: Layout) =>
  cmd === UPDATE ? existsSync(cronFile) : !existsSync(join(backups, 'b1'));

/** Compares the table with the disk, and returns the end of the command. */
async function judge(daemon: TestDaemon, cmd: string, acknowledged: string | undefined): Promise<End> {
  const { at } = daemon;
  const rows = await daemon.settled();
  assert.deepEqual(daemon.query('SELECT * FROM cmd_unsettled'), []);
  assert.deepEqual(
    readdirSync(join(at.folder, 'cron.d')).filter((name) => name !== 'dbcalm'),
    [],
    'no temp file is left',
  );
  if (existsSync(at.cronFile)) assert.match(readFileSync(at.cronFile, 'utf8'), /# Schedule ID: 7\n.*\n\n$/);
  const [row] = rows;
  if (acknowledged !== undefined) assert.equal(row?.command_id, acknowledged, 'a 202 is on record');
  if (!row) {
    assert.ok(!inPlace(cmd, at));
    return 'nothing';
  }
  const steps = daemon.transitions(row.command_id);
  const starts = steps.filter(({ event }) => event === 'process.admitted');
  assert.ok(starts.length <= 1, 'it was never run twice');
  for (const [index, { from_state }] of steps.entries())
    assert.equal(from_state, steps[index - 1]?.to_state ?? null);
  if (row.status === 'success') {
    assert.ok(inPlace(cmd, at), 'a success is in place');
    return 'carried out';
  }
  assert.match(row.error as string, /What to do: /);
  if (!/interrupted by a restart of the daemon/.test(row.error as string)) return 'failed';
  assert.ok(!inPlace(cmd, at), 'what is in place is no failure');
  return 'interrupted';
}

/** Sends the command to a daemon with a fault, and returns the id of a 202 if there is one. */
async function meet(t: TestContext, at: Layout, points: readonly FaultPoint[], deed: string, cmd: string) {
  const daemon = await startDaemon(t, { folder: at.folder, ...fault(points, deed) });
  const { text } = await converse(at.socket, requestOf(cmd, at));
  if (deed === 'delay') await daemon.settled();
  const { stderr } = deed === 'kill' ? await daemon.exited : await stopped(daemon);
  for (const point of points) assert.match(stderr, new RegExp(`fault met: ${point}`));
  return text === '' ? undefined : (JSON.parse(text) as { id?: string }).id;
}

/** Stops the daemon, unless its fault has ended it. */
function stopped(daemon: TestDaemon): Promise<Exit> {
  try {
    daemon.signal('SIGTERM');
  } catch {
    // The fault has ended the daemon.
  }
  return daemon.exited;
}

test('`WALK` and `RECOVERY` cover every fault point', () => {
  assert.deepEqual([...Object.keys(WALK), ...RECOVERY].sort(), [...FAULT_POINTS].sort());
});

const POINTS = Object.keys(WALK) as FaultPoint[];

for (const [point, [cmd, killed, thrown]] of Object.entries(WALK)) {
  for (const [deed, expected] of [
    ['kill', killed],
    ['throw', thrown],
  ] as const) {
    test(`${cmd} ends as ${expected} after a ${deed} at ${point}`, async (t) => {
      const at = place(t);
      const acknowledged = await meet(t, at, [point as FaultPoint], deed, cmd);
      const next = await startDaemon(t, { folder: at.folder });
      assert.equal(await judge(next, cmd, acknowledged), expected);
    });
  }
}

for (const cmd of [DELETION, UPDATE]) {
  test(`${cmd} ends as carried out after a delay at every point that it reaches`, async (t) => {
    const at = place(t);
    const points = POINTS.filter((point) => WALK[point]?.[0] === cmd);
    const acknowledged = await meet(t, at, points, 'delay', cmd);
    const next = await startDaemon(t, { folder: at.folder });
    assert.equal(await judge(next, cmd, acknowledged), 'carried out');
  });
}

for (const [deed, points] of [
  ...RECOVERY.flatMap((point) => [['kill', [point]] as const, ['throw', [point]] as const]),
  ['delay', RECOVERY] as const,
]) {
  test(`recovery with a ${deed} at ${points.join(' and ')} does not run the command, which ends as interrupted`, async (t) => {
    const at = place(t);
    const acknowledged = await meet(t, at, ['start.committed'], 'kill', DELETION);
    const options = { folder: at.folder, ...fault(points, deed) };
    const met = points.map((point) => new RegExp(`fault met: ${point}`));
    if (deed === 'kill') await assert.rejects(startDaemon(t, options), met[0] as RegExp);
    else {
      const { stderr } = await stopped(await startDaemon(t, options));
      for (const one of met) assert.match(stderr, one);
    }
    const next = await startDaemon(t, { folder: at.folder });
    const end = await judge(next, DELETION, acknowledged);
    // An inspection that throws is reported as such.
    const inspected = deed === 'throw' && points.includes('effect.inspected');
    assert.equal(end, inspected ? 'failed' : 'interrupted');
  });
}
