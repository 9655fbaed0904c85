/** In which order, and how many at once, the commands of the last daemon are taken over. Plain data; the supervisor of
 * processes holds it. */
import type { Unsettled } from '../../io/store/records.ts';

export interface RecoveryEffects {
  /** Starts the machine of one; returns its slot. */
  readonly start: (one: Unsettled) => string;
  /** Forgets the tries of those that did no harm. */
  readonly trust: (processIds: readonly number[]) => void;
  readonly done: () => void;
}

export class Recovery {
  /** Where the last daemon died of its recovery, each goes alone until it has begun: so the next daemon knows which one
   * it died of, by the count of its tries. */
  readonly cautious: boolean;
  readonly #effects: RecoveryEffects;
  readonly #groups: (readonly Unsettled[])[];
  /** By slot: the processes of the group that are not through yet. */
  readonly #open = new Map<string, Unsettled>();
  #group: readonly Unsettled[] = [];

  /** Those that were running come first: what they touch is theirs until their end is known. */
  constructor(unsettled: readonly Unsettled[], effects: RecoveryEffects) {
    this.#effects = effects;
    this.cautious = unsettled.some(({ tries }) => tries > 0);
    const running = unsettled.filter(({ state }) => state === 'running');
    const pending = unsettled.filter(({ state }) => state === 'pending');
    this.#groups = this.cautious ? [...running, ...pending].map((one) => [one]) : [running, pending];
  }

  begin(): void {
    this.#group = this.#groups.shift() ?? [];
    for (const one of this.#group) this.#open.set(this.#effects.start(one), one);
    if (this.#open.size > 0) return;
    if (this.#groups.length === 0) this.#effects.done();
    else this.begin();
  }

  /** The slots of the group's processes that are not through yet. */
  get open(): readonly string[] {
    return [...this.#open.keys()];
  }

  /** Notes that a process is through: it waits for admission, has begun, is watched, or has ended. */
  through(slot: string): void {
    if (!this.#open.delete(slot) || this.#open.size > 0) return;
    // A process that only waits is not known to be harmless yet: its start or its end clears its tries.
    const harmless = this.#group.filter(({ state }) => this.cautious || state === 'running');
    if (harmless.length > 0) this.#effects.trust(harmless.map(({ processId }) => processId));
    this.begin();
  }

  /** Takes over no further processes: the next daemon does. */
  stop(): void {
    this.#groups.length = 0;
    this.#open.clear();
  }
}
