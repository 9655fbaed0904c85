/** Decides which refusals are written individually and which are only counted. A refused request costs its client nothing, so
 * the count per user is limited: one user must not fill the disk. */
import { type Peer, userOf } from '../../io/socket/peer.ts';
import { type AllowanceLimits, ByteAllowance } from '../fairness/byte-allowance.ts';

/** In a window of this length, the first refusals of one user and one kind are written. */
export const WINDOW_MS = 1_000;

/** Windows that were opened longest ago are forgotten beyond this. */
const MAX_REMEMBERED_COUNT = 1_000;

export interface DigestLimits extends AllowanceLimits {
  /** How many are written in a window. */
  readonly toldCount: number;
}

/** A refusal to be written, and the number of similar ones that were left out before it. */
export interface Told<R> {
  readonly refusal: R;
  readonly repeated: number;
}

interface Window<R> {
  readonly user: number;
  readonly startMs: number;
  toldCount: number;
  untoldCount: number;
  last: R | undefined;
}

/** All times are milliseconds of one monotonic clock. */
export class RefusalDigest<R> {
  readonly #limits: DigestLimits;
  readonly #allowance: ByteAllowance;
  readonly #windows = new Map<string, Window<R>>();
  #forgotten: Window<R>[] = [];

  constructor(limits: DigestLimits) {
    this.#limits = limits;
    this.#allowance = new ByteAllowance(limits);
  }

  /** Returns how many of this user and kind were left out since the last written one; undefined: leave this one out as well. */
  repeated(peer: Peer, kind: string, nowMs: number, refusal: R): number | undefined {
    const user = userOf(peer);
    const key = `${user} ${kind}`;
    const known = this.#windows.get(key);
    const window = known && nowMs - known.startMs < WINDOW_MS ? known : this.#open(key, user, nowMs, known);
    if (window.toldCount < this.#limits.toldCount && this.#allowance.hasRoom(user, nowMs)) {
      const { untoldCount } = window;
      window.toldCount++;
      window.untoldCount = 0;
      window.last = undefined;
      return untoldCount;
    }
    window.untoldCount++;
    window.last = refusal;
    return undefined;
  }

  /** Charges the bytes of a refusal that was written. */
  spent(peer: Peer, bytes: number, nowMs: number): void {
    this.#allowance.spend(userOf(peer), bytes, nowMs);
  }

  /** True if a refusal was left out and not yet counted in a written one. */
  get owes(): boolean {
    return (
      this.#forgotten.length > 0 || [...this.#windows.values()].some(({ untoldCount }) => untoldCount > 0)
    );
  }

  /** Returns the last refusal that was left out in each window that is over, or in all windows. Otherwise one without a successor
   * would never be written. */
  due(nowMs: number, all = false): Told<R>[] {
    const due = this.#forgotten;
    this.#forgotten = [];
    for (const [key, window] of [...this.#windows]) {
      const isDue = nowMs - window.startMs >= WINDOW_MS && this.#allowance.hasRoom(window.user, nowMs);
      if (window.untoldCount === 0 || !(all || isDue)) continue;
      due.push(window);
      this.#open(key, window.user, nowMs).toldCount++;
    }
    return due.map(({ untoldCount, last }) => ({ refusal: last as R, repeated: untoldCount - 1 }));
  }

  /** Refusals that the window before it left out are carried on. */
  #open(key: string, user: number, nowMs: number, before?: Window<R>): Window<R> {
    const untoldCount = before?.untoldCount ?? 0;
    const window = { user, startMs: nowMs, toldCount: 0, untoldCount, last: before?.last };
    this.#windows.delete(key);
    this.#windows.set(key, window);
    if (this.#windows.size > MAX_REMEMBERED_COUNT) this.#forget();
    return window;
  }

  #forget(): void {
    const [oldest, window] = this.#windows.entries().next().value as [string, Window<R>];
    this.#windows.delete(oldest);
    if (window.untoldCount > 0) this.#forgotten.push(window);
  }
}
