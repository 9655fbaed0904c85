/** The history of a command as text. */
import type { AuditRow, CommandHistory, Step } from '../io/history/rows.ts';
import { between, clock, duration, faint, moment, stateLook, strong } from './looks.ts';
import { printable, printableBlock } from './printable.ts';

/** A command may have 150,000 paths: the text shows the first ones, the JSON all. */
const MAX_PATHS = 10;
const MAX_TEXT = 2_000;
export const cut = (text: string) => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text);

/** `name`: returns the user name of a uid. */
type Name = (uid: number) => string | undefined;

export function showText(history: CommandHistory, name: Name): string {
  const { process: row, state, transitions } = history;
  return [
    `${strong(printable(row.command_id))}  ${stateLook(state)}`,
    ...facts(history, name),
    ...(transitions.length > 0 ? ['', strong('Transitions'), ...transitions.map(stepText)] : []),
    ...block('Output', row.output),
    ...block('Error', row.error),
  ].join('\n');
}

function facts({ process: row, audit }: CommandHistory, name: Name): string[] {
  const { end_time: end, return_code: code } = row;
  const lines: [string, string | undefined][] = [
    ['type', row.type],
    ['command', row.command],
    ['args', row.args],
    ['started', `${moment(row.start_time)} UTC`],
    ['ended', end === null ? undefined : endText(row.start_time, end)],
    ['exit code', code === null ? undefined : String(code)],
    ['pid', row.pid ? String(row.pid) : undefined],
    ...audit.slice(0, 1).flatMap((entry) => asked(entry, name)),
  ];
  return lines.filter(([, text]) => text !== undefined).map(([label, text]) => fact(label, text as string));
}

const endText = (start: string, end: string) => `${moment(end)} UTC, after ${duration(between(start, end))}`;
const fact = (label: string, text: string) => `  ${faint(label.padEnd(9))}  ${printable(cut(text))}`;

/** Returns the client and the subject of the request, from the audit. */
function asked(entry: AuditRow, name: Name): [string, string][] {
  const { uid, gid, pid, connection_id, paths, paths_left, schedule_count } = entry;
  const user = uid === null ? undefined : name(uid);
  const known = `uid ${uid}${user === undefined ? '' : ` (${user})`}, gid ${gid}, pid ${pid}`;
  const who = uid === null ? 'somebody unknown' : known;
  const shown = paths.slice(0, MAX_PATHS);
  const left = paths.length - shown.length + paths_left;
  return [
    ['asked by', `${who}, connection ${connection_id}`],
    ...(schedule_count === null ? [] : [['schedules', String(schedule_count)] as [string, string]]),
    ...shown.map((path, at): [string, string] => [at === 0 ? 'touches' : '', path]),
    ...(left > 0 ? [['', `and ${left} more`] as [string, string]] : []),
  ];
}

export function stepText({ from_state, to_state, event, at, why }: Step): string {
  const from = printable(from_state ?? '').padStart(9);
  const reason = why === null ? '' : faint(`: ${printable(why)}`);
  return `  ${clock(at)}  ${from} → ${stateLook(to_state, 9)}  ${printable(event)}${reason}`;
}

function block(title: string, text: string | null): string[] {
  if (text === null || text === '') return [];
  const lines = printableBlock(text).trimEnd().split('\n');
  return ['', strong(title), ...lines.map((line) => `  ${line}`)];
}

/** The end of a command whose transitions were already printed. */
export function endingText({ process: row, state }: CommandHistory): string {
  const took = row.end_time === null ? '' : ` after ${duration(between(row.start_time, row.end_time))}`;
  const summary = `${stateLook(state)}${took}, exit code ${row.return_code}: ${printable(cut(row.command))}`;
  return [summary, ...block('Output', row.output), ...block('Error', row.error)].join('\n');
}
