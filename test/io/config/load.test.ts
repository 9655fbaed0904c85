import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { load as fromYaml } from 'js-yaml';
import { DaemonError } from '../../../src/errors.ts';
import { loadConfig, loadConfigFiles } from '../../../src/io/config/load.ts';
import { ConfigSchema, DEFAULTS } from '../../../src/io/config/schema.ts';
import { testFolder } from '../../support/folder.ts';

const PROJECT = join(import.meta.dirname, '..', '..', '..');
const EXAMPLE = join(PROJECT, 'config', 'dbcalm-cmd.example.yml');

function load(t: TestContext, text: string, name = 'cmd-config.yml') {
  return loadConfigFiles(fileWith(t, text, name)).config;
}

function fileWith(t: TestContext, text: string, name = 'cmd-config.yml'): string {
  const file = join(testFolder(t), name);
  writeFileSync(file, text, { mode: 0o644 });
  return file;
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

test('loadConfig gives the defaults of the contract for an empty file', (t) => {
  assert.deepEqual(load(t, '# nothing\n'), {
    ...DEFAULTS,
    deletion_roots: ['/var/backups/dbcalm', '/tmp'],
  });
});

test('dbcalm-cmd.example.yml holds every key with its default', (t) => {
  const text = readFileSync(EXAMPLE, 'utf8');
  const example = fromYaml(text) as object;
  assert.deepEqual(Object.keys(example).sort(), Object.keys(ConfigSchema.properties).sort());
  assert.deepEqual(load(t, text), {
    ...DEFAULTS,
    deletion_roots: ['/var/backups/dbcalm', '/tmp'],
  });
});

test("loadConfig takes backup_dir, database_path and project_name from the API server's file, whose other keys are no errors", (t) => {
  const text =
    'db_type: mariadb\nbackup_dir: /data/backups\njwt_secret_key: s\nsomething_new: 1\nproject_name: shop\ndatabase_path: /data/db\n';
  const { config, warnings } = loadConfigFiles(fileWith(t, text, 'config.yml'));
  assert.deepEqual(config, {
    ...DEFAULTS,
    deletion_roots: ['/data/backups', '/tmp'],
    project_name: 'shop',
    database_path: '/data/db',
  });
  assert.deepEqual(warnings, []);
});

test("loadConfigFiles ignores other keys of the daemon's in the API server's file, whatever they hold, and names them in one warning", (t) => {
  const text =
    'cron_file: /data/cron\ndeletion_roots: 5\nallowed_uids: [no-such-user]\nstate_path: /data/s\n';
  const { config, warnings } = loadConfigFiles(fileWith(t, text, 'config.yml'));
  assert.deepEqual(config, { ...DEFAULTS, deletion_roots: ['/var/backups/dbcalm', '/tmp'] });
  assert.deepEqual(
    warnings.map(({ code, detail }) => [code, detail.replace(/^.*: /, '')]),
    [['CONFIG_KEYS_IGNORED', 'cron_file, deletion_roots, allowed_uids, state_path']],
  );
});

test("loadConfig refuses a project_name or database_path of the API server's file that its grammar does not allow", (t) => {
  assert.match(refusedConfig(t, 'project_name: "a;b"', 'config.yml'), /project_name is "a;b", allowed is/);
  assert.match(refusedConfig(t, 'database_path: db', 'config.yml'), /database_path is "db", allowed is/);
});

test('loadConfigFiles names the files that it read, by their names and by where they are', (t) => {
  const file = fileWith(t, '');
  const link = join(testFolder(t), 'link.yml');
  symlinkSync(file, link);
  assert.deepEqual(loadConfigFiles(file).files, [file]);
  assert.deepEqual(loadConfigFiles(link).files, [link, file]);
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
  [
    'deletion_roots: [/data]\nunsafe_deletion_roots: [/other]',
    /unsafe_deletion_roots holds "\/other": it is not one of deletion_roots/,
  ],
  ['cron_file: /etc/cron.d/x.y', /cron_file is "\/etc\/cron\.d\/x\.y", allowed .*: cron ignores others/],
  ['cron_file: /etc/cron.d/x/', /cron_file is/],
  ['database_path: /var/lib/dbcalm/', /database_path is .*, allowed is an absolute path of a file/],
  ['log_level: debug', /unknown key "log_level"; it belongs into the API server's config\.yml; allowed are/],
  ['[1]', /must hold keys with values/],
  ['a: [', /./],
];

for (const [text, message] of refused) {
  test(`loadConfig refuses ${text}`, (t) => {
    const said = refusedConfig(t, text);
    assert.match(said, message);
    assert.match(said, /cmd-config\.yml/);
  });
}

test("loadConfig checks the API server's backup_dir under its own name", (t) => {
  const said = (text: string) => refusedConfig(t, text, 'config.yml');
  assert.match(said('backup_dir: /'), /config\.yml: backup_dir is "\/": it is a system folder$/);
  assert.match(said('backup_dir: 5'), /backup_dir is 5: it is no absolute path$/);
  assert.match(said('backup_dir: backups'), /backup_dir is "backups": it is no absolute path$/);
});

test("loadConfig takes backup_dir of the API server's file if deletion_roots is not set, with or without an own file", (t) => {
  const folder = testFolder(t);
  const files = [join(folder, 'cmd-config.yml'), join(folder, 'config.yml')];
  const [own, apiServers] = files as [string, string];
  const roots = () => loadConfig(undefined, undefined, files).deletion_roots;
  assert.deepEqual(roots()[0], '/var/backups/dbcalm');
  writeFileSync(apiServers, 'backup_dir: /data/backups\nproject_name: shop\n', { mode: 0o644 });
  assert.deepEqual(roots()[0], '/data/backups');
  writeFileSync(own, 'max_running: 2\n', { mode: 0o644 });
  assert.deepEqual(roots()[0], '/data/backups');
  assert.equal(
    loadConfig(undefined, undefined, files).project_name,
    'dbcalm',
    'nothing else is taken from it',
  );
  writeFileSync(own, 'deletion_roots: [/other]\n');
  assert.deepEqual(roots(), ['/other']);
  chmodSync(apiServers, 0o666);
  assert.deepEqual(roots(), ['/other'], 'it is not even read');
  writeFileSync(own, 'max_running: 2\n');
  assert.throws(roots, /cannot use the config: .*\/config\.yml: its group or others can write to it/);
});

test('cmd-config.yml holds the defaults without /tmp', (t) => {
  const packaged = load(t, readFileSync(join(PROJECT, 'config', 'cmd-config.yml'), 'utf8'));
  const deletion_roots = ['/var/backups/dbcalm'];
  assert.deepEqual(packaged, { ...DEFAULTS, deletion_roots });
});

test('loadConfig refuses a deletion root that leads to a system directory, and accepts others', (t) => {
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

test('loadConfig names a file that does not exist', () => {
  assert.throws(
    () => loadConfig('/nowhere/x.yml'),
    /the config file cannot be read: \/nowhere\/x\.yml: ENOENT/,
  );
});

test('loadConfig accepts relative paths only with a base directory, as the development config has', () => {
  const config = loadConfig(join(PROJECT, 'config', 'development.yml'), '/project');
  assert.equal(config.socket_path, '/project/var/cmd.sock');
  assert.deepEqual(config.deletion_roots, ['/project/var/backups']);
  assert.deepEqual(config.unsafe_deletion_roots, ['/project/var/backups']);
});
