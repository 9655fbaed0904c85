/** `npm run package`: makes dist/dbcalm-cmd_VERSION_ARCH.deb. The same commit gives the same bytes. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildExecutable } from './build.ts';
import { debianChangelog } from './changelog.ts';
import { writeControlFiles } from './control-files.ts';
import { copyrightOf } from './copyright.ts';
import { manPage } from './man-page.ts';
import { DEB, EXECUTABLE, PROJECT, textOf } from './project.ts';

async function makePackage(): Promise<void> {
  const packages = await buildExecutable();
  const tree = mkdtempSync(join(tmpdir(), 'dbcalm-cmd-package-'));
  // The files get the modes of a package, whatever the umask is.
  process.umask(0o022);
  chmodSync(tree, 0o755);
  try {
    const epoch = commitTime();
    const units = await fill(tree, packages, new Date(epoch * 1000));
    writeControlFiles(tree, units);
    execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '-z1', '--build', tree, DEB], {
      env: { PATH: process.env.PATH, SOURCE_DATE_EPOCH: String(epoch) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  } finally {
    rmSync(tree, { recursive: true });
  }
}

/** Seconds: SOURCE_DATE_EPOCH where it is given, else when the last commit was made. */
function commitTime(): number {
  const { SOURCE_DATE_EPOCH: given } = process.env;
  return Number(
    given ?? execFileSync('git', ['-C', PROJECT, 'log', '-1', '--format=%ct'], { encoding: 'utf8' }),
  );
}

/** Puts all files into the tree; gives the units of systemd among them. */
async function fill(tree: string, packages: readonly string[], date: Date): Promise<string[]> {
  const place = (path: string) => {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    return join(tree, path);
  };
  const copy = (from: string, path: string, mode = 0o644) => {
    copyFileSync(from, place(path));
    chmodSync(join(tree, path), mode);
  };
  const write = (path: string, content: string | Buffer) => writeFileSync(place(path), content);
  const compressed = (text: string) => gzipSync(text, { level: 9 });
  const files = (pattern: string) =>
    globSync(pattern, { cwd: PROJECT })
      .filter((file) => statSync(project(file)).isFile())
      .toSorted();
  const project = (file: string) => join(PROJECT, file);

  copy(EXECUTABLE, 'usr/bin/dbcalm-cmd', 0o755);
  const units = files('systemd/*.{socket,service}').toSorted(socketsFirst);
  for (const unit of units) copy(project(unit), join('usr/lib/systemd/system', basename(unit)));
  for (const file of files('systemd/*.tmpfiles')) {
    copy(project(file), `usr/lib/tmpfiles.d/${basename(file, '.tmpfiles')}.conf`);
  }
  copy(project('packaging/debian/sysusers'), 'usr/lib/sysusers.d/dbcalm-cmd.conf');
  copy(project('packaging/debian/logrotate'), 'etc/logrotate.d/dbcalm-cmd');
  copy(project('config/cmd-config.yml'), 'etc/dbcalm/cmd-config.yml');
  copy(project('packaging/debian/lintian-overrides'), 'usr/share/lintian/overrides/dbcalm-cmd');

  write('usr/share/man/man8/dbcalm-cmd.8.gz', compressed(await manPage(date)));
  for (const [shell, path] of COMPLETIONS) {
    write(path, execFileSync(EXECUTABLE, ['completion', shell]));
  }

  const doc = 'usr/share/doc/dbcalm-cmd';
  const [, maintainer = ''] = /^Maintainer: (.+)$/m.exec(textOf('packaging/debian/control')) ?? [];
  write(`${doc}/changelog.gz`, compressed(debianChangelog(maintainer, date)));
  write(`${doc}/copyright`, copyrightOf(packages));
  copy(project('config/dbcalm-cmd.example.yml'), `${doc}/examples/dbcalm-cmd.example.yml`);
  for (const page of files('docs/**')) copy(project(page), `${doc}/${page}`);
  return units.map((unit) => basename(unit));
}

/** The socket must be there before the service that takes it. */
const socketsFirst = (a: string, b: string) => extname(b).localeCompare(extname(a));

const COMPLETIONS = [
  ['bash', 'usr/share/bash-completion/completions/dbcalm-cmd'],
  ['zsh', 'usr/share/zsh/vendor-completions/_dbcalm-cmd'],
  ['fish', 'usr/share/fish/vendor_completions.d/dbcalm-cmd.fish'],
] as const;

await makePackage();
console.log(relative(PROJECT, DEB));
