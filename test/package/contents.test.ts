import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { bundle } from '../../packaging/bundle.ts';
import { DEB, EXECUTABLE, NODE_PACKAGE, PROJECT, VERSION } from '../../packaging/project.ts';
import { wordsOf } from '../../src/cli/completion.ts';
import { wholeProgram } from '../../src/cli/program.ts';
import { extracted } from '../support/extracted.ts';

const skip = !existsSync(DEB) && 'npm run package has not been run';
const LINTIAN = '/usr/bin/lintian';

let tree = '';
before(() => {
  if (!skip) tree = extracted(DEB);
});

const page = (path: string) => readFileSync(join(tree, path));
const text = (path: string) => page(path).toString();

test('lintian reports nothing about the package except the overrides', {
  skip: skip || (!existsSync(LINTIAN) && `${LINTIAN} is missing`),
}, () => {
  const { status, stdout, stderr } = spawnSync(
    LINTIAN,
    ['--allow-root', '--fail-on=error,warning,info', DEB],
    {
      encoding: 'utf8',
    },
  );
  assert.deepEqual([status, stdout], [0, ''], stderr);
});

test('each lintian override has a comment with its reason', () => {
  const overrides = readFileSync(join(PROJECT, 'packaging/debian/lintian-overrides'), 'utf8').trim();
  for (const block of overrides.split(/^(?=#)/m)) assert.match(block, /^# .{20,}\n(dbcalm-cmd: .+\n?)+$/);
});

test('dbcalm-cmd.deb has the executable, the units, a conffile, completions and a man page', {
  skip,
}, () => {
  assert.equal(text('DEBIAN/conffiles'), '/etc/dbcalm/cmd-config.yml\n/etc/logrotate.d/dbcalm-cmd\n');
  assert.equal(
    text('etc/dbcalm/cmd-config.yml'),
    readFileSync(join(PROJECT, 'config/cmd-config.yml'), 'utf8'),
  );
  assert.ok(page('usr/bin/dbcalm-cmd').equals(readFileSync(EXECUTABLE)));
  assert.ok(existsSync(join(tree, 'usr/lib/systemd/system/dbcalm-cmd.service')));
  for (const [shell, path] of [
    ['bash', 'usr/share/bash-completion/completions/dbcalm-cmd'],
    ['zsh', 'usr/share/zsh/vendor-completions/_dbcalm-cmd'],
    ['fish', 'usr/share/fish/vendor_completions.d/dbcalm-cmd.fish'],
  ] as const) {
    assert.equal(text(path), execFileSync(EXECUTABLE, ['completion', shell], { encoding: 'utf8' }));
  }
  const [, version] = /^dbcalm-cmd \((.+?)\) /.exec(
    gunzipSync(page('usr/share/doc/dbcalm-cmd/changelog.gz')).toString(),
  ) as unknown as [string, string];
  assert.equal(version, VERSION);
});

test('dbcalm-cmd.8 has every verb with its flags, except the flag of a checkout', { skip }, async () => {
  const roff = gunzipSync(page('usr/share/man/man8/dbcalm-cmd.8.gz')).toString();
  const { stdout, stderr } = spawnSync('man', ['--warnings', '-l', '-'], {
    input: roff,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', MANWIDTH: '200' },
  });
  assert.equal(stderr, '');
  for (const { name, options } of wordsOf(await wholeProgram())) {
    const [, part = ''] = new RegExp(`^   ${name}\\n([\\s\\S]+?)^(?: {3})?\\S`, 'm').exec(stdout) ?? [];
    const flags = options.map(({ flag }) => flag).filter((flag) => !/--(help|development)/.test(flag));
    for (const flag of flags) assert.ok(part.includes(flag), `${name} ${flag}: ${part}`);
  }
  assert.ok(!stdout.includes('--development'));
  assert.match(stdout, /^EXIT STATUS\n {7}0 +done/m);
});

test('copyright names every component of the executable', { skip }, async () => {
  const copyright = text('usr/share/doc/dbcalm-cmd/copyright');
  const { packages } = await bundle();
  assert.ok(packages.length > 15);
  for (const name of [NODE_PACKAGE, ...packages.filter((other) => !other.startsWith('@koromix/'))])
    assert.ok(copyright.includes(`\n${name} `), name);
});
