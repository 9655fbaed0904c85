import { readFileSync } from 'node:fs';
import { identityOf, isAlive, type ProcessIdentity } from '../../src/io/child/identity.ts';
import { childrenOf } from '../support/children.ts';
import type { Random } from './random.ts';

/** Children that outlive their daemon: `rm` alone is too quick for that. */
export class Orphans {
  readonly #random: Random;
  #held: ProcessIdentity[] = [];
  /** How many there were. */
  count = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Right before the daemon is killed: stops what it has started, or does not. */
  hold(daemon: number): void {
    if (this.#random.chance(0.3)) return;
    for (const pid of childrenOf(daemon)) {
      const identity = identityOf(pid);
      // One that is not yet `rm` would, stopped, be taken for something else by the next daemon.
      if (!identity || !/^(rm|mv)\n$/.test(nameOf(pid)) || !signal(identity, 'SIGSTOP')) continue;
      this.#held.push(identity);
      this.count++;
    }
  }

  /** Lets them go on, or die of what their daemon died of, or holds them for one daemon more. */
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

/** Whether it was still there. */
function signal(identity: ProcessIdentity, name: NodeJS.Signals): boolean {
  try {
    return isAlive(identity) && process.kill(identity.pid, name);
  } catch {
    return false;
  }
}
