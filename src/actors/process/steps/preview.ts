import { once } from 'node:events';
import type { Plan, Step } from '../../../commands/command.ts';
import { DaemonError } from '../../../errors.ts';
import { type CronPreview, previewReplacement } from './preview-replacement.ts';
import { type RemovalPreview, RemovalSurvey } from './survey-removal.ts';

/** The effects that a plan would have now. */
export interface PlanPreview extends Partial<RemovalPreview> {
  readonly type: string;
  readonly does: Step['do'] | 'nothing';
  /** As `process.command` would have it. */
  readonly command: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Warnings for the operator; the command is accepted all the same. */
  readonly warnings: readonly string[];
  /** Of a cron update. */
  readonly cron?: CronPreview;
}

export interface PreviewInput {
  readonly plan: Plan;
  readonly roots: readonly string[];
  readonly now: Date;
  /** Once it is aborted, what was seen must do; of a cron file, which would be shown whole or not at all, nothing is. */
  readonly signal: AbortSignal;
}

export interface Previewing {
  /** Rejects with PREVIEW_TOO_SLOW. */
  readonly shown: Promise<PlanPreview>;
  /** Nothing is being looked at any more; a stuck disk can put it off. */
  readonly settled: Promise<unknown>;
}

/** Looks at the world, and changes nothing. */
export function previewPlan({ plan, roots, now, signal }: PreviewInput): Previewing {
  const { step, type, command, args, warnings } = plan;
  const does = step?.do ?? 'nothing';
  const frame: PlanPreview = { type, does, command, args, warnings };
  switch (step?.do) {
    case 'remove': {
      const survey = new RemovalSurvey(step.paths, roots, signal);
      const settled = survey.look();
      const enough = Promise.race([settled, once(signal, 'abort')]);
      return { settled, shown: enough.then(() => ({ ...frame, ...survey.report() })) };
    }
    case 'replace': {
      const settled = previewReplacement(step, now, signal);
      const late = once(signal, 'abort').then(() => {
        throw new DaemonError('PREVIEW_TOO_SLOW', step.target);
      });
      return { settled, shown: Promise.race([settled, late]).then((cron) => ({ ...frame, cron })) };
    }
    default:
      return { settled: Promise.resolve(), shown: Promise.resolve(frame) };
  }
}
