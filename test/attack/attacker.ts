/** The process of the random attacker. Argument: its orders as JSON. Prints its deeds so far as one JSON object per
 * line. */
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { fromLibc } from '../../src/io/os/libc.ts';
import { Random } from '../chaos/random.ts';
import { FAMILIES } from './attacker-deeds.ts';
import type { Attacker, Deeds, Ground } from './attacker-ground.ts';

export interface Orders {
  readonly ground: Ground;
  readonly seed: number;
  readonly families: readonly string[];
  readonly lastsMs: number;
}

/** How often each deed was tried and how often the system let it happen. */
export type Done = Record<string, { tried: number; done: number }>;

const alarm = fromLibc('unsigned int alarm(unsigned int seconds)');

/** The attacker may block itself, at a pipe for example. The kernel ends it then. */
const GRACE_S = 2;
const MAX_PAUSE_MS = 12;
const REPORT_EVERY = 20;

if (import.meta.main) await attack(JSON.parse(process.argv[2] as string) as Orders);

async function attack({ ground, seed, families, lastsMs }: Orders): Promise<void> {
  assertPowerless();
  alarm(Math.ceil(lastsMs / 1_000) + GRACE_S);
  const random = new Random(seed);
  const held = new Map<() => void, number>();
  const holdFor = (milliseconds: number, release: () => void) =>
    void held.set(release, performance.now() + milliseconds);
  const attacker: Attacker = { ground, random, holdFor };
  const deeds = Object.entries(Object.assign({}, ...families.map((name) => FAMILIES[name])) as Deeds);
  const done: Done = {};
  const end = performance.now() + lastsMs;
  for (let deed = 1; performance.now() < end; deed++) {
    const [name, act] = random.pick(deeds);
    done[name] ??= { tried: 0, done: 0 };
    const count = done[name];
    count.tried++;
    try {
      act(attacker);
      count.done++;
    } catch {
      // The system has refused it, or there was nothing to do it to.
    }
    for (const [release, time] of held) {
      if (performance.now() < time) continue;
      held.delete(release);
      release();
    }
    if (deed % REPORT_EVERY === 0) console.log(JSON.stringify(done));
    await wait(random.below(MAX_PAUSE_MS));
  }
  console.log(JSON.stringify(done));
  process.exit(0);
}

/** Throws if the process has any rights: an attacker with rights would prove nothing. */
function assertPowerless(): void {
  const status = readFileSync('/proc/self/status', 'utf8');
  if (process.getuid?.() === 0 || !/^CapEff:\s+0+$/m.test(status) || !/^NoNewPrivs:\s+1$/m.test(status)) {
    throw new Error('the attacker has more rights than a member of the group');
  }
}
