/** The process machine of a shadow as a subject. Its effects are its own, which do nothing. The test provides the
 * actors that record, and counts the calls of a real effect that was left in it. */
import type { InspectionEvent } from 'xstate';
import { lonelyProcess } from '../../support/process.ts';
import type { Path } from '../driver/paths.ts';
import type { Subject } from '../driver/walk.ts';
import type { ProcessStart } from '../oracles/process.ts';
import { STARTS } from '../vocabularies/process.ts';
import { subjectOf } from './process.ts';

/** In the states in between it waits for nothing. */
const WAITING = /recording|waiting|settling|succeeded|failed|refused|abandoned/;

/** The traces of a real effect in `did`. */
const OF_HANDS = /^(look for the child|inspect|from \d+|spawn|after \w+)$/;

export function simulatedShadow(path: Path, inspect: (event: InspectionEvent) => void): Subject {
  const process = lonelyProcess(STARTS[path.start as ProcessStart], inspect, 'shadow');
  const subject = subjectOf(path, process);
  const states = Object.entries(subject.states ?? {}).filter(([state]) => WAITING.test(state));
  return {
    ...subject,
    states: Object.fromEntries(states),
    rest: async () => ({
      ...(await subject.rest()),
      hands: process.did.some((what) => OF_HANDS.test(what)) ? 'a real hand moved' : 'no real hand moved',
    }),
  };
}
