/** How much of something scarce each user holds, and whether a user may take more. Plain data; the owner of what is scarce
 * holds it.
 *
 * One user takes at most three quarters. The last eighth is a reserve: only a user that then holds no more than an eighth
 * takes from it, so that a user below its share gets in at once, whatever the others hold. */
const LARGEST_SHARE = 3 / 4;
const RESERVE = 1 / 8;

export class FairShare {
  readonly #capacity: number;
  readonly #most: number;
  readonly #reserve: number;
  readonly #held = new Map<number, number>();
  #used = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    // Of what can be had only once or twice, one user may have all.
    this.#most = Math.ceil(capacity * LARGEST_SHARE);
    this.#reserve = Math.floor(capacity * RESERVE);
  }

  get isFull(): boolean {
    return this.#used >= this.#capacity;
  }

  hasRoomFor(user: number, amount = 1): boolean {
    const share = (this.#held.get(user) ?? 0) + amount;
    if (share > this.#most) return false;
    const limit = share <= this.#reserve ? this.#capacity : this.#capacity - this.#reserve;
    return this.#used + amount <= limit;
  }

  /** Takes it, whether there is room or not. */
  take(user: number, amount = 1): void {
    this.#held.set(user, (this.#held.get(user) ?? 0) + amount);
    this.#used += amount;
  }

  giveBack(user: number, amount = 1): void {
    this.#used -= amount;
    const left = (this.#held.get(user) ?? 0) - amount;
    if (left > 0) this.#held.set(user, left);
    else this.#held.delete(user);
  }
}
