import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { loadAll } from 'js-yaml';
import { DaemonError, messageOf } from '../../errors.ts';
import { isClosed, isOurs, ownFilePlace } from '../fs/trusted-path.ts';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
/** A pipe without a writer does not hold up the open. */
const OPENING = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

export type Given = Record<string, unknown>;

export interface ConfigFile {
  readonly keys: Given;
  /** Where it really is: the operator may have put a symlink to it. */
  readonly place: string;
}

/** Reads a config file that only root, or the user who runs us, can have written: the file belongs to one of them, no
 * other user can write to it, and no other user can put another file in its place. It is read from the descriptor that was
 * checked. Throws CONFIG_UNTRUSTED, CONFIG_UNREADABLE and CONFIG_INVALID. */
export function readConfigFile(file: string): ConfigFile {
  const { text, place } = reading(file, () => readTrusted(file));
  return { keys: keysOf(file, text), place };
}

/** Reads a config file that belongs to the sources, and is trusted as they are. */
export function readSourceConfig(file: string): ConfigFile {
  const text = reading(file, () => readFileSync(file, 'utf8'));
  return { keys: keysOf(file, text), place: file };
}

function readTrusted(file: string): { readonly text: string; readonly place: string } {
  const { place, objection } = ownFilePlace(posix.resolve(file));
  if (objection !== undefined) throw untrusted(file, objection);
  const fd = openSync(place, OPENING);
  try {
    const found = fstatSync(fd);
    if (!isOurs(found)) throw untrusted(file, `it belongs to uid ${found.uid}`);
    if (!isClosed(found)) throw untrusted(file, 'its group or others can write to it');
    return { text: readFileSync(fd, 'utf8'), place };
  } finally {
    closeSync(fd);
  }
}

function reading<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DaemonError)) {
      throw new DaemonError('CONFIG_UNREADABLE', `${file}: ${messageOf(error)}`, error);
    }
    if (error.code === 'FOLDER_MOVED') throw untrusted(file, error.detail);
    throw error;
  }
}

const untrusted = (file: string, why: string) => new DaemonError('CONFIG_UNTRUSTED', `${file}: ${why}`);

function keysOf(file: string, text: string): Given {
  const value = reading(file, () => documentOf(text));
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new DaemonError('CONFIG_INVALID', `${file} must hold keys with values`);
  }
  return value as Given;
}

/** Undefined: there is nothing in it but comments. */
function documentOf(yaml: string): unknown {
  const [document, ...more] = loadAll(yaml);
  if (more.length > 0) throw new Error('it holds more than one document');
  return document;
}
