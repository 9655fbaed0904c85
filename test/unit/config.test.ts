import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { load as fromYaml } from 'js-yaml';
import { DaemonError } from '../../src/errors.ts';
import { loadConfig } from '../../src/io/config.ts';
import { ConfigSchema, DEFAULTS } from '../../src/io/config-schema.ts';
import { testFolder } from '../support/folder.ts';

const PROJECT = join(import.meta.dirname, '..', '..');
const EXAMPLE = join(PROJECT, 'config', 'dbcalm-cmd.example.yml');

function load(t: TestContext, text: string, name = 'cmd-config.yml') {
  const file = join(testFolder(t), name);
  writeFileSync(file, text);
  return loadConfig(file);
}

function refusedConfig(t: TestContext, text: string, name?: string): string {
  try {
    load(t, text, name);
  } catch (error) {
    assert.ok(error instanceof DaemonError);
    assert.match(error.code, /^CONFIG_/);
    return error.message;
  }
  throw new Error(`was not refused: ${text}`);
}

test('an empty file gives the defaults of the contract', (t) => {
  assert.deepEqual(load(t, '# nothing\n'), {
    ...DEFAULTS,
    deletion_roots: ['/var/backups/dbcalm', '/var/lib/dbcalm/tmp', '/tmp'],
  });
});

test('the commented example holds every key with its default', () => {
  const example = fromYaml(readFileSync(EXAMPLE, 'utf8')) as object;
  assert.deepEqual(Object.keys(example).sort(), Object.keys(ConfigSchema.properties).sort());
  assert.deepEqual(loadConfig(EXAMPLE), {
    ...DEFAULTS,
    deletion_roots: ['/var/backups/dbcalm', '/var/lib/dbcalm/tmp', '/tmp'],
  });
});

test("the API server's file gives backup_dir, and its other keys are no errors", (t) => {
  const text =
    'db_type: mariadb\nbackup_dir: /data/backups\njwt_secret_key: s\nsomething_new: 1\nproject_name: shop\n';
  const config = load(t, text, 'config.yml');
  assert.deepEqual(config.deletion_roots, ['/data/backups', '/var/lib/dbcalm/tmp', '/tmp']);
  assert.equal(config.project_name, 'shop');
});

