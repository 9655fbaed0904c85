import { createActor, fromCallback, fromPromise, type InspectionEvent } from 'xstate';
import type { Answer, Listener, ProcessReport, ProcessTransitioned } from '../../src/actors/messages.ts';
import type { OrphanEvent } from '../../src/actors/process/await-orphan.ts';
import type { RecordEndInput } from '../../src/actors/process/persist.ts';
import type { ChildEvent, RunChildInput } from '../../src/actors/process/run-child.ts';
import type { FinishInput } from '../../src/actors/process/steps/finish.ts';
import type { Finding } from '../../src/actors/process/steps/inspect-effect.ts';
import type { Prepared, PrepareInput } from '../../src/actors/process/steps/prepare.ts';
import type { Plan } from '../../src/commands/command.ts';
import type { ProcessIdentity } from '../../src/io/child/identity.ts';
import type { Outcome, Transition, Unsettled } from '../../src/io/store/records.ts';
import type { Store } from '../../src/io/store/store.ts';
import type { ProcessInput } from '../../src/machines/process/context.ts';
import { processMachine } from '../../src/machines/process/machine.ts';
import { shadowProcessMachine } from '../../src/machines/process/shadow.ts';
import { PEER } from './connection.ts';

export const PLAN: Plan = {
  type: 'delete_directory',
  command: '/bin/rm -rf /r/b1',
  args: { path: '/r/b1' },
  touches: ['/r/b1'],
  step: { do: 'remove', paths: ['/r/b1'] },
  warnings: [],
};

/** The record that the last daemon left of a command with PLAN. */
export const LEFT: Unsettled = {
  processId: 7,
  commandId: 'u',
  connectionId: 'c1',
  peer: PEER,
  request: '{}',
  acceptedAt: new Date(1000),
  state: 'pending',
  tries: 0,
  child: undefined,
  type: PLAN.type,
  command: PLAN.command,
};

export const LAUNCH = { file: '/bin/rm', args: [], fds: [], names: new Map() };

/** The input of a process machine. Its default listeners discard all events. */
export function processInput(input: Partial<ProcessInput> = {}): ProcessInput {
  return {
    slot: 'process-0',
    commandId: 'u',
    connectionId: 'c1',
    peer: PEER,
    plan: PLAN,
    request: '{}',
    acceptedAt: new Date(1000),
    deletionRoots: ['/r'],
    unsafeRoots: [],
    ownFiles: [],
    maxOutput: 100,
    pendingLifetime: 3_600_000,
    now: () => new Date(2000),
    nextSlice: () => new Promise(setImmediate),
    store: undefined as unknown as Store,
    client: undefined,
    supervisor: undefined as unknown as Listener<ProcessReport>,
    observer: undefined as unknown as Listener<ProcessTransitioned>,
    recovered: undefined,
    replan: () => ({ ok: PLAN }),
    ...input,
  };
}

/** A process machine by itself. `did` records all its effects in order, and each effect ends when the test resolves
 * it. A `shadow` keeps its own effects, except those that record and those of the real machine that were left in it
 * by mistake. */
export function lonelyProcess(
  input: Partial<ProcessInput> = {},
  inspect: (event: InspectionEvent) => void = () => {},
  kind: 'real' | 'shadow' = 'real',
) {
  const did: string[] = [];
  const gates: Record<string, PromiseWithResolvers<unknown>> = {};
  const outcomes: Outcome[] = [];
  const written: Transition[] = [];
  let child: (event: ChildEvent) => void = () => {};
  let orphan: (event: OrphanEvent) => void = () => {};
  const gate = (name: string): Promise<unknown> => {
    did.push(name);
    const made = Promise.withResolvers<unknown>();
    gates[name] = made;
    return made.promise;
  };
  const recording = (name: string) =>
    fromPromise(({ input }: { input: { store: Store; transition: Transition } }) => {
      written.push(input.transition);
      return gate(name) as Promise<void>;
    });
  const hands = {
    awaitOrphan: fromCallback<OrphanEvent, never>(({ sendBack }) => {
      did.push('look for the child');
      orphan = sendBack as typeof orphan;
    }) as never,
    inspectEffect: fromPromise(() => gate('inspect') as Promise<Finding>) as never,
    prepareStep: fromPromise<Prepared, PrepareInput>(({ input }) => {
      did.push(`from ${input.from}`);
      return gate('prepare') as Promise<Prepared>;
    }),
    finishStep: fromPromise<void, FinishInput>(({ input }) => {
      did.push(input.succeeded ? 'after success' : 'after failure');
      return gate('finish') as Promise<void>;
    }),
    runChild: fromCallback<ChildEvent, RunChildInput>(({ sendBack }) => {
      did.push('spawn');
      child = sendBack as typeof child;
    }),
  };
  const machine = (kind === 'shadow' ? shadowProcessMachine : processMachine).provide({
    actors: {
      ...(kind === 'shadow' ? leftReal(hands) : hands),
      recordAccepted: fromPromise(() => gate('recordAccepted') as Promise<number>),
      recordStart: recording('recordStart'),
      recordRecovered: recording('recordRecovered'),
      recordEnd: fromPromise<void, RecordEndInput>(({ input: { transition, outcome } }) => {
        written.push(transition);
        outcomes.push(outcome);
        return gate('recordEnd') as Promise<void>;
      }),
    },
  });
  const listener = <E extends { type: string }>(tell: (event: E) => string) =>
    createActor(
      fromCallback<E>(({ receive }) => receive((event) => did.push(tell(event)))),
    ).start() as unknown as Listener<E>;
  const store = {
    spawned: async (_id: number, _commandId: string, { pid }: ProcessIdentity) => {
      did.push(`pid ${pid}`);
    },
    trust: async () => {
      did.push('trust');
    },
  } as unknown as Store;
  const client = listener<Answer>(({ type }) => type);
  const actor = createActor(machine, {
    inspect,
    input: processInput({
      store,
      client,
      supervisor: listener<ProcessReport>(({ type }) => type),
      observer: listener<ProcessTransitioned>(({ transition }) => `hear ${transition.to}`),
      ...input,
    }),
  }).start();
  return {
    actor,
    did,
    outcomes,
    written,
    client,
    state: () => JSON.stringify(actor.getSnapshot().value).replaceAll(/["{}]/g, ''),
    child: (event: ChildEvent) => child(event),
    orphan: (type: OrphanEvent['type']) => orphan({ type }),
    /** Ends an effect that has begun. */
    async done(name: string, value?: unknown): Promise<void> {
      gates[name]?.resolve(value);
      await new Promise(setImmediate);
    },
    async fails(name: string, error: unknown): Promise<void> {
      gates[name]?.reject(error);
      await new Promise(setImmediate);
    },
    /** Returns the effects since the last call. */
    news: () => did.splice(0),
  };
}

/** Returns the effects that a shadow shares with the real machine: none, unless by mistake. */
function leftReal<H extends object>(hands: H): Partial<H> {
  const [real, shadow] = [processMachine, shadowProcessMachine].map(
    ({ implementations }) => implementations.actors as Readonly<Record<string, unknown>>,
  );
  return Object.fromEntries(
    Object.entries(hands).filter(([name]) => shadow?.[name] === real?.[name]),
  ) as Partial<H>;
}
