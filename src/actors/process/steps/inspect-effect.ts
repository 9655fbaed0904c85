import { closeSync, lstatSync } from 'node:fs';
import { posix } from 'node:path';
import { fromPromise } from 'xstate';
import type { ReplaceStep, Step } from '../../../commands/command.ts';
import { messageOf } from '../../../errors.ts';
import { type PinnedFolder, pinFolder } from '../../../io/fs/pinned-directory.ts';
import { readPresentFile } from '../../../io/fs/read-if-exists.ts';
import { holdDirectoryOf } from '../../../io/fs/staged-file.ts';
import { faultPoint } from '../../../io/os/fault-point.ts';

export interface InspectInput {
  readonly step: Step | undefined;
  readonly roots: readonly string[];
}

/** Whether what a step was to bring about is there; if not, why. */
export interface Finding {
  readonly inPlace: boolean;
  readonly detail: string;
}

const IN_PLACE: Finding = { inPlace: true, detail: '' };

/** Looks at the world, and changes nothing. What cannot be known counts as not in place. */
export const inspectEffect = fromPromise<Finding, InspectInput>(async ({ input: { step, roots } }) => {
  const finding = await inspect(step, roots);
  faultPoint('effect.inspected');
  return finding;
});

async function inspect(step: Step | undefined, roots: readonly string[]): Promise<Finding> {
  switch (step?.do) {
    case undefined:
      return IN_PLACE;
    case 'remove':
      return inspectRemoval(step.paths, roots);
    case 'replace':
      return inspectReplacement(step);
    case 'execute':
      return { inPlace: false, detail: `whether ${step.file} had done its work is not known` };
  }
}

function inspectRemoval(paths: readonly string[], roots: readonly string[]): Finding {
  try {
    const left = paths.filter((path) => exists(path, roots));
    if (left.length === 0) return IN_PLACE;
    return {
      inPlace: false,
      detail: `${left.length} of ${paths.length} still there, the first is ${left[0]}`,
    };
  } catch (error) {
    return { inPlace: false, detail: messageOf(error) };
  }
}

function exists(path: string, roots: readonly string[]): boolean {
  const folder = pinFolder(posix.dirname(path), roots);
  if (!folder) return false;
  try {
    const place = `/proc/self/fd/${folder.fd}/${posix.basename(path)}`;
    return lstatSync(place, { throwIfNoEntry: false }) !== undefined;
  } finally {
    closeSync(folder.fd);
  }
}

async function inspectReplacement({ target, content }: ReplaceStep): Promise<Finding> {
  let directory: PinnedFolder | undefined;
  try {
    directory = holdDirectoryOf(target);
    const path = `/proc/self/fd/${directory.fd}/${posix.basename(target)}`;
    if ((await readPresentFile(path)).text === content) return IN_PLACE;
    return { inPlace: false, detail: `${target} is not the file that was to be put there` };
  } catch (error) {
    return { inPlace: false, detail: messageOf(error) };
  } finally {
    if (directory) closeSync(directory.fd);
  }
}