const refused: [string, RegExp][] = [
  ['project_name: a: b', /the config file cannot be read: .*bad indentation of a mapping entry \(1:16\)/],
  ['max_running: 8\nmax_running: 9', /duplicated mapping key \(2:1\)/],
  ['max_running: 8\n---\nmax_running: 9', /it holds more than one document/],
  ['projct_name: x', /unknown key "projct_name"; allowed are project_name, /],
  ['project_name: "a b"', /project_name is "a b", allowed is at most 32 of/],
  ['project_name: Shop', /project_name is "Shop"/],
  ['project_name: 5', /project_name is 5/],
  ['socket_path: run/x', /socket_path is "run\/x", allowed is an absolute path/],
  ['cron_file: "/etc/a\\nb"', /cron_file is "\/etc\/a\\nb"/],
  ['max_running: 0', /max_running is 0, allowed is a whole number from 1/],
  ['max_pending: 1.5', /max_pending is 1.5/],
  ['cmd_log_level: loud', /cmd_log_level is "loud", allowed is trace, debug/],
  ['deletion_roots: /tmp', /deletion_roots is "\/tmp", allowed is a list/],
  ['deletion_roots: []', /deletion_roots is \[\]/],
  ['deletion_roots: [backups]', /deletion_roots is \["backups"\]/],
  ['deletion_roots: [/]', /deletion_roots holds "\/": it is a system folder/],
  ['deletion_roots: [/etc/]', /it is a system folder/],
  ...[
    '/etc/cron.d',
    '/usr/local/bin',
    '/boot/grub',
    '/proc/1',
    '/home/joe',
    '/home',
    '/var/lib',
    '/var/log/x',
    '/root',
  ].map((root): [string, RegExp] => [`deletion_roots: [${root}]`, /: it is a system folder$/]),
  ['deletion_roots: [/proc/self/root]', /it is a system folder/],
  ['deletion_roots: [/data/../etc]', /it holds '\.\.'/],
  ['cron_file: /etc/cron.d/x.y', /cron_file is "\/etc\/cron\.d\/x\.y", allowed .*: cron ignores others/],
  ['cron_file: /etc/cron.d/x/', /cron_file is/],
  ['database_path: /var/lib/dbcalm/', /database_path is .*, allowed is an absolute path of a file/],
  ['log_level: debug', /unknown key "log_level"; it belongs into the API server's config\.yml; allowed are/],
  ['[1]', /must hold keys with values/],
  ['a: [', /./],
];

for (const [text, message] of refused) {
  test(`refused: ${text}`, (t) => {
    const said = refusedConfig(t, text);
    assert.match(said, message);
    assert.match(said, /cmd-config\.yml/);
  });
}

test("the API server's backup_dir is checked under its own name, unless there are deletion_roots", (t) => {
  const said = (text: string) => refusedConfig(t, text, 'config.yml');
  assert.match(said('backup_dir: /'), /config\.yml: backup_dir is "\/": it is a system folder$/);
  assert.match(said('backup_dir: 5'), /backup_dir is 5: it is no absolute path$/);
  assert.match(said('backup_dir: backups'), /backup_dir is "backups": it is no absolute path$/);
  const config = load(t, 'backup_dir: 5\ndeletion_roots: [/data]\n', 'config.yml');
  assert.deepEqual(config.deletion_roots, ['/data']);
});

test("without deletion_roots of our own the API server's backup_dir counts, also beside our own file", (t) => {
  const folder = testFolder(t);
  const files = [join(folder, 'cmd-config.yml'), join(folder, 'config.yml')];
  const [own, apiServers] = files as [string, string];
  const roots = () => loadConfig(undefined, undefined, files).deletion_roots;
  assert.deepEqual(roots()[0], '/var/backups/dbcalm');
  writeFileSync(apiServers, 'backup_dir: /data/backups\nproject_name: shop\n');
  assert.deepEqual(roots()[0], '/data/backups');
  writeFileSync(own, 'max_running: 2\n');
  assert.deepEqual(roots()[0], '/data/backups');
  assert.equal(
    loadConfig(undefined, undefined, files).project_name,
    'dbcalm',
    'nothing else is taken from it',
  );
  writeFileSync(own, 'deletion_roots: [/other]\n');
  assert.deepEqual(roots(), ['/other']);
});

test('the packaged config is the defaults without /tmp', () => {
  const packaged = loadConfig(join(PROJECT, 'config', 'cmd-config.yml'));
  const deletion_roots = ['/var/backups/dbcalm', '/var/lib/dbcalm/tmp'];
  assert.deepEqual(packaged, { ...DEFAULTS, deletion_roots });
});

test('a root that leads to a system folder is one; others are taken', (t) => {
  const folder = testFolder(t);
  symlinkSync('/etc', join(folder, 'link'));
  assert.match(
    refusedConfig(t, `deletion_roots: ["${folder}/link"]`),
    /it leads to the system folder \/etc$/,
  );
  const shared = join(folder, 'shared');
  mkdirSync(shared);
  chmodSync(shared, 0o777);
  symlinkSync('/etc', join(shared, 'planted'));
  assert.equal(load(t, `deletion_roots: ["${shared}/planted"]`).deletion_roots[0], `${shared}/planted`);
  const roots = [
    '/data',
    '/srv/x',
    '/mnt/x',
    '/tmp',
    '/var/tmp/x',
    '/opt/x',
    '/var/backups/x',
    '/home/joe/backups',
    '/root/dbcalm-cmd/var/backups',
  ];
  assert.deepEqual(load(t, `deletion_roots: ${JSON.stringify(roots)}`).deletion_roots, roots);
});

test('a file that is not there is named', () => {
  assert.throws(
    () => loadConfig('/nowhere/x.yml'),
    /the config file cannot be read: \/nowhere\/x\.yml: ENOENT/,
  );
});

test('only the development config may have relative paths', () => {
  const config = loadConfig(join(PROJECT, 'config', 'development.yml'), '/project');
  assert.equal(config.socket_path, '/project/var/cmd.sock');
  assert.deepEqual(config.deletion_roots, ['/project/var/backups']);
});
