/** The external observations of one command: by its client, in the log, in the tables and on the disk. */
import type { TestDaemon } from '../../support/daemon.ts';
import type { Path } from '../driver/paths.ts';
import type { Sight } from '../driver/walk.ts';
import { type Expected, expectedOf, leftAlone } from '../oracles/process.ts';

/** `logged`: how many bytes of the log another daemon wrote. `isRight`: whether a command with this status left the
 * disk in the right state. */
export function see(
  daemon: TestDaemon,
  logged: number,
  id: string | undefined,
  client: string,
  isRight: (status: string | undefined) => boolean,
): Sight {
  const row = daemon.rows().find(({ command_id }) => command_id === id);
  const lines = daemon.logLines(logged);
  const told = lines.flatMap((line) => (line.command_id === id && id ? toldBy(line) : []));
  return {
    client,
    told: told.join(', ') || 'nothing told',
    table: id === undefined ? NO_TRANSITION : transitionsIn(daemon, id),
    row: row ? `a row that says ${row.status}` : 'no row',
    code: row?.return_code == null ? 'no code' : `the code ${row.return_code}`,
    disk: isRight(row?.status) ? RIGHT : 'something else on the disk than the row says',
  };
}

const RIGHT = 'what the row says, on the disk';
const NO_TRANSITION = 'no transition in the table';

const transitionsIn = (daemon: TestDaemon, id: string) =>
  inTable(daemon.transitions(id).map(({ to_state }) => to_state));

const inTable = (states: readonly string[]) =>
  states.length === 0 ? NO_TRANSITION : `in the table: ${states.join(', ')}`;

function toldBy({ msg, state }: Record<string, unknown>): readonly string[] {
  if (msg === 'recovered') return [state as string];
  if (msg === 'accepted') return ['pending'];
  return ['running', 'succeeded', 'failed'].filter((what) => what === msg);
}

/** The expectation once nothing interferes any more. */
export function expectedInTheEnd(path: Path): Sight {
  const { start, events } = path;
  const all = leftAlone(start, events);
  const expected = expectedOf(start, all);
  const before = expectedOf(start, all.slice(0, -1));
  const unwritten = before.stage === 'settling';
  const [end] = expected.record.slice(-1).filter((state) => /succeeded|failed/.test(state));
  // The commit was on disk before the fault, so the end is recorded without an announcement.
  const success = end === undefined ? expected.code === 0 : end === 'succeeded';
  const settled = end !== undefined || unwritten;
  const untold = all.at(-1) === 'cannot be written' ? onRecordAfter(before, success) : [];
  return {
    client: expected.client,
    told: expected.record.join(', ') || 'nothing told',
    table: inTable([...leftBy(start), ...expected.record, ...untold]),
    row: rowOf(expected, settled, success),
    code: settled ? `the code ${expected.code}` : 'no code',
    disk: RIGHT,
  };
}

/** Returns the states that the previous daemon has recorded. */
function leftBy(start: string): readonly string[] {
  if (start === 'asked') return [];
  return start.startsWith('left running') ? ['pending', 'running'] : ['pending'];
}

/** Returns the states that are recorded without an announcement, since the fault came with the commit. */
function onRecordAfter({ start, stage }: Expected, success: boolean): readonly string[] {
  switch (stage) {
    case 'taking over':
      return leftBy(start).slice(-1);
    case 'starting':
      return ['running'];
    case 'settling':
      return [success ? 'succeeded' : 'failed'];
    default:
      return [];
  }
}

function rowOf({ client }: Expected, settled: boolean, success: boolean): string {
  if (client === 'a 503') return 'no row';
  return `a row that says ${settled ? (success ? 'success' : 'failed') : 'running'}`;
}
