/** A queue by user: the users have their turns one after the other, and the entries of one user keep their order. Plain
 * data. */
export class UserTurns<T> {
  /** In the order in which the turns come. */
  readonly #users = new Map<number, Set<T>>();

  add(user: number, one: T): void {
    const waiting = this.#users.get(user);
    if (waiting) waiting.add(one);
    else this.#users.set(user, new Set([one]));
  }

  delete(user: number, one: T): void {
    const waiting = this.#users.get(user);
    waiting?.delete(one);
    if (waiting?.size === 0) this.#users.delete(user);
  }

  /** Removes and returns the first entry, in the order of turns, that `fits`. Only the first entry of each user is tested. */
  next(fits: (user: number, one: T) => boolean = () => true): T | undefined {
    for (const [user, waiting] of this.#users) {
      const [one] = waiting;
      if (one === undefined || !fits(user, one)) continue;
      waiting.delete(one);
      this.#users.delete(user);
      if (waiting.size > 0) this.#users.set(user, waiting);
      return one;
    }
    return undefined;
  }
}
