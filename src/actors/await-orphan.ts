import { realpathSync } from 'node:fs';
import { posix } from 'node:path';
import { fromCallback } from 'xstate';
import type { Step } from '../commands/command.ts';
import { FIRST_FD } from '../io/posix-spawn.ts';
import { findProcess, isAlive, isOurs, type ProcessIdentity, type Running } from '../io/process-identity.ts';
import { MV, RM, RM_OPTIONS, renamingArguments } from './step-programs.ts';

export type OrphanEvent = { readonly type: 'orphan.found' } | { readonly type: 'orphan.gone' };

export interface AwaitOrphanInput {
  /** The child as it was written down; a daemon killed right after its start had no time to. */
  readonly child: ProcessIdentity | undefined;
  readonly step: Step | undefined;
  /** No child of the command can have started before. */
  readonly acceptedAt: Date;
}

/** How often (ms) it is looked for: another's child ends without a word. */
const FIRST_LOOK = 10;
const SLOWEST_LOOK = 500;

/** Waits for the child that the last daemon left behind, if it lives. */
export const awaitOrphan = fromCallback<OrphanEvent, AwaitOrphanInput>(({ input, sendBack }) => {
  const send = sendBack as (event: OrphanEvent) => void;
  const orphan = findOrphan(input);
  let timer: NodeJS.Timeout | undefined;
  const look = (pause: number) => {
    if (orphan && isAlive(orphan)) timer = setTimeout(look, pause, Math.min(pause * 2, SLOWEST_LOOK));
    else send({ type: 'orphan.gone' });
  };
  if (orphan) send({ type: 'orphan.found' });
  look(FIRST_LOOK);
  return () => clearTimeout(timer);
});

/** A recorded process that does not look as this plan would have started it is not ours. One that looks so may be the next
 * after the recorded one: a long removal has many. */
function findOrphan({ child, step, acceptedAt }: AwaitOrphanInput): ProcessIdentity | undefined {
  if (step === undefined) return undefined;
  const isIt = recognise(step);
  return child && isOurs(child, isIt) ? child : findProcess(isIt, acceptedAt);
}

/** Recognises the program that carries out a step by its words, and by the directories that it was handed. */
function recognise(step: Step): (running: Running) => boolean {
  switch (step.do) {
    case 'replace': {
      const words = [MV, ...renamingArguments(step.target, step.id)];
      const directory = realOf(posix.dirname(step.target));
      return (running) => isSame(running.words, words) && running.descriptor(FIRST_FD) === directory;
    }
    case 'execute': {
      const words = [step.file, ...step.args];
      return (running) => isSame(running.words, words);
    }
    case 'remove':
      return recogniseRemoval(step.paths);
  }
}

const BEFORE_OPERANDS = [RM, ...RM_OPTIONS];
const OPERAND = /^\/proc\/self\/fd\/(\d+)\/([^/]+)$/;

/** Each of its operands must be one of `paths`. */
function recogniseRemoval(paths: readonly string[]): (running: Running) => boolean {
  let places: ReadonlySet<string> | undefined;
  return ({ words, descriptor }) => {
    if (!isSame(words.slice(0, BEFORE_OPERANDS.length), BEFORE_OPERANDS)) return false;
    places ??= placesOf(paths);
    const known = places;
    return words.slice(BEFORE_OPERANDS.length).every((operand) => {
      const [, fd, name] = OPERAND.exec(operand) ?? [];
      const directory = fd === undefined ? undefined : descriptor(Number(fd));
      return directory !== undefined && known.has(posix.join(directory, name as string));
    });
  };
}

/** As the links to the descriptors tell them. */
function placesOf(paths: readonly string[]): ReadonlySet<string> {
  return new Set(paths.map((path) => posix.join(realOf(posix.dirname(path)), posix.basename(path))));
}

function realOf(directory: string): string {
  try {
    return realpathSync.native(directory);
  } catch {
    return directory;
  }
}

const isSame = (words: readonly string[], expected: readonly string[]) =>
  words.length === expected.length && words.every((word, index) => word === expected[index]);
