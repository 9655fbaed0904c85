import type { Readable } from 'node:stream';
import { encodeReply, type Reply } from '../../io/socket/reply.ts';
import type { CommandRehearsed, Listener } from '../messages.ts';
import type { Outlook } from '../process/admission.ts';
import type { PlanPreview } from '../process/steps/preview.ts';
import { type RehearsalInput, rehearse } from './rehearse.ts';

export interface AdmissionPreview {
  /** Whether it would run without waiting. */
  readonly at_once: boolean;
  /** The commands that work on the same paths, and would be waited for. */
  readonly behind: readonly string[];
  readonly running: number;
  readonly max_running: number;
}

/** The outcome that a request would have now. The first three fields are the reply of the command socket. */
export interface DryRun {
  readonly code: Reply['code'];
  readonly status: string;
  readonly message?: string;
  /** These two where it would be accepted. */
  readonly admission?: AdmissionPreview;
  readonly plan?: PlanPreview;
}

export interface DryRunsInput extends RehearsalInput {
  readonly roots: readonly string[];
  readonly now: () => Date;
  readonly observer: () => Listener<CommandRehearsed>;
}

/** Each may keep a thread of the pool busy. */
export const MAX_DRY_RUNS = 2;

/** How long (ms) the disk is looked at; then what was seen must do. */
export const LOOK_LIMIT = 10_000;

/** Tells what would be done, and does nothing. */
export class DryRuns {
  readonly #input: DryRunsInput;
  #underWay = 0;

  constructor(input: DryRunsInput) {
    this.#input = input;
  }

  get isFull(): boolean {
    return this.#underWay >= MAX_DRY_RUNS;
  }

  /** Of the request in `body`; undefined where it is empty. */
  async run(body: Readable): Promise<DryRun | undefined> {
    const { roots, now, observer } = this.#input;
    let settled: Promise<unknown> = Promise.resolve();
    this.#underWay++;
    try {
      const { cmd, reply, accepted } = await rehearse(body, this.#input);
      if (!reply) return undefined;
      observer().send({ type: 'command.rehearsed', cmd, code: reply.code });
      if (!accepted) return shownAs(reply);
      // The first dry run loads its libraries.
      const { previewPlan } = await import('../process/steps/preview.ts');
      const signal = AbortSignal.timeout(LOOK_LIMIT);
      const preview = previewPlan({ plan: accepted.plan, roots, now: now(), signal });
      settled = preview.settled;
      const plan = await preview.shown;
      return { ...shownAs(reply), admission: admissionOf(accepted.outlook), plan };
    } finally {
      settled.catch(() => {}).then(() => this.#underWay--);
    }
  }
}

/** The reply, to the letter, without the id: no command gets it. */
function shownAs(reply: Reply): Pick<DryRun, 'code' | 'status' | 'message'> {
  const { code, status, message } = JSON.parse(String(encodeReply(reply))) as DryRun;
  return message === undefined ? { code, status } : { code, status, message };
}

function admissionOf({ atOnce, behind, running, maxRunning }: Outlook): AdmissionPreview {
  return { at_once: atOnce, behind, running, max_running: maxRunning };
}
