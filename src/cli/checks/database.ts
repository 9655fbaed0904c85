import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../../errors.ts';
import { type DatabaseLook, lookAtDatabase } from '../../io/database-look.ts';
import { type Finding, Notes } from './finding.ts';
import { folderFinding } from './places.ts';

const SUBJECT = 'database';

export function databaseFindings(path: string): Finding[] {
  const folder = folderFinding('database folder', dirname(path), true);
  return [folder, ...(folder.level === 'ok' ? [fileFinding(path)] : [])];
}

function fileFinding(path: string): Finding {
  const notes = new Notes(SUBJECT, path);
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found) return notes.warning('not there', 'nothing if it is new: the daemon makes it');
    if (!found.isFile()) return notes.problem('it is no file', 'move it away, or set database_path');
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    return notes.failed(error, 'let the daemon read and write it');
  }
  try {
    return judged(notes, lookAtDatabase(path));
  } catch (error) {
    const busy = /^SQLITE_(BUSY|LOCKED)/.test((error as { code?: string }).code ?? '');
    return busy
      ? notes.unchecked(messageOf(error), 'end what holds the lock, and check again')
      : notes.problem(
          messageOf(error),
          'set database_path to an SQLite database, or restore it from a backup',
        );
  }
}

export function judged(notes: Notes, { journal, version, knownVersion, damage }: DatabaseLook): Finding {
  if (damage !== undefined)
    return notes.problem(`it is damaged: ${damage}`, 'stop who uses it and restore it from a backup');
  if (version > knownVersion)
    return notes.problem(
      `its schema is version ${version}, this daemon knows ${knownVersion}`,
      'use a newer daemon',
    );
  if (version < knownVersion)
    return notes.warning(
      `its schema is version ${version}, this daemon's is ${knownVersion}`,
      'start the daemon: it brings it up to date',
    );
  if (journal !== 'wal')
    return notes.warning(`its journal is ${journal}, not WAL`, 'restart the daemon: it turns WAL on');
  return notes.ok(`WAL, schema version ${version}, quick_check finds nothing`);
}
