import { assign, sendTo, setup } from 'xstate';
import type {
  Answer,
  ProcessAdopted,
  ProcessBegun,
  ProcessQueued,
  ProcessTransitioned,
  ProcessYielded,
} from '../../actors/messages.ts';
import { awaitOrphan } from '../../actors/process/await-orphan.ts';
import {
  acceptedOf,
  recordAccepted,
  recordEnd,
  recordRecovered,
  recordStart,
} from '../../actors/process/persist.ts';
import { runChild } from '../../actors/process/run-child.ts';
import { finishStep } from '../../actors/process/steps/finish.ts';
import { type Finding, inspectEffect } from '../../actors/process/steps/inspect-effect.ts';
import { type Prepared, prepareStep } from '../../actors/process/steps/prepare.ts';
import { asDaemonError } from '../../errors.ts';
import type { ChildEnd } from '../../io/child/child.ts';
import type { ProcessIdentity } from '../../io/child/identity.ts';
import type { Transition, Unsettled } from '../../io/store/records.ts';
import {
  joined,
  MAX_RECOVERIES,
  type ProcessContext,
  type ProcessEvent,
  type ProcessInput,
} from './context.ts';

/** Every effect, action and guard of the process machine, by name. */
export const processSetup = setup({
  types: {
    input: {} as ProcessInput,
    context: {} as ProcessContext,
    events: {} as ProcessEvent,
    output: {} as { commandId: string; succeeded: boolean },
  },
  actors: {
    recordAccepted,
    recordRecovered,
    recordStart,
    recordEnd,
    awaitOrphan,
    inspectEffect,
    prepareStep,
    runChild,
    finishStep,
  },
  actions: {
    announce: sendTo(
      ({ context }) => context.observer,
      ({ context }): ProcessTransitioned => ({
        type: 'process.transitioned',
        transition: context.last as Transition,
        accepted: acceptedOf(context),
        warnings: context.plan.warnings,
        startedAt: context.startedAt,
        outcome: context.outcome,
      }),
    ),
    queue: sendTo(
      ({ context }) => context.supervisor,
      ({ context }): ProcessQueued => ({
        type: 'process.queued',
        slot: context.slot,
        touches: context.plan.touches,
      }),
    ),
    adopt: sendTo(
      ({ context }) => context.supervisor,
      ({ context }): ProcessAdopted => ({
        type: 'process.adopted',
        slot: context.slot,
        touches: context.plan.touches,
      }),
    ),
    begin: sendTo(
      ({ context }) => context.supervisor,
      ({ context }): ProcessBegun => ({ type: 'process.begun', slot: context.slot }),
    ),
    yield: sendTo(
      ({ context }) => context.supervisor,
      ({ context }): ProcessYielded => ({ type: 'process.yielded', slot: context.slot }),
    ),
    // A client that has left has no actor any more; the command is carried out all the same.
    answer: ({ context }, params: { answer: Answer }) => {
      if (context.client?.getSnapshot().status === 'active') context.client.send(params.answer);
    },
    recordChild: ({ context: { store, processId, commandId } }, params: { child: ProcessIdentity }) => {
      store.spawned(processId, commandId, params.child).catch(() => {});
    },
    // The daemon stops regularly, so the recovery of this process counts as no failed try.
    trust: ({ context: { store, recovered, processId } }) => {
      if (recovered) store.trust([processId]).catch(() => {});
    },
    replan: assign(({ context }) => {
      const planned = context.replan(context.recovered as Unsettled);
      return 'ok' in planned ? { plan: planned.ok } : { objection: planned.refusal.message };
    }),
    fail: assign(({ context }, params: { error: unknown }) => {
      const { code, stderr } = context.end;
      const error = asDaemonError(params.error);
      const text = `${stderr}${error.message}. What to do: ${error.remedy}\n`;
      return {
        end: { ...context.end, code: code === 0 ? -1 : code, stderr: text },
        next: undefined,
        why: error.message,
      };
    }),
    addEnd: assign(({ context }, params: { end: ChildEnd }) => ({
      end: joined(context.end, params.end, context.maxOutput),
      launch: undefined,
    })),
  },
  guards: {
    isRecovered: ({ context }) => context.recovered !== undefined,
    isTriedTooOften: ({ context }) => (context.recovered?.tries ?? 0) >= MAX_RECOVERIES,
    isRefusedToday: ({ context }) => context.objection !== undefined,
    wasRunning: ({ context }) => context.recovered?.state === 'running',
    isExpired: ({ context }) =>
      context.now().getTime() - context.acceptedAt.getTime() > context.pendingLifetime,
    isInPlace: ({ event }) => (event as unknown as { output: Finding }).output.inPlace,
    hasLaunch: ({ event }) => (event as unknown as { output: Prepared }).output.launch !== undefined,
    hasMore: ({ context }) => context.next !== undefined,
    succeeded: ({ context }) => context.outcome?.code === 0,
  },
});
