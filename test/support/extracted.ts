import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The files of a package, with DEBIAN/ among them; gone when the tests of the file are. */
export function extracted(deb: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'dbcalm-cmd-extracted-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  execFileSync('dpkg-deb', ['--raw-extract', deb, folder]);
  return folder;
}
