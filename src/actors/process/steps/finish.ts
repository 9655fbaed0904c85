import { fromPromise } from 'xstate';
import type { Step } from '../../../commands/command.ts';
import { syncDirectoryOf, unstageFile } from '../../../io/fs/staged-file.ts';
import { faultPoint } from '../../../io/os/fault-point.ts';

export interface FinishInput {
  readonly step: Step | undefined;
  readonly succeeded: boolean;
}

/** After the child: makes a rename last, or removes the staged file that was not renamed. */
export const finishStep = fromPromise<void, FinishInput>(async ({ input: { step, succeeded } }) => {
  if (step?.do !== 'replace') return;
  if (!succeeded) return unstageFile(step.target, step.id);
  await syncDirectoryOf(step.target);
  faultPoint('folder.synced');
});
