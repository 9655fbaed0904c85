/** The process machine of a shadow as a subject: its hands are its own, which do nothing; only what records is provided. */
import type { InspectionEvent } from 'xstate';
import { lonelyProcess } from '../../support/process.ts';
import type { Path } from '../driver/paths.ts';
import type { Subject } from '../driver/walk.ts';
import type { ProcessStart } from '../oracles/process.ts';
import { STARTS } from '../vocabularies/process.ts';
import { subjectOf } from './process.ts';

/** In between it does not wait for anybody. */
const WAITING = /recording|waiting|settling|succeeded|failed|refused|abandoned/;

export function simulatedShadow(path: Path, inspect: (event: InspectionEvent) => void): Subject {
  const subject = subjectOf(path, lonelyProcess(STARTS[path.start as ProcessStart], inspect, 'shadow'));
  const states = Object.entries(subject.states ?? {}).filter(([state]) => WAITING.test(state));
  return { ...subject, states: Object.fromEntries(states) };
}
