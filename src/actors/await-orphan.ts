import { realpathSync } from 'node:fs';
import { posix } from 'node:path';
import { fromCallback } from 'xstate';
import type { Step } from '../commands/command.ts';
import { findProcess, isAlive, type ProcessIdentity, type Running } from '../io/process-identity.ts';

export type OrphanEvent = { readonly type: 'orphan.found' } | { readonly type: 'orphan.gone' };

export interface AwaitOrphanInput {
  /** The child as it was written down; a daemon killed right after its start had no time to. */
  readonly child: ProcessIdentity | undefined;
  readonly step: Step | undefined;
}

/** How often (ms) it is looked for: another's child ends without a word. */
const FIRST_LOOK = 10;
const SLOWEST_LOOK = 500;

/** Waits for the child that the last daemon left behind, if it lives. */
export const awaitOrphan = fromCallback<OrphanEvent, AwaitOrphanInput>(({ input, sendBack }) => {
  const send = sendBack as (event: OrphanEvent) => void;
  const orphan = orphanOf(input);
  let timer: NodeJS.Timeout | undefined;
  const look = (pause: number) => {
    if (orphan && isAlive(orphan)) timer = setTimeout(look, pause, Math.min(pause * 2, SLOWEST_LOOK));
    else send({ type: 'orphan.gone' });
  };
  if (orphan) send({ type: 'orphan.found' });
  look(FIRST_LOOK);
  return () => clearTimeout(timer);
});

function orphanOf({ child, step }: AwaitOrphanInput): ProcessIdentity | undefined {
  if (child && isAlive(child)) return child;
  return step && findProcess(carrierOf(step));
}

/** Recognises the program that carries out a step by its words. */
function carrierOf(step: Step): (running: Running) => boolean {
  const isExactly = (expected: readonly string[]) => {
    const text = expected.join('\0');
    return ({ words }: Running) => words.join('\0') === text;
  };
  switch (step.do) {
    case 'replace':
      return isExactly(['/bin/mv', '-fT', '--', step.staged, step.target]);
    case 'execute':
      return isExactly([step.file, ...step.args]);
    case 'remove': {
      const places = new Set(step.paths.map(placeOf));
      return ({ words, descriptor }) => {
        const [file, ...args] = words;
        const operand = /^\/proc\/self\/fd\/(\d+)\/([^/]+)$/.exec(args.at(-1) ?? '');
        if (file !== '/bin/rm' || !operand) return false;
        return places.has(`${descriptor(Number(operand[1]))}/${operand[2]}`);
      };
    }
  }
}

function placeOf(path: string): string {
  try {
    return posix.join(realpathSync.native(posix.dirname(path)), posix.basename(path));
  } catch {
    return path;
  }
}
