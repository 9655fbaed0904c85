/** The places in which commands run, and whose turn it is. A free place goes to the user that has the fewest commands
 * running, and of several such users to the one that had its last turn longest ago. Plain data; admission holds it. */
import { FairShare } from './fair-share.ts';

interface Standing {
  running: number;
  /** Counted in turns of all; 0: it had none yet. */
  lastTurn: number;
  /** How many commands are here, waiting or running; a user without any is forgotten. */
  commands: number;
}

export class Places {
  readonly count: number;
  readonly #share: FairShare;
  #standings = new Map<number, Standing>();
  #turns = 0;
  taken = 0;

  constructor(count: number) {
    this.count = count;
    this.#share = new FairShare(count);
  }

  get free(): number {
    return this.count - this.taken;
  }

  join(user: number): void {
    const standing = this.#standings.get(user);
    if (standing) standing.commands++;
    else this.#standings.set(user, { running: 0, lastTurn: 0, commands: 1 });
  }

  leave(user: number): void {
    if (--this.#of(user).commands === 0) this.#standings.delete(user);
  }

  take(user: number): void {
    const standing = this.#of(user);
    standing.running++;
    standing.lastTurn = ++this.#turns;
    this.#share.take(user);
    this.taken++;
  }

  giveBack(user: number): void {
    this.#of(user).running--;
    this.#share.giveBack(user);
    this.taken--;
  }

  /** Returns the one of `ready` that gets the next place; undefined where none may have one. Of one user the first is
   * chosen. */
  choose<T extends { readonly user: number }>(ready: readonly T[]): T | undefined {
    if (this.free <= 0) return undefined;
    const firsts = new Map<number, T>();
    for (const one of ready) {
      if (firsts.size === this.#standings.size) break;
      if (!firsts.has(one.user)) firsts.set(one.user, one);
    }
    let chosen: T | undefined;
    for (const one of firsts.values()) {
      if (this.#share.hasRoomFor(one.user) && (!chosen || this.#isBefore(one.user, chosen.user)))
        chosen = one;
    }
    return chosen;
  }

  copy(): Places {
    const copy = new Places(this.count);
    for (const [user, { running }] of this.#standings) copy.#share.take(user, running);
    copy.#standings = structuredClone(this.#standings);
    copy.#turns = this.#turns;
    copy.taken = this.taken;
    return copy;
  }

  #isBefore(one: number, other: number): boolean {
    const [a, b] = [this.#of(one), this.#of(other)];
    return a.running === b.running ? a.lastTurn < b.lastTurn : a.running < b.running;
  }

  #of(user: number): Standing {
    return this.#standings.get(user) as Standing;
  }
}
