import { accessSync, constants, lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../../errors.ts';
import { type DatabaseLook, lookAtJournal, lookAtShared } from '../../io/history/check.ts';
import { type Finding, Notes } from './finding.ts';
import { folderFinding } from './places.ts';

/** The daemon's own database. */
export function journalFindings(path: string): Finding[] {
  return databaseFindings('journal', path, 'state_path', (notes) => judged(notes, lookAtJournal(path)));
}

/** The database that API servers read. */
export function sharedFindings(path: string): Finding[] {
  return databaseFindings('shared database', path, 'database_path', (notes) => {
    const { journal, problem, damage } = lookAtShared(path);
    if (problem !== undefined) {
      return notes.problem(
        problem,
        'remove what stands in the way: until then commands are refused with 503',
      );
    }
    return (
      findDamage(notes, damage) ?? findMode(notes, journal) ?? notes.ok('WAL, quick_check finds nothing')
    );
  });
}

function databaseFindings(
  subject: string,
  path: string,
  key: string,
  look: (notes: Notes) => Finding,
): Finding[] {
  const directory = folderFinding(`${subject} directory`, dirname(path), true);
  if (directory.level !== 'ok') return [directory];
  const notes = new Notes(subject, path);
  const remedy = `move it away, or set ${key}`;
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (!found) return [directory, notes.warning('not there', 'nothing if it is new: the daemon makes it')];
    if (!found.isFile()) return [directory, notes.problem('it is not a plain file', remedy)];
    if (found.nlink > 1) return [directory, notes.problem(`it has ${found.nlink} names`, remedy)];
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    return [directory, notes.failed(error, 'let the daemon read and write it')];
  }
  try {
    return [directory, look(notes)];
  } catch (error) {
    const busy = /^SQLITE_(BUSY|LOCKED)/.test((error as { code?: string }).code ?? '');
    return [
      directory,
      busy
        ? notes.unchecked(messageOf(error), 'end what holds the lock, and check again')
        : notes.problem(messageOf(error), `set ${key} to an SQLite database, or restore it from a backup`),
    ];
  }
}

export function judged(notes: Notes, { journal, version, knownVersion, damage }: DatabaseLook): Finding {
  if (version > knownVersion)
    return notes.problem(
      `its schema is version ${version}, this daemon knows ${knownVersion}`,
      'use a newer daemon',
    );
  const damaged = findDamage(notes, damage);
  if (damaged) return damaged;
  if (version < knownVersion)
    return notes.warning(
      `its schema is version ${version}, this daemon's is ${knownVersion}`,
      'start the daemon: it brings it up to date',
    );
  return findMode(notes, journal) ?? notes.ok(`WAL, schema version ${version}, quick_check finds nothing`);
}

function findDamage(notes: Notes, damage: string | undefined): Finding | undefined {
  if (damage === undefined) return undefined;
  return notes.problem(`it is damaged: ${damage}`, 'stop what uses it and restore it from a backup');
}

function findMode(notes: Notes, journal: string): Finding | undefined {
  if (journal === 'wal') return undefined;
  return notes.warning(`its journal mode is ${journal}, not WAL`, 'restart the daemon: it turns WAL on');
}
