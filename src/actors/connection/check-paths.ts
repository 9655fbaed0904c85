import { closeSync } from 'node:fs';
import { fromPromise } from 'xstate';
import type { Step } from '../../commands/command.ts';
import { forbidden } from '../../commands/deletion-rules.ts';
import { DaemonError } from '../../errors.ts';
import { pathSplitter } from '../../io/fs/paths.ts';
import { type FindRoot, pinFolder, rememberRoots } from '../../io/fs/pinned-directory.ts';
import { ForbiddenPlaces } from '../../io/fs/protected-paths.ts';
import { deletionRootPlace } from '../../io/fs/trusted-path.ts';
import type { Refusal } from '../../io/socket/reply.ts';

export interface CheckPlacesInput {
  readonly step: Step | undefined;
  readonly roots: readonly string[];
  /** Those that the operator accepts although others can exchange them. */
  readonly unsafeRoots: readonly string[];
  readonly ownFiles: readonly string[];
  /** Resolves when the check may go on; others have their turn before. */
  readonly nextSlice: () => Promise<void>;
}

/** How much is looked at in one slice: some milliseconds. */
const FOLDERS_A_SLICE = 200;
const PATHS_A_SLICE = 5_000;

/** Refuses a removal for reasons that only the file system shows: a symlink on the way, a mount, a file of the daemon. This
 * check gives the client an early reply; the removal is safe because of the same check when it is prepared. */
export const checkPlaces = fromPromise<Refusal | undefined, CheckPlacesInput>(async ({ input }) => {
  const { step, roots, unsafeRoots, ownFiles, nextSlice } = input;
  if (step?.do !== 'remove') return undefined;
  const places = new Map<string, string | undefined>();
  const find = rememberRoots((root) => deletionRootPlace(root, unsafeRoots));
  const kept = new ForbiddenPlaces(ownFiles, roots);
  const split = pathSplitter();
  for (const [index, path] of step.paths.entries()) {
    if (index % PATHS_A_SLICE === PATHS_A_SLICE - 1) await nextSlice();
    const [folder, name] = split(path);
    try {
      let place = places.get(folder);
      if (place === undefined && !places.has(folder)) {
        if (places.size % FOLDERS_A_SLICE === FOLDERS_A_SLICE - 1) await nextSlice();
        place = placeOf(folder, roots, find);
        places.set(folder, place);
      }
      if (place !== undefined) kept.check(place, name);
    } catch (error) {
      const refusal = refusalOf(error, path, roots);
      if (refusal) return refusal;
    }
  }
  return undefined;
});

function placeOf(folder: string, roots: readonly string[], find: FindRoot): string | undefined {
  const pinned = pinFolder(folder, roots, find);
  if (pinned) closeSync(pinned.fd);
  return pinned?.place;
}

/** Other reasons why a directory cannot be opened are reported when the removal runs. */
function refusalOf(error: unknown, path: string, roots: readonly string[]): Refusal | undefined {
  if (!(error instanceof DaemonError)) throw error;
  if (error.code === 'FOLDER_UNREACHABLE') return undefined;
  return forbidden(
    path,
    error.message,
    roots,
    error.code === 'FOLDER_MOVED' ? 'symlink.met' : 'path.refused',
  );
}
