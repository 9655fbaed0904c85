import { createActor, fromCallback, fromPromise } from 'xstate';
import type { FinishInput } from '../../src/actors/finish-step.ts';
import type { Answer, Listener, ProcessQueued, ProcessTransitioned } from '../../src/actors/messages.ts';
import type { Prepared, PrepareInput } from '../../src/actors/prepare-step.ts';
import type { ChildEvent, RunChildInput } from '../../src/actors/run-child.ts';
import type { Plan } from '../../src/commands/command.ts';
import type { Outcome, Store, Transition } from '../../src/io/store.ts';
import { processMachine } from '../../src/machines/process.ts';

export const PLAN: Plan = {
  type: 'delete_directory',
  command: '/bin/rm -rf /r/b1',
  args: { path: '/r/b1' },
  touches: ['/r/b1'],
  step: { do: 'remove', paths: ['/r/b1'] },
  warnings: [],
};

export const LAUNCH = { file: '/bin/rm', args: [], fds: [], names: new Map() };

/** A process machine by itself. Everything that it does stands in `did`, in order; each effect is done when the test
 * resolves it. */
export function lonelyProcess() {
  const did: string[] = [];
  const gates: Record<string, PromiseWithResolvers<unknown>> = {};
  const outcomes: Outcome[] = [];
  const written: Transition[] = [];
  let child: (event: ChildEvent) => void = () => {};
  const gate = (name: string): Promise<unknown> => {
    did.push(name);
    const made = Promise.withResolvers<unknown>();
    gates[name] = made;
    return made.promise;
  };
  const machine = processMachine.provide({
    actors: {
      recordAccepted: fromPromise(() => gate('recordAccepted') as Promise<number>),
      recordStart: fromPromise(({ input }: { input: { store: Store; transition: Transition } }) => {
        written.push(input.transition);
        return gate('recordStart') as Promise<void>;
      }),
      recordEnd: fromPromise(
        ({ input }: { input: { store: Store; transition: Transition; outcome: Outcome } }) => {
          written.push(input.transition);
          outcomes.push(input.outcome);
          return gate('recordEnd') as Promise<void>;
        },
      ),
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
    },
  });
  const listener = <E extends { type: string }>(tell: (event: E) => string) =>
    createActor(
      fromCallback<E>(({ receive }) => receive((event) => did.push(tell(event)))),
    ).start() as unknown as Listener<E>;
  const store = {
    spawned: async (_: number, pid: number) => {
      did.push(`pid ${pid}`);
    },
  } as unknown as Store;
  const client = listener<Answer>(({ type }) => type);
  const actor = createActor(machine, {
    input: {
      slot: 'process-0',
      commandId: 'u',
      connectionId: 'c1',
      plan: PLAN,
      acceptedAt: new Date(1000),
      deletionRoots: ['/r'],
      maxOutput: 100,
      now: () => new Date(2000),
      store,
      client,
      supervisor: listener<ProcessQueued>(({ type }) => type),
      observer: listener<ProcessTransitioned>(({ transition }) => `hear ${transition.to}`),
    },
  }).start();
  return {
    actor,
    did,
    outcomes,
    written,
    client,
    state: () => JSON.stringify(actor.getSnapshot().value).replaceAll(/["{}]/g, ''),
    child: (event: ChildEvent) => child(event),
    /** Ends an effect that was begun. */
    async done(name: string, value?: unknown): Promise<void> {
      gates[name]?.resolve(value);
      await new Promise(setImmediate);
    },
    async fails(name: string, error: unknown): Promise<void> {
      gates[name]?.reject(error);
      await new Promise(setImmediate);
    },
    /** What was done since the last look. */
    news: () => did.splice(0),
  };
}
