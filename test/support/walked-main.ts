/** A daemon that records each transition of its machines when it is first taken, as a line of JSON in the file that
 * WALKED names. FAULT adds a fault, or, as `<actor> hang`, makes all invoked actors of that name do nothing. HURRY is
 * the factor by which its clocks run faster for limits of seconds. */
import { appendFileSync } from 'node:fs';
import { Actor } from 'xstate';
import { walkedIn } from '../model/driver/coverage.ts';
import { stretchTimers } from './clocks.ts';

const file = process.env.WALKED as string;
const hurry = Number(process.env.HURRY ?? '1');
const [faulty, deed] = (process.env.FAULT ?? '').split(' ');
const hanging = deed === 'hang' ? faulty : undefined;
const known = new Set<string>();
const start = Actor.prototype.start;

Actor.prototype.start = function (this: Actor<never>) {
  // All actors below the root share its system.
  if (known.size === 0 && this._parent === undefined) {
    this.system.inspect((event) => {
      for (const walked of walkedIn(event)) {
        const line = JSON.stringify(walked);
        if (known.has(line)) continue;
        known.add(line);
        appendFileSync(file, `${line}\n`);
      }
    });
  }
  if (this.src === hanging) return this;
  return start.call(this) as never;
};

if (hurry !== 1) stretchTimers(1 / hurry, 1_000);

await import(process.env.FAULT === undefined ? '../../src/main.ts' : './faulty-main.ts');
