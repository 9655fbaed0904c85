/** Which command may run now: a bounded number at once, by turns among users, of one user in the order of acceptance, and
 * never two at once that touch the same path or one below the other's. Plain data; the supervisor of processes holds it. */
import { posix } from 'node:path';
import { ancestors } from '../../io/fs/paths.ts';
import { Places } from '../fairness/places.ts';

/** A command with more or deeper paths than this claims directories above them instead. The cost of claims, and of waiting
 * for the claims of others, is thus bounded whatever a client sends. */
const MAX_CLAIMS = 500;
const MAX_DEPTH = 32;

interface Ticket {
  readonly id: string;
  readonly user: number;
  readonly order: number;
  readonly claims: readonly string[];
  /** Those that come after it on the same paths. */
  readonly followers: Set<Ticket>;
  blockers: number;
  running: boolean;
  /** Ended before its turn came. */
  gone: boolean;
}

/** The outlook of a command that is accepted now. */
export interface Outlook {
  /** Whether it would run without waiting. */
  readonly atOnce: boolean;
  /** The commands that it would wait for on the same paths, in the order of acceptance. */
  readonly behind: readonly string[];
  /** How many run, and how many may. */
  readonly running: number;
  readonly maxRunning: number;
}

export class Admission {
  readonly #places: Places;
  readonly #tickets = new Map<string, Ticket>();
  /** By path: the tickets that claim exactly this path, and those that claim a path below it. */
  readonly #at = new Map<string, Set<Ticket>>();
  readonly #below = new Map<string, Set<Ticket>>();
  /** In order of acceptance. */
  readonly #ready: Ticket[] = [];
  #accepted = 0;

  constructor(maxRunning: number) {
    this.#places = new Places(maxRunning);
  }

  get running(): number {
    return this.#places.taken;
  }

  enqueue(id: string, touches: readonly string[], user: number): void {
    const ticket = this.#ticket(id, touches, user);
    for (const path of ticket.claims) this.#follow(ticket, path);
    for (const path of ticket.claims) this.#claim(ticket, path);
    if (ticket.blockers === 0) this.#ready.push(ticket);
  }

  /** Adds a command that already runs: it does not wait, and keeps its paths until it is released. */
  adopt(id: string, touches: readonly string[], user: number): void {
    const ticket = this.#ticket(id, touches, user);
    for (const path of ticket.claims) this.#claim(ticket, path);
    this.#run(ticket);
  }

  /** Returns the next command that may run; it counts as running from now on. */
  next(): string | undefined {
    const ticket = this.#places.choose(this.#ready);
    if (!ticket) return undefined;
    this.#ready.splice(this.#ready.indexOf(ticket), 1);
    this.#run(ticket);
    return ticket.id;
  }

  /** Whether it is neither running nor among the next to run. */
  mustWait(id: string): boolean {
    const ticket = this.#tickets.get(id);
    if (!ticket || ticket.running) return false;
    return ticket.blockers > 0 || !this.#upcoming().includes(ticket);
  }

  /** For one with these paths, which does not come. */
  outlook(touches: readonly string[]): Outlook {
    const behind = new Set<Ticket>();
    for (const path of claimsOf(touches)) for (const ticket of this.#onTheWayOf(path)) behind.add(ticket);
    const hasPlace = this.#ready.length < this.#places.free;
    return {
      atOnce: behind.size === 0 && hasPlace,
      behind: [...behind].sort((a, b) => a.order - b.order).map(({ id }) => id),
      running: this.#places.taken,
      maxRunning: this.#places.count,
    };
  }

  /** One has ended, whether it ran or not. */
  release(id: string): void {
    const ticket = this.#tickets.get(id);
    if (!ticket) return;
    this.#tickets.delete(id);
    ticket.gone = true;
    if (ticket.running) this.#places.giveBack(ticket.user);
    else if (ticket.blockers === 0) this.#ready.splice(this.#ready.indexOf(ticket), 1);
    this.#places.leave(ticket.user);
    for (const path of ticket.claims) this.#unclaim(ticket, path);
    for (const follower of ticket.followers) {
      if (--follower.blockers === 0 && !follower.gone) this.#makeReady(follower);
    }
  }

  #ticket(id: string, touches: readonly string[], user: number): Ticket {
    const ticket: Ticket = {
      id,
      user,
      order: this.#accepted++,
      claims: claimsOf(touches),
      followers: new Set(),
      blockers: 0,
      running: false,
      gone: false,
    };
    this.#tickets.set(id, ticket);
    this.#places.join(user);
    return ticket;
  }

