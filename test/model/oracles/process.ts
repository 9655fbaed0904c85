/** The expectations about a command, from the invariants alone: maps the words of the events to the observations. */
import type { Sight } from '../driver/walk.ts';

export type ProcessStart =
  | 'asked'
  | 'left pending'
  | 'left running'
  | 'left pending, expired'
  | 'left pending, refused today'
  | 'left running, refused today'
  | 'left pending, taken over too often'
  | 'left running, taken over too often';

type Stage =
  | 'promising'
  | 'taking over'
  | 'waiting'
  | 'starting'
  | 'preparing'
  | 'executing'
  | 'finishing'
  | 'watching'
  | 'inspecting'
  | 'settling'
  | 'over';

export interface Expected {
  readonly start: string;
  readonly stage: Stage;
  /** The reply that the client has received. */
  readonly client: string;
  /** The recorded states, in order. */
  readonly record: readonly string[];
  readonly children: number;
  readonly pid: boolean;
  readonly more: boolean;
  readonly code: number;
  /** The reported end of the work, for the step that syncs or cleans up. */
  readonly finished: string;
  readonly adopted: boolean;
  /** True if a try of this daemon must not count against the command. */
  readonly trusted: boolean;
}

const begin = (start: string): Expected => ({
  start,
  stage: start === 'asked' ? 'promising' : 'taking over',
  client: 'silence',
  record: [],
  children: 0,
  pid: false,
  more: false,
  code: 0,
  finished: 'nothing finished',
  adopted: false,
  trusted: false,
});

type Rule = (before: Expected) => Partial<Expected>;

const OVER: Rule = () => ({ stage: 'over' });
const recorded = ({ record }: Expected, what: string) => ({ record: [...record, what] });
const failure = ({ code }: Expected) => ({ code: code === 0 ? -1 : code, more: false });
const finishing = (code: number) => ({
  stage: 'finishing' as const,
  finished: code === 0 ? 'a success finished' : 'a failure finished',
});
const failing: Rule = (before) => ({ ...failure(before), ...finishing(-1) });
const exit =
  (code: number): Rule =>
  (before) => {
    const first = before.code === 0 ? code : before.code;
    return { code: first, ...(before.more ? { stage: 'preparing' } : finishing(first)) };
  };
const launched =
  (more: boolean): Rule =>
  ({ children }) => ({ stage: 'executing', more, children: children + 1 });

/** A command that had begun is never run again. A pending one runs only if it is still allowed. */
const takenOver: Rule = (before) => {
  const { start } = before;
  const was = start.startsWith('left running') ? 'running' : 'pending';
  const known = recorded(before, was);
  if (start.endsWith('too often')) return { ...known, code: -1, stage: 'settling' };
  if (was === 'running') return { ...known, stage: 'watching' };
  if (start === 'left pending') return { ...known, stage: 'waiting' };
  return { ...known, code: -1, stage: 'settling' };
};
const noChild: Rule = ({ start }) =>
  start.endsWith('refused today') ? { code: -1, stage: 'settling' } : { stage: 'inspecting' };

/** By stage, then by event. An event without an entry changes nothing observable. */
const RULES: Readonly<Record<Stage, Readonly<Record<string, Rule>>>> = {
  promising: {
    written: (before) => ({ ...recorded(before, 'pending'), client: 'a 202', stage: 'waiting' }),
    'cannot be written': () => ({ client: 'a 503', stage: 'over' }),
  },
  'taking over': { written: takenOver, 'cannot be written': OVER },
  waiting: {
    'its turn': () => ({ stage: 'starting' }),
    'the daemon drains': ({ start }) => ({ stage: 'over', trusted: start !== 'asked' }),
  },
  starting: {
    written: (before) => ({ ...recorded(before, 'running'), stage: 'preparing' }),
    'cannot be written': OVER,
  },
  preparing: {
    ready: launched(false),
    'ready, with more to come': launched(true),
    'nothing to do': ({ code }) => ({ more: false, ...finishing(code) }),
    'nothing to do, with more to come': () => ({ more: true }),
    'cannot be prepared': failing,
  },
  executing: {
    'the pid': () => ({ pid: true }),
    'exit 0': exit(0),
    'exit 1': exit(1),
    'cannot be started': failing,
    'the runner fails': failing,
  },
  finishing: {
    'made to last': () => ({ stage: 'settling' }),
    'cannot be made to last': (before) => ({ ...failure(before), stage: 'settling' }),
  },
  watching: {
    'a child lives': () => ({ adopted: true }),
    'no child lives': noChild,
    'the watch fails': noChild,
  },
  inspecting: {
    'in place': () => finishing(0),
    'not in place': failing,
    'cannot be inspected': failing,
  },
  settling: {
    written: (before) => ({ ...recorded(before, before.code === 0 ? 'succeeded' : 'failed'), stage: 'over' }),
    'cannot be written': OVER,
  },
  over: {},
};

export function expectedOf(start: string, events: readonly string[]): Expected {
  return events.reduce(happen, begin(start));
}

function happen(before: Expected, event: string): Expected {
  const rule = RULES[before.stage][event];
  return rule ? { ...before, ...rule(before) } : before;
}

/** The next event if nothing interferes. The remains tell whether an effect is in place. */
const LEFT_ALONE: Readonly<Partial<Record<Stage, string>>> = {
  promising: 'written',
  'taking over': 'written',
  waiting: 'its turn',
  starting: 'written',
  executing: 'exit 0',
  finishing: 'made to last',
  watching: 'no child lives',
  inspecting: 'not in place',
  settling: 'written',
};

/** The same events, and those that follow by themselves. */
export function leftAlone(start: string, events: readonly string[]): readonly string[] {
  const { stage } = expectedOf(start, events);
  // The next part is the last one.
  const next = stage === 'preparing' ? 'ready' : LEFT_ALONE[stage];
  return next === undefined ? events : leftAlone(start, [...events, next]);
}

export function sightOf(expected: Expected): Sight {
  const { client, record, children, pid, code, finished, adopted, trusted } = expected;
  return {
    client,
    record: record.join(', ') || 'nothing on record',
    end: endOf(expected),
    code: ENDS.test(record.at(-1) ?? '') ? `the code ${code}` : 'no code',
    children: `children: ${children}`,
    pid: pid ? 'a pid on record' : 'no pid on record',
    finished,
    adopted: adopted ? 'its place taken' : 'no place taken',
    tries: trusted ? 'the try forgotten' : 'the try counted',
  };
}

const ENDS = /^(succeeded|failed)$/;

function endOf({ stage, client, record }: Expected): string {
  if (stage !== 'over') return 'no end';
  const last = record.at(-1) ?? '';
  if (ENDS.test(last)) return last;
  return client === 'a 503' ? 'refused' : 'abandoned';
}
