/** The process machine as a subject: its actors are provided. */
import type { InspectionEvent } from 'xstate';
import { DaemonError } from '../../../src/errors.ts';
import { LAUNCH, lonelyProcess } from '../../support/process.ts';
import type { Path } from '../driver/paths.ts';
import type { Sight, Subject } from '../driver/walk.ts';
import type { ProcessStart } from '../oracles/process.ts';
import { CHILD, END, STARTS, TROUBLE } from '../vocabularies/process.ts';
import { check } from './clock.ts';

export function simulatedProcess(path: Path, inspect: (event: InspectionEvent) => void): Subject {
  return subjectOf(path, lonelyProcess(STARTS[path.start as ProcessStart], inspect));
}

export function subjectOf(path: Path, process: ReturnType<typeof lonelyProcess>): Subject {
  const { actor, child, orphan, done, fails } = process;
  const write = () => process.did.findLast((what) => what.startsWith('record')) as string;
  const prepared = (launch: unknown, next: number | undefined) => () => done('prepare', { launch, next });
  const exits = (code: number) => () => child({ type: 'child.exited', end: { code, ...END } });
  // A callback has no failure of its own.
  const failure = (state: string) => () =>
    actor.send({ type: `xstate.error.actor.0.process.${state}`, error: new Error('EIO') } as never);
  const events: Subject['events'] = {
    written: () => done(write(), write() === 'recordAccepted' ? 7 : undefined),
    'cannot be written': () => fails(write(), TROUBLE),
    'its turn': () => actor.send({ type: 'process.admitted' }),
    'the daemon drains': () => actor.send({ type: 'daemon.draining' }),
    ready: prepared(LAUNCH, undefined),
    'ready, with more to come': prepared(LAUNCH, 10),
    'nothing to do': prepared(undefined, undefined),
    'nothing to do, with more to come': prepared(undefined, 10),
    'cannot be prepared': () => fails('prepare', new Error('ELOOP')),
    'the pid': () => child({ type: 'child.spawned', child: CHILD }),
    'exit 0': exits(0),
    'exit 1': exits(1),
    'cannot be started': () => child({ type: 'child.refused', error: new DaemonError('CHILD_NOT_STARTED') }),
    'the runner fails': failure('running.executing'),
    'made to last': () => done('finish'),
    'cannot be made to last': () => fails('finish', new Error('EIO')),
    'a child lives': () => orphan('orphan.found'),
    'no child lives': () => orphan('orphan.gone'),
    'the watch fails': failure('running.adopting'),
    'in place': () => done('inspect', { inPlace: true, detail: '' }),
    'not in place': () => done('inspect', { inPlace: false, detail: 'it is there' }),
    'cannot be inspected': () => fails('inspect', new Error('EIO')),
  };
  const states = path.states.map((state) => [state, () => check(state, process.state())] as const);
  return {
    events,
    states: Object.fromEntries(states),
    rest: () => see(process),
    end: () => actor.stop(),
  };
}

const REPLIES: Readonly<Record<string, string>> = {
  'process.recorded': 'a 202',
  'process.refused': 'a 503',
};

function see({ did, outcomes, actor }: ReturnType<typeof lonelyProcess>): Sight {
  const heard = did.filter((what) => what.startsWith('hear ')).map((what) => what.slice(5));
  const ended = /succeeded|failed/.test(heard.at(-1) ?? '');
  const { status, value, output } = actor.getSnapshot();
  const succeeded = output?.succeeded;
  if (ended && succeeded !== (heard.at(-1) === 'succeeded')) throw new Error('its output is not its end');
  return {
    client: did.flatMap((what) => REPLIES[what] ?? []).join(', ') || 'silence',
    record: heard.join(', ') || 'nothing on record',
    end: status === 'done' ? String(value) : 'no end',
    pid: did.includes(`pid ${CHILD.pid}`) ? 'a pid on record' : 'no pid on record',
    code: ended ? `the code ${outcomes.at(-1)?.code}` : 'no code',
    children: `children: ${did.filter((what) => what === 'spawn').length}`,
    finished:
      did.findLast((what) => what.startsWith('after '))?.replace(/after (.*)/, 'a $1 finished') ??
      'nothing finished',
    adopted: did.includes('process.adopted') ? 'its place taken' : 'no place taken',
    tries: did.includes('trust') ? 'the try forgotten' : 'the try counted',
  };
}
