/** The living actors as text. */
import type { ActorView } from '../actors/admin/actor-tree.ts';
import { duration, faint, moment, shortId, stateLook, strong } from './looks.ts';
import { printable } from './printable.ts';

type Counts = Readonly<Record<string, number>>;

/** GET /state of the admin socket. */
export interface DaemonState {
  readonly at: string;
  /** Whether nothing is carried out. */
  readonly shadow: boolean;
  readonly daemon: ActorView;
  readonly counters: {
    readonly connections: number;
    readonly replies: Counts;
    readonly accepted: Counts;
    readonly refused: Readonly<Record<string, Counts>>;
    /** By type, how often each state was reached. */
    readonly processes: Readonly<Record<string, Counts>>;
  };
  readonly readers_of_events: number;
}

interface Row {
  readonly cells: readonly string[];
  readonly state: string;
}

/** The last is cut where a terminal is too narrow. */
const TITLES = ['ACTOR', 'STATE', 'AGE', 'OF', 'LAST EVENT'];
const STATE = 1;

export function inspectText(state: DaemonState): string {
  const { at, shadow, daemon, counters, readers_of_events: readers } = state;
  const rows = rowsOf(daemon);
  const widths = TITLES.map((title, column) =>
    Math.max(title.length, ...rows.map(({ cells }) => cells[column]?.length ?? 0)),
  );
  const padded = (cells: readonly string[]) => cells.map((text, column) => text.padEnd(widths[column] ?? 0));
  return [
    ...(shadow ? ['Shadow mode: commands are recorded, and nothing is carried out'] : []),
    faint(padded(TITLES).join('  ').trimEnd()),
    ...rows.map(({ cells, state }) => {
      const texts = padded(cells);
      texts[STATE] = stateLook(state, widths[STATE]);
      return texts.join('  ').trimEnd();
    }),
    '',
    strong(`Counters at ${moment(at.replace('T', ' ').replace('Z', ''))} UTC`),
    ...countersText(counters),
    ...(readers > 0 ? [`  ${readers} read the events`] : []),
  ].join('\n');
}

function rowsOf(actor: ActorView, depth = 0): Row[] {
  const { id, state, age_ms: age, last_event: last, children, left } = actor;
  const indent = '  '.repeat(depth);
  const of = [actor.type, actor.command_id ?? actor.connection_id].filter((word) => word !== undefined);
  const cells = [
    `${indent}${printable(id)}`,
    printable(state),
    age === undefined ? '' : duration(age),
    of.map((word) => (word === actor.type ? printable(word) : shortId(word))).join(' '),
    last ? `${printable(last.type)}, ${duration(last.ms_ago)} ago` : '',
  ];
  return [
    { cells, state },
    ...children.flatMap((child) => rowsOf(child, depth + 1)),
    ...(left ? [{ cells: [`${indent}  and ${left} more`, ''], state: '' }] : []),
  ];
}

function countersText({ connections, replies, accepted, refused, processes }: DaemonState['counters']) {
  const commands = [...new Set([accepted, refused, processes].flatMap((counts) => Object.keys(counts)))];
  const line = (name: string, ...texts: string[]) =>
    `  ${printable(name)}: ${texts.filter(Boolean).join('; ')}`;
  return [
    line('connections', String(connections), counts('replies', replies)),
    ...commands.map((name) =>
      line(
        name,
        counts('reached', processes[name]),
        `${accepted[name] ?? 0} accepted`,
        counts('refused', refused[name]),
      ),
    ),
  ];
}

function counts(title: string, given: Counts = {}): string {
  const texts = Object.entries(given).map(([name, count]) => `${printable(name)} × ${count}`);
  return texts.length > 0 ? `${title} ${texts.join(', ')}` : '';
}
