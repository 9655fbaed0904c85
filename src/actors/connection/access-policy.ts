/** Which peers may send requests, and how often. Plain data; the supervisor of connections holds it. */
import { TokenBucket } from 'limiter';
import { DaemonError } from '../../errors.ts';
import type { Accounts } from '../../io/config/accounts.ts';
import { type Peer, userOf } from '../../io/socket/peer.ts';
import { type Refusal, refuseFor } from '../../io/socket/reply.ts';
import { FairShare } from '../fairness/fair-share.ts';

export interface DoorRules {
  /** User and group ids; undefined: every user that the mode of the socket permits. */
  readonly allowedUids: readonly number[] | undefined;
  readonly allowedGids: readonly number[] | undefined;
  /** A user's requests a second; as many may come at once. */
  readonly requestsPerSecond: number;
  /** Connections at once. A user's share of them is also bounded by that of FairShare. */
  readonly maxConnections: number;
  /** Connections that one user may have at once. Further ones wait, and hold up no other user. */
  readonly connectionsPerUser: number;
  readonly accounts: Pick<Accounts, 'isMember'>;
}

/** Buckets of users that have been away longest are forgotten beyond this. */
const MAX_BUCKETS = 1_000;

export class Doorkeeper {
  readonly #rules: DoorRules;
  readonly #buckets = new Map<number, TokenBucket>();
  readonly #inside = new Map<number, number>();
  readonly #share: FairShare;

  constructor(rules: DoorRules) {
    this.#rules = rules;
    this.#share = new FairShare(rules.maxConnections);
  }

  /** Returns why the request of a newly connected peer is refused; undefined if it is not. */
  objection(peer: Peer): Refusal | undefined {
    // A request that is refused costs work as well, so the rate limit comes first.
    if (!this.#bucketOf(userOf(peer)).tryRemoveTokens(1)) {
      const limit = `${this.#rules.requestsPerSecond} requests a second for each user`;
      return refuseFor(429, new DaemonError('RATE_LIMITED', limit), 'rate.limited');
    }
    if (this.#isAllowed(peer)) return undefined;
    return refuseFor(403, new DaemonError('PEER_REFUSED', describe(peer)), 'peer.refused');
  }

  hasRoomFor(peer: Peer): boolean {
    const user = userOf(peer);
    const inside = this.#inside.get(user) ?? 0;
    return inside < this.#rules.connectionsPerUser && this.#share.hasRoomFor(user);
  }

  entered(peer: Peer): void {
    this.#inside.set(userOf(peer), (this.#inside.get(userOf(peer)) ?? 0) + 1);
    this.#share.take(userOf(peer));
  }

  left(peer: Peer): void {
    this.#share.giveBack(userOf(peer));
    const count = (this.#inside.get(userOf(peer)) ?? 0) - 1;
    if (count > 0) this.#inside.set(userOf(peer), count);
    else this.#inside.delete(userOf(peer));
  }

  #isAllowed(peer: Peer): boolean {
    const { allowedUids, allowedGids, accounts } = this.#rules;
    if (allowedUids === undefined && allowedGids === undefined) return true;
    if (!peer.known) return false;
    if (allowedUids?.includes(peer.uid)) return true;
    return allowedGids?.some((gid) => gid === peer.gid || accounts.isMember(peer.uid, gid)) ?? false;
  }

  #bucketOf(key: number): TokenBucket {
    const size = this.#rules.requestsPerSecond;
    const found =
      this.#buckets.get(key) ??
      new TokenBucket({ bucketSize: size, tokensPerInterval: size, interval: 1_000 });
    // A new bucket is full. The bucket of the current user moves to the end, so it is removed last.
    if (!this.#buckets.delete(key)) found.content = size;
    this.#buckets.set(key, found);
    if (this.#buckets.size > MAX_BUCKETS) this.#buckets.delete(this.#buckets.keys().next().value as number);
    return found;
  }
}

function describe(peer: Peer): string {
  return peer.known ? `uid ${peer.uid}, gid ${peer.gid}` : `an unknown peer (${peer.why})`;
}
