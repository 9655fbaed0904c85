/** An answer that comes before this (ms) costs nothing: a busy machine takes as long. */
export const UNTIMED_MS = 20;

/** How long the event loop may wait at once (ms). */
const BURST_MS = 2_000;
/** The share of the time that it may wait in the long run. */
const SHARE = 0.1;

/** Bounds the time that the event loop waits for answers, whether they come or not. */
export class WaitingBudget {
  #leftMs = BURST_MS;
  #at = performance.now();

  spend(tookMs: number): void {
    this.#refill();
    this.#leftMs -= Math.max(0, tookMs - UNTIMED_MS);
  }

  /** How long (ms) no question may be asked; 0 where one may. */
  get pauseMs(): number {
    this.#refill();
    return this.#leftMs >= 0 ? 0 : -this.#leftMs / SHARE;
  }

  #refill(): void {
    const now = performance.now();
    this.#leftMs = Math.min(BURST_MS, this.#leftMs + (now - this.#at) * SHARE);
    this.#at = now;
  }
}
