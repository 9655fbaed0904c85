import {
  shadowAwaitOrphan,
  shadowFinishStep,
  shadowInspectEffect,
  shadowPrepareStep,
  shadowRunChild,
} from '../../actors/process/shadow.ts';
import { processMachine } from './machine.ts';

/** The process machine for shadow mode: it records and admits, but its effects are replaced. A test checks that no actor is left
 * that could start a program, write a file or delete one. */
export const shadowProcessMachine = processMachine.provide({
  actors: {
    awaitOrphan: shadowAwaitOrphan,
    inspectEffect: shadowInspectEffect,
    prepareStep: shadowPrepareStep,
    runChild: shadowRunChild,
    finishStep: shadowFinishStep,
  },
});
