import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Extracts the files of a package, including DEBIAN/. They are removed when the test file ends. */
export function extracted(deb: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'dbcalm-cmd-extracted-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  execFileSync('dpkg-deb', ['--raw-extract', deb, folder]);
  return folder;
}
