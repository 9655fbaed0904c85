/** The knowledge of the clients: their requests and the replies. */
export class Ledger {
  requests = 0;
  refused = 0;
  /** The ids of all 202s. */
  readonly acknowledged = new Set<string>();
  /** Paths that only one command names: every change there is its own. */
  readonly lone = new Set<string>();
  /** Cron updates by the id of their 202. */
  readonly updates = new Map<string, number>();
  /** Cron updates without a reply since the last daemon started. They may be recorded. */
  readonly unanswered = new Set<number>();
  #nextUpdate = 1;

  newUpdate(): number {
    return this.#nextUpdate++;
  }
}
