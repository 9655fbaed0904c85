import type { Row, TransitionRow } from '../support/daemon.ts';

interface Open {
  readonly row: number;
  readonly touches: readonly string[];
}

/** Describes each command that began before the end of an earlier one on the same paths. `steps`: all transitions in
 * order. */
export function overtakings(
  steps: readonly TransitionRow[],
  rows: readonly Row[],
  cronFile: string,
): string[] {
  const touches = new Map(rows.map((row) => [row.id, touchesOf(row, cronFile)]));
  const open = new Map<string, Open>();
  const found: string[] = [];
  for (const { process_id: row, command_id: id, event, to_state: state } of steps) {
    if (event === 'process.requested') open.set(id, { row, touches: touches.get(row) ?? [] });
    else if (state === 'succeeded' || state === 'failed') open.delete(id);
    const begun = event === 'process.admitted' && open.get(id);
    if (!begun) continue;
    for (const other of open.values()) {
      if (other.row < row && overlap(begun, other))
        found.push(`row ${row} began before row ${other.row} had ended`);
    }
  }
  return found;
}

const touchesOf = ({ type, command }: Row, cronFile: string): readonly string[] =>
  type === 'update_cron_schedules' ? [cronFile] : command.split(' ').slice(2);

const isWithin = (inner: string, outer: string) => inner === outer || inner.startsWith(`${outer}/`);

const overlap = (one: Open, other: Open): boolean =>
  one.touches.some((a) => other.touches.some((b) => isWithin(a, b) || isWithin(b, a)));
