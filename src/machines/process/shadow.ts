import {
  shadowAwaitOrphan,
  shadowFinishStep,
  shadowInspectEffect,
  shadowPrepareStep,
  shadowRunChild,
} from '../../actors/process/shadow.ts';
import { processMachine } from './machine.ts';

/** The process machine as it is, recorded and admitted, but for its hands: a test holds that no actor is left that could
 * start a program, write a file or delete one. */
export const shadowProcessMachine = processMachine.provide({
  actors: {
    awaitOrphan: shadowAwaitOrphan,
    inspectEffect: shadowInspectEffect,
    prepareStep: shadowPrepareStep,
    runChild: shadowRunChild,
    finishStep: shadowFinishStep,
  },
});
