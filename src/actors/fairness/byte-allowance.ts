/** A token bucket of bytes for each user, which bounds the bytes that are written about it. A text that is written when there
 * is room may be longer than the room; it is paid for by waiting. Plain data. */

export interface AllowanceLimits {
  /** May be written at once. */
  readonly burstBytes: number;
  readonly bytesPerSecond: number;
}

/** Users that were written about longest ago are forgotten beyond this. */
const MAX_REMEMBERED_COUNT = 1_000;

interface Account {
  spentBytes: number;
  /** Of the clock that the caller has, in milliseconds. */
  atMs: number;
}

export class ByteAllowance {
  readonly #limits: AllowanceLimits;
  readonly #accounts = new Map<number, Account>();

  constructor(limits: AllowanceLimits) {
    this.#limits = limits;
  }

  hasRoom(user: number, nowMs: number): boolean {
    return this.#spentBytes(user, nowMs) < this.#limits.burstBytes;
  }

  spend(user: number, bytes: number, nowMs: number): void {
    const spentBytes = this.#spentBytes(user, nowMs) + bytes;
    this.#accounts.delete(user);
    this.#accounts.set(user, { spentBytes, atMs: nowMs });
    if (this.#accounts.size <= MAX_REMEMBERED_COUNT) return;
    this.#accounts.delete(this.#accounts.keys().next().value as number);
  }

  /** Bytes that are not paid for yet. */
  #spentBytes(user: number, nowMs: number): number {
    const account = this.#accounts.get(user);
    if (!account) return 0;
    const paidBytes = ((nowMs - account.atMs) / 1_000) * this.#limits.bytesPerSecond;
    return Math.max(0, account.spentBytes - paidBytes);
  }
}
