import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { type Finding, Notes } from '../../../src/cli/checks/finding.ts';
import { siblingFindings } from '../../../src/cli/checks/siblings.ts';
import { objectionTo, unitFindings } from '../../../src/cli/checks/unit.ts';
import { loadConfig } from '../../../src/io/config/load.ts';
import { readUnit, settingsOf } from '../../../src/io/systemd/unit-file.ts';
import { prepare } from '../../support/daemon.ts';
import { testFolder } from '../../support/folder.ts';

const notes = new Notes('it', '/it');
const levels = (findings: readonly Finding[]) => findings.map(({ level }) => level);

test('check warns of a service whose stop removes the directory of the sockets', (t) => {
  const folder = testFolder(t);
  const config = loadConfig(prepare(folder, { socket_path: '/var/run/dbcalm/cmd.sock' }).configFile);
  const found = (text: string) => {
    writeFileSync(join(folder, 'dbcalm-api.service'), text);
    return siblingFindings(config, [folder]).map(({ found: what }) => what);
  };
  assert.deepEqual(siblingFindings(config, [folder]), []);
  const removes = ['a stop of dbcalm-api removes /run/dbcalm, and our socket with it'];
  const sticky = 'RuntimeDirectory=other dbcalm\nRuntimeDirectoryMode=3774\n';
  assert.deepEqual(found(sticky), removes);
  assert.deepEqual(found(`${sticky}RuntimeDirectoryPreserve=restart`), removes);
  assert.deepEqual(found(`${sticky}RuntimeDirectoryPreserve=yes`), []);
  assert.deepEqual(found('RuntimeDirectory=dbcalm-api'), []);
});

test('check warns of a service that takes the directory of the sockets from root, or its sticky bit', (t) => {
  const folder = testFolder(t);
  const config = loadConfig(prepare(folder, { socket_path: '/var/run/dbcalm/cmd.sock' }).configFile);
  const found = (text: string) => {
    writeFileSync(join(folder, 'dbcalm-api.service'), `RuntimeDirectoryPreserve=yes\n${text}`);
    return siblingFindings(config, [folder]).map(({ found: what }) => what);
  };
  const takes = [
    'a start of dbcalm-api takes /run/dbcalm from root, or its sticky bit: others can then move our socket away',
  ];
  assert.deepEqual(found('RuntimeDirectory=dbcalm'), takes);
  assert.deepEqual(found('RuntimeDirectory=dbcalm\nRuntimeDirectoryMode=2774'), takes);
  assert.deepEqual(found('RuntimeDirectory=dbcalm\nRuntimeDirectoryMode=3774\nUser=dbcalm'), takes);
  assert.deepEqual(found('RuntimeDirectory=dbcalm\nRuntimeDirectoryMode=3774\nUser=root'), []);
  assert.deepEqual(found('RuntimeDirectory=dbcalm\nRuntimeDirectory='), []);
});

test('check reports each path that the sandbox of the unit does not let the daemon write', () => {
  const strict = 'ProtectSystem=strict\n';
  for (const [unit, path, expected] of [
    ['', '/srv/x', []],
    [strict, '/srv/x', ['problem']],
    [`${strict}ReadWritePaths=-/srv "+/opt/y"`, '/srv/x', []],
    [`${strict}ReadWritePaths=/srv/xy`, '/srv/x', ['problem']],
    [`${strict}ReadWritePaths=/a \\\n  /srv/x`, '/srv/x', []],
    [`${strict}ReadWritePaths=/srv\nReadWritePaths=`, '/srv/x', ['problem']],
    [`${strict}# ReadWritePaths=/srv`, '/srv/x', ['problem']],
    [`${strict}RuntimeDirectory=dbcalm`, '/var/run/dbcalm', []],
    ['ProtectSystem=full', '/etc/cron.d', ['problem']],
    ['ProtectSystem=full', '/srv/x', []],
    ['ProtectSystem=yes', '/usr/x', ['problem']],
    [`${strict}ReadWritePaths=/tmp\nPrivateTmp=yes`, '/tmp/x', ['warning']],
    [`${strict}ReadWritePaths=/home\nProtectHome=yes`, '/home/x', ['problem']],
    [`${strict}ReadWritePaths=/home\nProtectHome=read-only`, '/home/x', []],
  ] as const)
    assert.deepEqual(levels(objectionTo(notes, settingsOf(unit), path)), expected, `${unit}: ${path}`);
});

test('`readUnit` reads the first unit file, with the drop-ins of both directories', (t) => {
  const root = testFolder(t);
  const [own, packaged] = [join(root, 'etc'), join(root, 'lib')] as [string, string];
  assert.equal(readUnit([own, packaged]), undefined);
  const put = (folder: string, name: string, text: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  put(packaged, 'dbcalm-cmd.service', '[Service]\nProtectSystem=strict\nReadWritePaths=/a\n');
  put(packaged, 'dbcalm-cmd.service.d/10.conf', 'ReadWritePaths=/hidden\n');
  put(own, 'dbcalm-cmd.service.d/10.conf', 'ReadWritePaths=/b\n');
  put(own, 'dbcalm-cmd.service.d/notes.txt', 'ReadWritePaths=/c\n');
  const unit = readUnit([own, packaged]);
  assert.deepEqual(
    [unit?.path, unit?.settings.get('ReadWritePaths')],
    [join(packaged, 'dbcalm-cmd.service'), ['/a', '/b']],
  );
  const config = loadConfig(prepare(root).configFile);
  // The test's directory is in /tmp, or wherever TMPDIR says.
  assert.ok(unitFindings(config, [own, packaged]).every(({ level }) => level === 'problem'));
  put(own, 'dbcalm-cmd.service.d/20.conf', `ReadWritePaths=${root}\n`);
  assert.deepEqual(levels(unitFindings(config, [own, packaged])), ['ok']);
  symlinkSync('/dev/null', join(own, 'dbcalm-cmd.service'));
  const [masked] = unitFindings(config, [own, packaged]);
  assert.match(`${masked?.level}: ${masked?.found}`, /^warning: it is masked/);
});

test('dbcalm-cmd.service covers the default paths, except for its private /tmp', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../systemd/dbcalm-cmd.service'), 'utf8');
  const { deletion_roots, ...files } = loadConfig(undefined, undefined, []);
  const folders = [
    files.database_path,
    files.state_path,
    files.cron_file,
    files.cmd_log_file,
    files.socket_path,
  ].map(dirname);
  const wrong = [...folders, ...deletion_roots].flatMap((path) => objectionTo(notes, settingsOf(text), path));
  assert.deepEqual(
    wrong.map(({ level, found }) => [level, /has a (\S+) of its own/.exec(found)?.[1]]),
    [['warning', '/tmp']],
  );
});
