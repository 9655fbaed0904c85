/** The control files of the package: its identity, its checksums, and its maintainer scripts. */
import { createHash } from 'node:crypto';
import { chmodSync, globSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEBIAN_ARCH, textOf, VERSION } from './project.ts';

const SCRIPTS = ['postinst', 'prerm', 'postrm'];

/** Writes DEBIAN/ of the tree, whose files are all there. `units`: those of systemd in it. */
export function writeControlFiles(tree: string, units: readonly string[]): void {
  const files = globSync('**', { cwd: tree, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(tree.length + 1))
    .toSorted();
  const folder = join(tree, 'DEBIAN');
  mkdirSync(folder);
  const write = (name: string, text: string, mode = 0o644) => {
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), mode);
  };
  const bytes = files.reduce((sum, file) => sum + statSync(join(tree, file)).size, 0);
  const values = {
    VERSION,
    ARCH: DEBIAN_ARCH,
    SIZE: String(Math.ceil(bytes / 1024)),
    UNITS: units.join(' '),
  };
  const filled = (name: string) =>
    Object.entries(values).reduce(
      (text, [key, value]) => text.replaceAll(`@${key}@`, value),
      textOf(join('packaging/debian', name)),
    );
  write('control', filled('control'));
  for (const name of SCRIPTS) write(name, filled(name), 0o755);
  const isConfig = (file: string) => file.startsWith('etc/');
  write('conffiles', lines(files.filter(isConfig).map((file) => `/${file}`)));
  const sums = files.filter((file) => !isConfig(file)).map((file) => `${md5(join(tree, file))}  ${file}`);
  write('md5sums', lines(sums));
}

const md5 = (file: string) => createHash('md5').update(readFileSync(file)).digest('hex');
const lines = (all: readonly string[]) => all.map((line) => `${line}\n`).join('');
