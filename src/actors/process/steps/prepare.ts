import { closeSync } from 'node:fs';
import { posix } from 'node:path';
import { fromPromise } from 'xstate';
import type { ReplaceStep, Step } from '../../../commands/command.ts';
import type { Launch } from '../../../io/child/child.ts';
import { prepareCronLogs } from '../../../io/fs/cron-logs.ts';
import { pathSplitter } from '../../../io/fs/paths.ts';
import { type PinnedFolder, pinFolder, rememberRoots } from '../../../io/fs/pinned-directory.ts';
import { ForbiddenPlaces } from '../../../io/fs/protected-paths.ts';
import { holdDirectoryOf, stageFile } from '../../../io/fs/staged-file.ts';
import { deletionRootPlace } from '../../../io/fs/trusted-path.ts';
import { faultPoint } from '../../../io/os/fault-point.ts';
import { inheritedDirectory, MV, RM, RM_OPTIONS, renamingArguments } from './programs.ts';

/** `from`: how many of a removal's paths are done. `next`: the same for the part after this one, undefined at the end.
 * Without a `launch` there was nothing to do in this part. */
export interface PrepareInput {
  readonly step: Step | undefined;
  readonly from: number;
  readonly roots: readonly string[];
  readonly unsafeRoots: readonly string[];
  readonly ownFiles: readonly string[];
  /** Resolves when the next part may be prepared; others have their turn before. */
  readonly nextSlice: () => Promise<void>;
}
export interface Prepared {
  readonly launch: Launch | undefined;
  readonly next: number | undefined;
}

/** Limits of one part: the size of its argument vector, the directories that one `rm` holds open, and the missing
 * directories that the daemon looks up in a row, since clients wait meanwhile. Linux allows 2 MiB of arguments, but one
 * large vector takes longer than several small ones. */
const MAX_ARGUMENT_BYTES = 128 * 1024;
const MAX_FOLDERS = 64;
const MAX_ABSENT = 200;

const NO_NAMES: ReadonlyMap<string, string> = new Map();

/** Makes the next part of a step ready to start: pins directories, or creates the log files and writes the staged file. */
export const prepareStep = fromPromise<Prepared, PrepareInput>(async ({ input }) => {
  const { step, from, roots, unsafeRoots, ownFiles, nextSlice } = input;
  if (from > 0 || (step?.do === 'remove' && step.paths.length > MAX_FOLDERS)) await nextSlice();
  switch (step?.do) {
    case undefined:
      return { launch: undefined, next: undefined };
    case 'remove':
      return prepareRemoval(step.paths, from, { roots, unsafeRoots }, new ForbiddenPlaces(ownFiles, roots));
    case 'replace':
      return prepareReplacement(step);
    case 'execute':
      return { launch: { file: step.file, args: step.args, fds: [], names: NO_NAMES }, next: undefined };
  }
});

async function prepareReplacement({ target, id, content, logs }: ReplaceStep): Promise<Prepared> {
  // First: nothing is touched in the name of an id that is none.
  const args = renamingArguments(target, id);
  await prepareCronLogs(logs);
  const directory = holdDirectoryOf(target);
  try {
    await stageFile(directory, target, id, content);
    faultPoint('file.staged');
  } catch (error) {
    closeSync(directory.fd);
    throw error;
  }
  const names = new Map([[inheritedDirectory(0), posix.dirname(target)]]);
  return { launch: { file: MV, args, fds: [directory.fd], names }, next: undefined };
}

function prepareRemoval(
  paths: readonly string[],
  from: number,
  { roots, unsafeRoots }: Pick<PrepareInput, 'roots' | 'unsafeRoots'>,
  kept: ForbiddenPlaces,
): Prepared {
  const pinned = new Map<string, PinnedFolder & { readonly childsName: string }>();
  const absent = new Set<string>();
  const find = rememberRoots((root) => deletionRootPlace(root, unsafeRoots));
  const split = pathSplitter();
  const args: string[] = [];
  let bytes = 0;
  let at = from;
  try {
    for (; at < paths.length && bytes < MAX_ARGUMENT_BYTES; at++) {
      const path = paths[at] as string;
      const [above, name] = split(path);
      if (absent.has(above)) continue;
      let folder = pinned.get(above);
      if (folder === undefined) {
        if (pinned.size === MAX_FOLDERS || absent.size === MAX_ABSENT) break;
        const found = pinFolder(above, roots, find);
        if (found === undefined) {
          absent.add(above);
          continue;
        }
        folder = { ...found, childsName: inheritedDirectory(pinned.size) };
        pinned.set(above, folder);
        faultPoint('folder.pinned');
      }
      kept.check(folder.place, name);
      const argument = `${folder.childsName}/${name}`;
      args.push(argument);
      bytes += Buffer.byteLength(argument) + 9;
    }
  } catch (error) {
    for (const { fd } of pinned.values()) closeSync(fd);
    throw error;
  }
  const next = at < paths.length ? at : undefined;
  if (args.length === 0) return { launch: undefined, next };
  const names = new Map([...pinned].map(([folder, { childsName }]) => [childsName, folder]));
  const fds = [...pinned.values()].map(({ fd }) => fd);
  return { launch: { file: RM, args: [...RM_OPTIONS, ...args], fds, names }, next };
}
