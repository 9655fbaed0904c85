import { readFileSync } from 'node:fs';
import { identityOf, isAlive, type ProcessIdentity } from '../../src/io/child/identity.ts';
import { childrenOf } from '../support/children.ts';
import type { Random } from './random.ts';

/** Children that outlive their daemon. `rm` alone is too quick for that. */
export class Orphans {
  readonly #random: Random;
  #held: ProcessIdentity[] = [];
  /** The number of such children. */
  count = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Stops the children of the daemon right before it is killed, in some of the cases. */
  hold(daemon: number): void {
    if (this.#random.chance(0.3)) return;
    for (const pid of childrenOf(daemon)) {
      const identity = identityOf(pid);
      // The next daemon would not recognise a stopped child that is not yet `rm`.
      if (!identity || !/^(rm|mv)\n$/.test(nameOf(pid)) || !signal(identity, 'SIGSTOP')) continue;
      this.#held.push(identity);
      this.count++;
    }
  }

  /** Lets the children continue, or holds them for one more daemon. */
  release(): void {
    if (this.#random.chance(0.3)) return;
    this.releaseAll();
  }

  releaseAll(): void {
    for (const identity of this.#held) signal(identity, this.#random.chance(0.7) ? 'SIGCONT' : 'SIGKILL');
    this.#held = [];
  }
}

const nameOf = (pid: number) => read(`/proc/${pid}/comm`);

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Returns whether the process still existed. */
function signal(identity: ProcessIdentity, name: NodeJS.Signals): boolean {
  try {
    return isAlive(identity) && process.kill(identity.pid, name);
  } catch {
    return false;
  }
}
