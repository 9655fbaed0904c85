/** Directories and files that the daemon writes. The checks create and write nothing. */
import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DaemonError, ERRORS } from '../../errors.ts';
import { ancestors } from '../../io/fs/paths.ts';
import { deletionRootPlace } from '../../io/fs/trusted-path.ts';
import { logFileObjection } from '../../io/log/append-file.ts';
import { type Finding, Notes } from './finding.ts';

const WRITABLE_FOLDER = constants.W_OK | constants.X_OK;

/** `made`: the daemon makes it where it is missing. */
export function folderFinding(subject: string, path: string, made: boolean): Finding {
  const notes = new Notes(subject, path);
  const remedy = 'make it a folder that the daemon may write';
  try {
    const found = statOf(path);
    if (!found && !made) return notes.problem('there is no such folder', remedy);
    const nearest = found ? path : existing(path);
    if (!statSync(nearest).isDirectory()) return notes.problem(`${nearest} is no folder`, remedy);
    accessSync(nearest, WRITABLE_FOLDER);
    return notes.ok(found ? 'writable' : 'not there; the daemon makes it');
  } catch (error) {
    return notes.failed(error, remedy);
  }
}

/** A file that is opened to be appended to. */
export function logFinding(subject: string, path: string, key: string): Finding {
  const notes = new Notes(subject, path);
  const remedy = `let the daemon write there, or set ${key}`;
  try {
    const objection = logFileObjection(path);
    if (objection !== undefined) return notes.problem(`it is ${objection}`, ERRORS.LOG_SET_ASIDE.remedy);
    const found = statOf(path);
    if (!found) {
      const folder = folderFinding(subject, dirname(path), true);
      return folder.level === 'ok'
        ? notes.ok('not there; the daemon makes it')
        : { ...folder, path, found: `its folder: ${folder.found}`, remedy: folder.remedy };
    }
    if (found.isDirectory()) return notes.problem('it is a folder', remedy);
    accessSync(path, constants.W_OK);
    return notes.ok('writable');
  } catch (error) {
    return notes.failed(error, remedy);
  }
}

/** That it is no system directory the config has made sure of. */
export function rootFinding(path: string, unsafe: readonly string[]): Finding {
  const notes = new Notes('deletion root', path);
  try {
    const found = statOf(path);
    if (!found) return notes.warning('there is no such folder', 'make it, or take it out of deletion_roots');
    if (!found.isDirectory()) return notes.problem('it is no folder', 'take it out of deletion_roots');
    const place = deletionRootPlace(path, unsafe);
    const away = place === path ? '' : `it leads to ${place}`;
    accessSync(path, WRITABLE_FOLDER);
    const accepted = unsafe.includes(path) ? 'used as unsafe_deletion_roots says' : '';
    return notes.ok(['writable', away, accepted].filter((part) => part !== '').join('; '));
  } catch (error) {
    if (error instanceof DaemonError) return notes.problem(error.message, error.remedy);
    return notes.failed(error, 'let the daemon write there, or take it out of deletion_roots');
  }
}

const existing = (path: string) => [...ancestors(path)].find((folder) => statOf(folder)) ?? '/';

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    // A component of the path is a file. The finding for the nearest existing ancestor says so.
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}
