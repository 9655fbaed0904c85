/** Stand-ins for the actors with effects outside the daemon, used in shadow mode. */
import { fromCallback, fromPromise } from 'xstate';
import type { AwaitOrphanInput, OrphanEvent } from './await-orphan.ts';
import type { ChildEvent, RunChildInput } from './run-child.ts';
import type { FinishInput } from './steps/finish.ts';
import type { Finding, InspectInput } from './steps/inspect-effect.ts';
import type { Prepared, PrepareInput } from './steps/prepare.ts';

export const SHADOW_OUTPUT = 'shadow mode: nothing was carried out\n';

/** A launch that names no program; nothing is pinned, nothing is staged. */
export const shadowPrepareStep = fromPromise<Prepared, PrepareInput>(async () => ({
  launch: { file: '', args: [], fds: [], names: new Map() },
  next: undefined,
}));

export const shadowRunChild = fromCallback<ChildEvent, RunChildInput>(({ sendBack }) => {
  (sendBack as (event: ChildEvent) => void)({
    type: 'child.exited',
    end: { code: 0, stdout: SHADOW_OUTPUT, stderr: '' },
  });
});

export const shadowFinishStep = fromPromise<void, FinishInput>(async () => {});

/** A daemon in shadow mode leaves no child. A matching child belongs to the daemon that runs at the same time. */
export const shadowAwaitOrphan = fromCallback<OrphanEvent, AwaitOrphanInput>(({ sendBack }) => {
  (sendBack as (event: OrphanEvent) => void)({ type: 'orphan.gone' });
});

export const shadowInspectEffect = fromPromise<Finding, InspectInput>(async () => ({
  inPlace: false,
  detail: 'it ran in shadow mode, and would not have been carried out',
}));
