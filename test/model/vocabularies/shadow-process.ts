/** The process machine of a daemon in shadow mode, with the events that its effects, which do nothing, can cause. */
import { shadowProcessMachine } from '../../../src/machines/process/shadow.ts';
import type { Vocabulary } from '../driver/paths.ts';
import { processVocabulary } from './process.ts';

const EVENTS = [
  'written',
  'cannot be written',
  'its turn',
  'the daemon drains',
  'ready',
  'exit 0',
  'made to last',
  'no child lives',
  'not in place',
];

export const shadowVocabulary: Vocabulary = {
  ...processVocabulary,
  machine: shadowProcessMachine,
  events: Object.fromEntries(
    Object.entries(processVocabulary.events).filter(([word]) => EVENTS.includes(word)),
  ),
};

const ALWAYS_READY = 'its step is always ready, and has one part';
const NO_CHILD = 'its child is none: it has ended when it begins';
const NOTHING_LEFT = 'it has left no child, and done nothing that could be in place';
const NO_FAILURE = 'what does nothing does not fail';

/** The transitions of the machine that a shadow never walks, and why. A test checks the list. */
export const BEYOND_SHADOWS: Readonly<Record<string, string>> = {
  'running.adopting (orphan.found) → stays': NOTHING_LEFT,
  'running.adopting (awaitOrphan failed) → running.doubting': NO_FAILURE,
  'running.inspecting (inspectEffect is done) [isInPlace] → running.finishing': NOTHING_LEFT,
  'running.inspecting (inspectEffect failed) → running.finishing': NO_FAILURE,
  'running.preparing (prepareStep is done) → running.continuing': ALWAYS_READY,
  'running.preparing (prepareStep failed) → running.finishing': NO_FAILURE,
  'running.executing (child.spawned) → stays': NO_CHILD,
  'running.executing (child.refused) → running.finishing': NO_CHILD,
  'running.executing (runChild failed) → running.finishing': NO_FAILURE,
  'running.continuing (at once) [hasMore] → running.preparing': ALWAYS_READY,
  'running.finishing (finishStep failed) → settling': NO_FAILURE,
};
