import assert from 'node:assert/strict';
import { chmodSync, chownSync, existsSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '../../src/io/config/load.ts';
import { DEFAULTS } from '../../src/io/config/schema.ts';
import { exitOf, type Layout, prepare, spawnDaemon } from '../support/daemon.ts';
import { testFolder } from '../support/folder.ts';
import { MEMBER, noMember } from '../support/member.ts';
import { verb } from '../support/verb.ts';

/** A config in a directory of its own. `open` gives others access to it. */
function prepared(t: TestContext, open: (at: Layout) => void): Layout {
  const at = prepare(testFolder(t));
  const directory = join(at.folder, 'etc');
  mkdirSync(directory, { mode: 0o755 });
  const moved = { ...at, configFile: join(directory, basename(at.configFile)) };
  renameSync(at.configFile, moved.configFile);
  open(moved);
  return moved;
}

const ways: [string, RegExp, (at: Layout) => void][] = [
  ['belongs to a member of the group', /belongs to uid 61877/, ({ configFile }) => give(configFile)],
  [
    'its group can write to',
    /its group or others can write/,
    ({ configFile }) => chmodSync(configFile, 0o664),
  ],
  [
    'everybody can write to',
    /its group or others can write/,
    ({ configFile }) => chmodSync(configFile, 0o646),
  ],
  [
    'lies in a directory that the group can write to',
    /etc (has mode 2770, so other users can write to it|belongs to uid 61877)/,
    ({ configFile }) => chmodSync(dirname(configFile), 0o2770),
  ],
  [
    'lies in a directory of a member of the group',
    /etc (has mode 2770, so other users can write to it|belongs to uid 61877)/,
    ({ configFile }) => give(dirname(configFile)),
  ],
  [
    'is a symlink in a directory that the group can write to',
    /is a symlink that others can put there/,
    ({ configFile }) => {
      renameSync(configFile, join(dirname(dirname(configFile)), 'elsewhere.yml'));
      symlinkSync('../elsewhere.yml', configFile);
      chmodSync(dirname(configFile), 0o2770);
    },
  ],
];

const give = (path: string) => chownSync(path, MEMBER.uid, MEMBER.gid);

for (const [way, why, open] of ways) {
  test(`loadConfig refuses a config that ${way}, and the daemon does not start`, {
    skip: noMember(),
  }, async (t) => {
    const at = prepared(t, open);
    const daemon = spawnDaemon(at);
    // A daemon that starts all the same would never end.
    daemon.stderr?.on('data', (piece: Buffer) => {
      if (piece.includes('listening')) daemon.kill('SIGKILL');
    });
    const { code, stderr } = await exitOf(daemon);
    assert.equal(code, 78, stderr);
    assert.match(
      stderr,
      /^dbcalm-cmd: cannot use the config: .*What to do: give the file and each directory/,
    );
    assert.match(stderr, why);
    assert.ok(!existsSync(at.log), 'nothing that it names is opened');
    const { status, stdout } = verb(at, 'check');
    assert.equal(status, 1);
    assert.match(stdout, why);
  });
}

test('loadConfig follows a symlink that only root can have put there, also into a sticky directory', async (t) => {
  const at = prepared(t, ({ configFile }) => {
    const elsewhere = join(dirname(dirname(configFile)), 'sticky');
    mkdirSync(elsewhere);
    chmodSync(elsewhere, 0o1777);
    renameSync(configFile, join(elsewhere, 'real.yml'));
    symlinkSync('../sticky/real.yml', configFile);
  });
  assert.equal(loadConfig(at.configFile).socket_path, at.socket);
});

test('loadConfig takes no deletion root, cron file, log or socket from the config of the API server', (t) => {
  const folder = testFolder(t);
  const apiServers = join(folder, 'config.yml');
  const theirs = {
    cron_file: join(folder, 'cron'),
    cmd_log_file: join(folder, 'log'),
    audit_log_file: join(folder, 'audit'),
    socket_path: join(folder, 'socket'),
    state_path: join(folder, 'state'),
    record: join(folder, 'record'),
    deletion_roots: [folder],
    unsafe_deletion_roots: [folder],
    allowed_uids: [0],
    database_path: join(folder, 'db'),
  };
  writeFileSync(apiServers, JSON.stringify(theirs), { mode: 0o644 });
  const config = loadConfig(undefined, undefined, [join(folder, 'cmd-config.yml'), apiServers]);
  assert.deepEqual(config, {
    ...DEFAULTS,
    deletion_roots: ['/var/backups/dbcalm', '/tmp'],
    database_path: theirs.database_path,
  });
});

test('loadConfig takes the config of the API server only where root alone can have written it', {
  skip: noMember(),
}, (t) => {
  const folder = testFolder(t);
  const apiServers = join(folder, 'config.yml');
  const load = () => loadConfig(undefined, undefined, [join(folder, 'cmd-config.yml'), apiServers]);
  writeFileSync(apiServers, 'backup_dir: /data/backups\n', { mode: 0o640 });
  assert.equal(load().deletion_roots[0], '/data/backups');
  give(apiServers);
  assert.throws(load, { code: 'CONFIG_UNTRUSTED', remedy: /\/etc\/dbcalm\/cmd-config\.yml/ });
});
