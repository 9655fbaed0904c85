import type { Socket } from 'node:net';
import { createActor, fromCallback, fromPromise, type InspectionEvent, SimulatedClock } from 'xstate';
import type { ReadRequestInput, RequestEvent } from '../../src/actors/connection/read-request.ts';
import type { WriteReplyInput } from '../../src/actors/connection/write-reply.ts';
import type { Listener, ProcessRequested } from '../../src/actors/messages.ts';
import { WHITELIST } from '../../src/commands/whitelist.ts';
import type { Peer } from '../../src/io/socket/peer.ts';
import type { Refusal, Reply } from '../../src/io/socket/reply.ts';
import type { ConnectionInput } from '../../src/machines/connection/context.ts';
import { connectionMachine } from '../../src/machines/connection/machine.ts';
import { budgetOf } from './budget.ts';

export const PEER: Peer = { known: true, pid: 1, uid: 1000, gid: 1000 };

/** The input of a connection machine. `processes` receives its requests. */
export function connectionInput(
  objection?: Refusal,
  processes?: Listener<ProcessRequested>,
): ConnectionInput {
  return {
    id: 'c1',
    socket: undefined as unknown as Socket,
    peer: PEER,
    objection,
    now: () => new Date(0),
    whitelist: WHITELIST,
    settings: {
      projectName: 'dbcalm',
      cronFile: '/c/dbcalm',
      cronLogDirectory: '/l',
      deletionRoots: ['/r'],
      unsafeRoots: [],
      ownFiles: [],
    },
    processes: processes as Listener<ProcessRequested>,
    holding: budgetOf().open(1000),
    nextSlice: () => new Promise(setImmediate),
  };
}

/** A connection machine by itself. Its effects are provided and recorded, and the test controls its clock. */
export function lonelyConnection(objection?: Refusal, inspect: (event: InspectionEvent) => void = () => {}) {
  const clock = new SimulatedClock();
  const replies: { reply: Reply; linger: boolean }[] = [];
  const requests: ProcessRequested[] = [];
  const places = Promise.withResolvers<Refusal | undefined>();
  const wrote = Promise.withResolvers<boolean>();
  let destroyed = 0;
  let tell: (event: RequestEvent) => void = () => {};
  const machine = connectionMachine.provide({
    actors: {
      readRequest: fromCallback<RequestEvent, ReadRequestInput>(({ sendBack }) => {
        tell = sendBack as typeof tell;
      }),
      checkPlaces: fromPromise(() => places.promise),
      writeReply: fromPromise<boolean, WriteReplyInput>(({ input }) => {
        replies.push({ reply: input.reply, linger: input.linger });
        return wrote.promise;
      }),
    },
    actions: {
      destroySocket: () => {
        destroyed++;
      },
    },
  });
  const processes = createActor(
    fromCallback<ProcessRequested>(({ receive }) => receive((event) => requests.push(event))),
  ).start();
  const actor = createActor(machine, {
    clock,
    inspect,
    input: connectionInput(objection, processes as unknown as Listener<ProcessRequested>),
  }).start();
  return {
    actor,
    clock,
    replies,
    requests,
    wrote,
    destroyed: () => destroyed,
    state: () => JSON.stringify(actor.getSnapshot().value).replaceAll(/["{}]/g, ''),
    tell: (event: RequestEvent) => tell(event),
    receives: (bytes: number) =>
      tell({ type: 'request.received', progress: { bytes, open: 1, inString: false } }),
    places,
    /** Ends the path check. */
    async permits(refusal?: Refusal): Promise<void> {
      places.resolve(refusal);
      await new Promise(setImmediate);
    },
    completes: (text: string) =>
      tell({ type: 'request.completed', text: Buffer.from(text), at: new Date(0) }),
  };
}
