import { realpathSync } from 'node:fs';
import { posix } from 'node:path';
import { fromCallback } from 'xstate';
import type { Step } from '../../commands/command.ts';
import { findProcess, isAlive, isOurs, type ProcessIdentity, type Running } from '../../io/child/identity.ts';
import { FIRST_FD } from '../../io/child/spawn.ts';
import { BEFORE_OPERANDS, MV, RM, RM_OPTIONS, renamingArguments } from './steps/programs.ts';

export type OrphanEvent = { readonly type: 'orphan.found' } | { readonly type: 'orphan.gone' };

export interface AwaitOrphanInput {
  /** The child as it was recorded; undefined if the daemon was killed before it could record the child. */
  readonly child: ProcessIdentity | undefined;
  readonly step: Step | undefined;
  /** No child of the command can have started before. */
  readonly acceptedAt: Date;
}

/** How often (ms) the orphan is polled: the kernel does not report the exit of another process's child. */
const FIRST_LOOK = 10;
const SLOWEST_LOOK = 500;

/** Waits for the child that the last daemon left, if it still runs. */
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
 * after the recorded one: a long removal has many. Of a request that is refused today there is no plan: what is recorded must
 * then look as any daemon would have started it. */
function findOrphan({ child, step, acceptedAt }: AwaitOrphanInput): ProcessIdentity | undefined {
  const isIt = step === undefined ? isOfAnyPlan : recognise(step);
  if (child && isOurs(child, isIt)) return child;
  return step && findProcess(isIt, acceptedAt);
}

function isOfAnyPlan({ words }: Running): boolean {
  return BEFORE_OPERANDS.some((expected) =>
    operandsAfter(expected, words)?.every((word) => OPERAND.test(word)),
  );
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

/** Each of its operands must be one of `paths`. */
function recogniseRemoval(paths: readonly string[]): (running: Running) => boolean {
  let places: ReadonlySet<string> | undefined;
  return ({ words, descriptor }) => {
    const operands = operandsAfter([RM, ...RM_OPTIONS], words);
    if (operands === undefined) return false;
    places ??= placesOf(paths);
    const known = places;
    return operands.every((operand) => {
      const [, fd, name] = OPERAND.exec(operand) ?? [];
      const directory = fd === undefined ? undefined : descriptor(Number(fd));
      return directory !== undefined && known.has(posix.join(directory, name as string));
    });
  };
}

const OPERAND = /^\/proc\/self\/fd\/(\d+)\/([^/]+)$/;

/** Returns the words that follow `expected`; undefined where other words come first. */
function operandsAfter(expected: readonly string[], words: readonly string[]): readonly string[] | undefined {
  return isSame(words.slice(0, expected.length), expected) ? words.slice(expected.length) : undefined;
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