  /** Those that `next` would let go now, one after the other. */
  #upcoming(): Ticket[] {
    const places = this.#places.copy();
    const upcoming: Ticket[] = [];
    let ready: readonly Ticket[] = this.#ready;
    for (let ticket = places.choose(ready); ticket; ticket = places.choose(ready)) {
      const chosen = ticket;
      upcoming.push(chosen);
      places.take(chosen.user);
      ready = ready.filter((one) => one !== chosen);
    }
    return upcoming;
  }

  #run(ticket: Ticket): void {
    ticket.running = true;
    this.#places.take(ticket.user);
  }

  #follow(ticket: Ticket, path: string): void {
    for (const blocker of this.#onTheWayOf(path)) {
      if (blocker.followers.has(ticket)) continue;
      blocker.followers.add(ticket);
      ticket.blockers++;
    }
  }

  /** Returns the tickets that claim the path, a path below it or a directory above it. */
  #onTheWayOf(path: string): Ticket[] {
    const claims = [this.#at.get(path), this.#below.get(path)];
    for (const folder of ancestors(path)) claims.push(this.#at.get(folder));
    return claims.flatMap((tickets) => [...(tickets ?? [])]);
  }

  #claim(ticket: Ticket, path: string): void {
    add(this.#at, path, ticket);
    for (const folder of ancestors(path)) add(this.#below, folder, ticket);
  }

  #unclaim(ticket: Ticket, path: string): void {
    remove(this.#at, path, ticket);
    for (const folder of ancestors(path)) remove(this.#below, folder, ticket);
  }

  #makeReady(ticket: Ticket): void {
    const later = this.#ready.findIndex(({ order }) => order > ticket.order);
    this.#ready.splice(later === -1 ? this.#ready.length : later, 0, ticket);
  }
}

function claimsOf(touches: readonly string[]): readonly string[] {
  for (let up = 0; ; up++) {
    const claims = distinct(touches, (path) => above(shallow(path), up));
    if (claims !== undefined) return claims;
  }
}

/** Undefined where there are more than MAX_CLAIMS. */
function distinct(
  paths: readonly string[],
  claimOf: (path: string) => string,
): readonly string[] | undefined {
  const claims = new Set<string>();
  let last: string | undefined;
  for (const path of paths) {
    const claim = claimOf(path);
    // Most paths of a long list lie in the same directory.
    if (claim === last) continue;
    last = claim;
    claims.add(claim);
    if (claims.size > MAX_CLAIMS) return undefined;
  }
  return [...claims];
}

/** Returns the directory `steps` levels above `path`. */
function above(path: string, steps: number): string {
  let at = path;
  for (let step = 0; step < steps; step++) at = posix.dirname(at);
  return at;
}

/** Returns the ancestor at MAX_DEPTH if `path` lies deeper, else `path`. */
function shallow(path: string): string {
  let end = 0;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    end = path.indexOf('/', end + 1);
    if (end === -1) return path;
  }
  return path.slice(0, end);
}

function add(map: Map<string, Set<Ticket>>, path: string, ticket: Ticket): void {
  const tickets = map.get(path);
  if (tickets) tickets.add(ticket);
  else map.set(path, new Set([ticket]));
}

function remove(map: Map<string, Set<Ticket>>, path: string, ticket: Ticket): void {
  const tickets = map.get(path);
  tickets?.delete(ticket);
  if (tickets?.size === 0) map.delete(path);
}
