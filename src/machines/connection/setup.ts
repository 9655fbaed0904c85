import { assign, sendTo, setup } from 'xstate';
import { checkPlaces } from '../../actors/connection/check-paths.ts';
import { readRequest } from '../../actors/connection/read-request.ts';
import { writeReply } from '../../actors/connection/write-reply.ts';
import type { ProcessRequested } from '../../actors/messages.ts';
import type { Plan } from '../../commands/command.ts';
import { parseRequest, planRequest, type Request } from '../../commands/request.ts';
import { DaemonError } from '../../errors.ts';
import type { Progress } from '../../io/socket/framing.ts';
import { type Refusal, type Reply, refuse, refuseFor } from '../../io/socket/reply.ts';
import {
  CONNECTION_LIMITS,
  type ConnectionContext,
  type ConnectionEvent,
  type ConnectionInput,
  type ConnectionOutput,
  describeMissing,
  understand,
} from './context.ts';

const refused = (reply: Refusal) => ({ reply });

/** Every effect, action, guard and delay of the connection machine, by name. */
export const connectionSetup = setup({
  types: {
    input: {} as ConnectionInput,
    context: {} as ConnectionContext,
    events: {} as ConnectionEvent,
    output: {} as ConnectionOutput,
  },
  actors: { readRequest, checkPlaces, writeReply },
  actions: {
    keepProgress: assign((_, params: { progress: Progress }) => ({ progress: params.progress })),
    keepText: assign(({ context }, params: { text: Buffer; at: Date; early: boolean }) => ({
      ...params,
      progress: { ...context.progress, bytes: params.text.length },
    })),
    parse: assign(({ context }) => {
      const outcome = parseRequest(context.text as Buffer);
      return 'ok' in outcome ? { request: outcome.ok } : refused(outcome.refusal);
    }),
    plan: assign(({ context: { request, whitelist, settings, at, id } }) => {
      const outcome = planRequest(request as Request, whitelist, settings, { at, id });
      if ('ok' in outcome) return { plan: outcome.ok, request: undefined };
      return { ...refused(outcome.refusal), understood: understand(request as Request), request: undefined };
    }),
    requestProcess: sendTo(
      ({ context }) => context.processes,
      ({ context, self }): ProcessRequested => ({
        type: 'process.requested',
        plan: context.plan as Plan,
        request: String(context.text),
        at: context.at,
        connectionId: context.id,
        peer: context.peer,
        holding: context.holding,
        client: self,
      }),
    ),
    refuseIncomplete: assign(({ context }) => ({
      ...refused(refuse(400, describeMissing(context.progress))),
      early: true,
    })),
    // It may be sending already: what it sends is drained, so that it gets its reply.
    refuseUnwelcome: assign(({ context }) => ({ reply: context.objection, early: true })),
    refuseCrowded: assign(() => ({
      ...refused(refuseFor(503, new DaemonError('MEMORY_BUDGET_FULL'))),
      early: true,
    })),
    keepWaits: assign((_, params: { waits: boolean }) => params),
    leaveQueue: ({ context }) => context.holding.leave(),
    refuseOversized: assign({ reply: refuse(400, 'Message too large'), early: true }),
    refuseUnchecked: assign({ reply: refuseFor(503, new DaemonError('CHECK_TOO_SLOW')) }),
    refuseUnrecorded: assign({ reply: refuseFor(503, new DaemonError('ACCEPT_TOO_SLOW')) }),
    reply: assign((_, params: { reply: Reply }) => ({ reply: params.reply })),
    keepDelivered: assign((_, params: { output: boolean }) => ({ delivered: params.output })),
    // A reply that is followed by lingering has reached the client, whether or not the client closes; otherwise it has not.
    judgeDelivered: assign(({ context }) => ({ delivered: context.early })),
    destroySocket: ({ context }) => {
      context.socket.destroy();
    },
  },
  guards: {
    isUnwelcome: ({ context }) => context.objection !== undefined,
    nothingCame: ({ context }) => context.progress.bytes === 0,
    isWaiting: ({ context }) => context.waits,
    isForbidden: ({ event }) => (event as unknown as { output: unknown }).output !== undefined,
    isRefused: ({ context }) => context.reply !== undefined,
  },
  delays: {
    ...CONNECTION_LIMITS,
    REPLY_PATIENCE: ({ context }) =>
      context.early ? CONNECTION_LIMITS.LINGER_LIMIT : CONNECTION_LIMITS.REPLY_LIMIT,
  },
});
