/** What the clients know: what they sent and what they heard. */
export class Ledger {
  requests = 0;
  refused = 0;
  /** The ids of all 202s. */
  readonly acknowledged = new Set<string>();
  /** Paths that one command alone is about: what happens there, it did. */
  readonly lone = new Set<string>();
  /** Cron updates by the id of their 202. */
  readonly updates = new Map<string, number>();
  /** Cron updates whose client heard nothing, since the last daemon started: they may be on record. */
  readonly unanswered = new Set<number>();
  #nextUpdate = 1;

  newUpdate(): number {
    return this.#nextUpdate++;
  }
}
