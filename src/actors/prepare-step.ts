import { closeSync } from 'node:fs';
import { posix } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fromPromise } from 'xstate';
import type { Step } from '../commands/command.ts';
import type { Launch } from '../io/child.ts';
import { faultPoint } from '../io/fault-point.ts';
import { pinFolder } from '../io/pinned-folder.ts';
import { stageFile } from '../io/staged-file.ts';

/** `from`: how many of a removal's paths are done. `next`: the same for the part after this one, undefined at the end.
 * Without a `launch` there was nothing to do in this part. */
export interface PrepareInput {
  readonly step: Step | undefined;
  readonly from: number;
  readonly roots: readonly string[];
}
export interface Prepared {
  readonly launch: Launch | undefined;
  readonly next: number | undefined;
}

/** What one argument vector may hold, well under Linux's 2 MiB, how many folders one `rm` may hold open, and for how
 * many folders that are not there the daemon looks in a row: clients wait meanwhile. */
const MAX_ARGUMENT_BYTES = 1_000_000;
const MAX_FOLDERS = 64;
const MAX_ABSENT = 500;

const RM = ['-rf', '--one-file-system', '--preserve-root=all', '--'];
const NO_NAMES: ReadonlyMap<string, string> = new Map();

/** Makes the next part of a step ready to start: pins folders, or writes the staged file. */
export const prepareStep = fromPromise<Prepared, PrepareInput>(async ({ input }) => {
  const { step, from, roots } = input;
  // Others have their turn between two parts.
  if (from > 0) await setImmediate();
  switch (step?.do) {
    case undefined:
      return { launch: undefined, next: undefined };
    case 'remove':
      return prepareRemoval(step.paths, from, roots);
    case 'replace': {
      await stageFile(step.staged, step.content);
      faultPoint('file.staged');
      const args = ['-fT', '--', step.staged, step.target];
      return { launch: { file: '/bin/mv', args, fds: [], names: NO_NAMES }, next: undefined };
    }
    case 'execute':
      return { launch: { file: step.file, args: step.args, fds: [], names: NO_NAMES }, next: undefined };
  }
});

function prepareRemoval(paths: readonly string[], from: number, roots: readonly string[]): Prepared {
  const pinned = new Map<string, number>();
  const absent = new Set<string>();
  const args: string[] = [];
  let bytes = 0;
  let at = from;
  try {
    for (; at < paths.length && bytes < MAX_ARGUMENT_BYTES; at++) {
      const path = paths[at] as string;
      const folder = posix.dirname(path);
      if (absent.has(folder)) continue;
      let descriptor = pinned.get(folder);
      if (descriptor === undefined) {
        if (pinned.size === MAX_FOLDERS || absent.size === MAX_ABSENT) break;
        descriptor = pinFolder(folder, roots)?.fd;
        if (descriptor === undefined) {
          absent.add(folder);
          continue;
        }
        pinned.set(folder, descriptor);
        faultPoint('folder.pinned');
      }
      const inChild = [...pinned.keys()].indexOf(folder) + 3;
      const argument = `/proc/self/fd/${inChild}/${posix.basename(path)}`;
      args.push(argument);
      bytes += Buffer.byteLength(argument) + 9;
    }
  } catch (error) {
    for (const fd of pinned.values()) closeSync(fd);
    throw error;
  }
  const next = at < paths.length ? at : undefined;
  if (args.length === 0) return { launch: undefined, next };
  const names = new Map([...pinned.keys()].map((folder, index) => [`/proc/self/fd/${index + 3}`, folder]));
  return { launch: { file: '/bin/rm', args: [...RM, ...args], fds: [...pinned.values()], names }, next };
}
