import type { Socket } from 'node:net';
import { duplexPair, type Readable } from 'node:stream';
import { type AnyActorRef, type AnyStateMachine, createActor, fromCallback, toPromise } from 'xstate';
import type { Plan } from '../../commands/command.ts';
import type { Reply } from '../../io/socket/reply.ts';
import type { Holding } from '../fairness/request-budget.ts';
import type { ConnectionEnded, Listener, ProcessRequested } from '../messages.ts';
import type { Outlook } from '../process/admission.ts';
import { forecastOf } from '../process/supervisor.ts';

/** The parts of a connection actor's input that a rehearsal replaces. */
export interface RehearsalLinks {
  readonly socket: Socket;
  readonly processes: Listener<ProcessRequested>;
  readonly holding: Holding;
}

export interface RehearsalInput {
  /** The machine of the connections, as it is. */
  readonly logic: AnyStateMachine;
  readonly inputFor: (links: RehearsalLinks) => unknown;
  /** The memory that the request takes. */
  readonly openHolding: () => Holding;
  readonly processes: () => AnyActorRef;
}

export interface Rehearsed {
  readonly cmd: string | undefined;
  /** Undefined: nothing came. */
  readonly reply: Reply | undefined;
  /** The plan that would be carried out, where the reply is 202. No command has its id. */
  readonly accepted: { readonly plan: Plan; readonly outlook: Outlook } | undefined;
}

/** Handles a request as one that a client sends, up to the point where it would become a process: the connection machine
 * itself reads, checks and answers it over streams in memory, with all its limits. A stand-in takes the place of the
 * supervisor of processes. It asks the supervisor for a forecast and starts nothing. */
export async function rehearse(body: Readable, input: RehearsalInput): Promise<Rehearsed> {
  const [socket, client] = duplexPair();
  const holding = input.openHolding();
  for (const end of [socket, client]) end.on('error', () => {});
  let accepted: Rehearsed['accepted'];
  const standIn = createActor(
    fromCallback<ProcessRequested>(({ receive }) => {
      receive(({ plan, client: asking }) => {
        const forecast = forecastOf(input.processes(), plan.touches, holding.user);
        if ('refusal' in forecast) return asking.send({ type: 'process.refused', ...forecast });
        accepted = { plan, outlook: forecast.outlook };
        asking.send({ type: 'process.recorded', commandId: '' });
      });
    }),
  );
  const processes = standIn as unknown as RehearsalLinks['processes'];
  const connection = createActor(input.logic, {
    input: input.inputFor({ socket: socket as Socket, processes, holding }) as never,
  });
  try {
    const ended = Promise.race([toPromise(connection), toPromise(standIn)]);
    standIn.start();
    connection.start();
    client.resume();
    // A client that disconnects sends nothing more.
    body.once('close', () => client.end()).pipe(client);
    const { cmd, reply } = (await ended) as Omit<ConnectionEnded, 'type'>;
    return { cmd, reply, accepted };
  } finally {
    connection.stop();
    standIn.stop();
    holding.close();
    socket.destroy();
    client.destroy();
  }
}
