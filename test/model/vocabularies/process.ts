/** The events of the process machine, in the words of the oracle. */
import type { AnyMachineSnapshot, EventObject } from 'xstate';
import { DaemonError } from '../../../src/errors.ts';
import { refuse } from '../../../src/io/socket/reply.ts';
import type { Unsettled } from '../../../src/io/store/records.ts';
import type { ProcessContext, ProcessInput } from '../../../src/machines/process/context.ts';
import { processMachine } from '../../../src/machines/process/machine.ts';
import { LAUNCH, LEFT, processInput } from '../../support/process.ts';
import { done, failed, stateOf } from '../driver/events.ts';
import type { Vocabulary } from '../driver/paths.ts';
import type { ProcessStart } from '../oracles/process.ts';

const left = (one: Partial<Unsettled>, input: Partial<ProcessInput> = {}): Partial<ProcessInput> => ({
  recovered: { ...LEFT, ...one },
  client: undefined,
  ...input,
});
const refusedToday = { replan: () => ({ refusal: refuse(403, 'Cannot delete /r/b1') }) };
const tooLate = { now: () => new Date(LEFT.acceptedAt.getTime() + 3_600_001) };

/** The input of each process, by its start. */
export const STARTS: Readonly<Record<ProcessStart, Partial<ProcessInput>>> = {
  asked: {},
  'left pending': left({ state: 'pending', tries: 2 }),
  'left running': left({ state: 'running', tries: 2 }),
  'left pending, expired': left({ state: 'pending' }, tooLate),
  'left pending, refused today': left({ state: 'pending' }, refusedToday),
  'left running, refused today': left({ state: 'running' }, refusedToday),
  'left pending, taken over too often': left({ state: 'pending', tries: 3 }),
  'left running, taken over too often': left({ state: 'running', tries: 3 }),
};

export const CHILD = { pid: 99, start: '1', bootId: 'b' };
export const END = { stdout: '', stderr: '' };
export const TROUBLE = new DaemonError('STORE_UNAVAILABLE');

const WRITES = ['recordAccepted', 'recordRecovered', 'recordStart', 'recordEnd'];
const first = (make: (src: string) => EventObject | undefined) =>
  WRITES.map(make).find((event) => event !== undefined);
const where = (state: string, event: object) => (snapshot: AnyMachineSnapshot) =>
  stateOf(snapshot) === state ? (event as EventObject) : undefined;
const prepared = (launch: unknown, next: number | undefined) => (snapshot: AnyMachineSnapshot) =>
  done(snapshot, 'prepareStep', { launch, next });

export const processVocabulary: Vocabulary = {
  machine: processMachine,
  starts: Object.fromEntries(Object.entries(STARTS).map(([start, input]) => [start, processInput(input)])),
  events: {
    written: (snapshot) => first((src) => done(snapshot, src, src === 'recordAccepted' ? 7 : undefined)),
    'cannot be written': (snapshot) => first((src) => failed(snapshot, src, TROUBLE)),
    // Only a queued process is admitted.
    'its turn': where('pending.waiting', { type: 'process.admitted' }),
    'the daemon drains': () => ({ type: 'daemon.draining' }),
    ready: prepared(LAUNCH, undefined),
    'ready, with more to come': prepared(LAUNCH, 10),
    'nothing to do': prepared(undefined, undefined),
    'nothing to do, with more to come': prepared(undefined, 10),
    'cannot be prepared': (snapshot) => failed(snapshot, 'prepareStep', new Error('ELOOP')),
    'the pid': where('running.executing', { type: 'child.spawned', child: CHILD }),
    'exit 0': where('running.executing', { type: 'child.exited', end: { code: 0, ...END } }),
    'exit 1': where('running.executing', { type: 'child.exited', end: { code: 1, ...END } }),
    'cannot be started': where('running.executing', {
      type: 'child.refused',
      error: new DaemonError('CHILD_NOT_STARTED'),
    }),
    'the runner fails': (snapshot) => failed(snapshot, 'runChild', new Error('EMFILE')),
    'made to last': (snapshot) => done(snapshot, 'finishStep'),
    'cannot be made to last': (snapshot) => failed(snapshot, 'finishStep', new Error('EIO')),
    'a child lives': where('running.adopting', { type: 'orphan.found' }),
    'no child lives': where('running.adopting', { type: 'orphan.gone' }),
    'the watch fails': (snapshot) => failed(snapshot, 'awaitOrphan', new Error('EACCES')),
    'in place': (snapshot) => done(snapshot, 'inspectEffect', { inPlace: true, detail: '' }),
    'not in place': (snapshot) => done(snapshot, 'inspectEffect', { inPlace: false, detail: 'it is there' }),
    'cannot be inspected': (snapshot) => failed(snapshot, 'inspectEffect', new Error('EIO')),
  },
  distinguish: (snapshot) => {
    const { next, end } = snapshot.context as ProcessContext;
    return [next === undefined, end.code];
  },
};
