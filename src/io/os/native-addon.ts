/** The native addons of the executable. They are embedded in it, but the C library loads code only from files: each is
 * written to a file without a name, which no other process can find, open or replace. */
import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import { constants as os } from 'node:os';
import { getRawAsset } from 'node:sea';
import { messageOf } from '../../errors.ts';

/** Tried in this order: any of them may be mounted noexec, read-only or not be there. The last is the service's own. */
const FOLDERS = ['/dev/shm', '/tmp', '/var/tmp', '/var/lib/dbcalm'];

type AssetOf = (name: string) => ReturnType<typeof getRawAsset>;

/** Linux's number; with O_EXCL it can never be given a name. Source: open(2). */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY | constants.O_EXCL;

/** Returns the exports of the addon. Throws if it can be loaded from none of the directories, with the reason of each. */
export function loadAddon(name: string, folders = FOLDERS, assetOf: AssetOf = getRawAsset): unknown {
  const code = new Uint8Array(assetOf(name) as ArrayBuffer);
  const objections: string[] = [];
  for (const folder of folders) {
    try {
      return load(code, folder);
    } catch (error) {
      objections.push(`${folder}: ${messageOf(error)}`);
    }
  }
  throw new Error(
    `${name} cannot be loaded, for want of a folder to execute it from (${objections.join('; ')})`,
  );
}

function load(code: Uint8Array, folder: string): unknown {
  const file = openSync(folder, O_TMPFILE | constants.O_RDWR, 0o600);
  const module = { exports: {} };
  try {
    writeFileSync(file, code);
    process.dlopen(module, `/proc/self/fd/${file}`, os.dlopen.RTLD_NOW);
  } catch (error) {
    closeSync(file);
    throw error;
  }
  // The file stays open: the C library knows what it loaded by path, and a second addon must not get the same number.
  return module.exports;
}
