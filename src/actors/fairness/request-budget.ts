/** The memory that requests may take, from the first byte that is read to the end of the process, in all and by user. Plain
 * data: the daemon makes one, and the supervisors of connections and of processes use it.
 *
 * A large request gets room for the largest at once, so that no two wait for each other with half of what they need. */
import { LARGE_REQUEST_BYTES, type RequestRoom } from '../../io/socket/connection.ts';
import { FairShare } from './fair-share.ts';
import type { LoopShare } from './loop-share.ts';
import { UserTurns } from './user-turns.ts';

/** The memory that all requests may hold together. With the daemon itself, and what the parser of one request takes for a moment, it
 * stays below a heap of 512 MB. */
export const BUDGET_BYTES = 192 * 1024 * 1024;

/** A request that is not complete is a buffer that may be twice as large as what has come. */
const READING_WEIGHT = 2;

/** A complete one is its bytes, its text, its plan with each path, and the row's command: at most twelve times as much,
 * which many very short paths come near to. */
const CHECKING_WEIGHT = 12;

/** Large requests that are read at once. */
const LARGE_READS_COUNT = 8;

/** Large requests that are checked at once, of different users. */
const LARGE_CHECKS_COUNT = 2;

interface Waiter {
  readonly holding: Holding;
  /** Of memory. */
  readonly bytes: number;
  /** Whether it is a large one that is to be read on. */
  readonly reads: boolean;
  readonly goOn: () => void;
}

export class RequestBudget {
  readonly #room: FairShare;
  readonly #largestRequestBytes: number;
  readonly #readers = new FairShare(LARGE_READS_COUNT);
  readonly #slices: LoopShare;
  readonly #forRoom = new UserTurns<Waiter>();
  readonly #forCheck = new UserTurns<Waiter>();
  /** The large requests that are being checked, by user. */
  readonly #checked = new Map<number, Holding>();

  constructor(largestRequestBytes: number, slices: LoopShare, bytes = BUDGET_BYTES) {
    this.#room = new FairShare(bytes);
    this.#largestRequestBytes = largestRequestBytes;
    this.#slices = slices;
  }

  /** For a request that is about to be read. */
  open(user: number): Holding {
    return new Holding(this, user);
  }

  /** For a command that the last daemon accepted: it is held in any case. Returns how to give it back. */
  hold(user: number, requestBytes: number): () => void {
    const holding = this.open(user);
    this.#take(holding, requestBytes * CHECKING_WEIGHT, false);
    return holding.handOver();
  }

  /** See RequestRoom. */
  grow(holding: Holding, requestBytes: number, isComplete: boolean, then: () => void): boolean {
    const isLarge = requestBytes > LARGE_REQUEST_BYTES;
    const bytes = this.#memoryOf(requestBytes, isComplete, isLarge);
    const reads = isLarge && !isComplete;
    const needsTurn = isLarge && isComplete;
    const goOn = needsTurn ? () => this.#check(holding, then) : then;
    if (!this.#hasRoomFor(holding, bytes, reads)) {
      this.#wait(this.#forRoom, { holding, bytes, reads, goOn });
      return false;
    }
    this.#take(holding, bytes, reads);
    if (needsTurn) goOn();
    return !needsTurn;
  }

  nextPiece(user: number, then: () => void): void {
    this.#slices.nextPiece(user, then);
  }

  /** It waits for nothing any more, and is neither read nor checked; the memory that it holds it keeps. */
  leave(holding: Holding): void {
    const { user, waiter } = holding;
    if (waiter) for (const turns of [this.#forRoom, this.#forCheck]) turns.delete(user, waiter);
    holding.waiter = undefined;
    if (holding.reads) this.#take(holding, holding.bytes, false);
    if (this.#checked.get(user) !== holding) return;
    this.#checked.delete(user);
    this.#checkNext();
  }

  giveBack(holding: Holding): void {
    if (holding.bytes === 0) return;
    this.#room.giveBack(holding.user, holding.bytes);
    holding.bytes = 0;
    this.#grantNext();
  }

  #memoryOf(requestBytes: number, isComplete: boolean, isLarge: boolean): number {
    if (isComplete) return requestBytes * CHECKING_WEIGHT;
    return isLarge ? this.#largestRequestBytes * CHECKING_WEIGHT : requestBytes * READING_WEIGHT;
  }

  #hasRoomFor({ user, bytes: held, reads: isRead }: Holding, bytes: number, reads: boolean): boolean {
    if (reads && !isRead && !this.#readers.hasRoomFor(user)) return false;
    return bytes <= held || this.#room.hasRoomFor(user, bytes - held);
  }

  #take(holding: Holding, bytes: number, reads: boolean): void {
    const { user, bytes: before, reads: wasRead } = holding;
    holding.bytes = bytes;
    holding.reads = reads;
    if (reads && !wasRead) this.#readers.take(user);
    if (bytes >= before) this.#room.take(user, bytes - before);
    else this.#room.giveBack(user, before - bytes);
    if (wasRead && !reads) this.#readers.giveBack(user);
    if (bytes < before || (wasRead && !reads)) this.#grantNext();
  }

  /** The check of a large request is a slice of work in any case: `then` is called later. */
  #check(holding: Holding, then: () => void): void {
    this.#wait(this.#forCheck, { holding, bytes: 0, reads: false, goOn: then });
    this.#checkNext();
  }

  #wait(turns: UserTurns<Waiter>, waiter: Waiter): void {
    waiter.holding.waiter = waiter;
    turns.add(waiter.holding.user, waiter);
  }

  #grantNext(): void {
    const next = () =>
      this.#forRoom.next((_, { holding, bytes, reads }) => this.#hasRoomFor(holding, bytes, reads));
    for (let waiter = next(); waiter; waiter = next()) {
      waiter.holding.waiter = undefined;
      this.#take(waiter.holding, waiter.bytes, waiter.reads);
      waiter.goOn();
    }
  }

  #checkNext(): void {
    const next = () =>
      this.#checked.size < LARGE_CHECKS_COUNT
        ? this.#forCheck.next((user) => !this.#checked.has(user))
        : undefined;
    for (let waiter = next(); waiter; waiter = next()) {
      const { holding, goOn } = waiter;
      this.#checked.set(holding.user, holding);
      this.#slices.next(holding.user).then(() => {
        // It may have left meanwhile.
        if (holding.waiter !== waiter) return;
        holding.waiter = undefined;
        goOn();
      });
    }
  }
}

/** What one request holds of the budget. */
export class Holding implements RequestRoom {
  readonly user: number;
  readonly #budget: RequestBudget;
  /** Of memory. */
  bytes = 0;
  /** Whether it is one of the large requests that are being read. */
  reads = false;
  /** What it waits for. */
  waiter: Waiter | undefined;

  constructor(budget: RequestBudget, user: number) {
    this.#budget = budget;
    this.user = user;
  }

  grow(requestBytes: number, isComplete: boolean, then: () => void): boolean {
    return this.#budget.grow(this, requestBytes, isComplete, then);
  }

  nextPiece(then: () => void): void {
    this.#budget.nextPiece(this.user, then);
  }

  leave(): void {
    this.#budget.leave(this);
  }

  /** Passes on what it holds, and keeps nothing. Returns how to give it back. */
  handOver(): () => void {
    this.leave();
    const passed = new Holding(this.#budget, this.user);
    passed.bytes = this.bytes;
    this.bytes = 0;
    return () => passed.close();
  }

  close(): void {
    this.leave();
    this.#budget.giveBack(this);
  }
}
