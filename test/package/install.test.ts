/** The life cycle of the package in a fresh Debian without Node: install, use, upgrade, remove, purge. */
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { DEB, VERSION } from '../../packaging/project.ts';
import type { FreshRoot } from '../support/fresh-root.ts';
import { freshRoot, noFreshRoot } from '../support/fresh-root.ts';
import { ask, DATABASE, install, nextVersion, serve } from '../support/installed.ts';
import { makeServerDatabase, serversPart } from '../support/server-databases.ts';
import { until } from '../support/until.ts';

const skip = noFreshRoot() || (!existsSync(DEB) && 'npm run package has not been run');

const SCHEDULE = { id: 7, backup_type: 'full', frequency: 'daily', enabled: true, hour: 2, minute: 30 };

/** Prepares the machine as an API server leaves it: with its user, its directory and its database. */
function withServer(root: FreshRoot, server: 'Go' | 'Python') {
  root.run('useradd', '--system', '--user-group', 'dbcalm');
  mkdirSync(root.path('/var/lib/dbcalm'));
  makeServerDatabase(root.path(DATABASE), server);
  root.run('chown', '-R', 'dbcalm:dbcalm', '/var/lib/dbcalm');
  root.run('chmod', '2770', '/var/lib/dbcalm');
  root.run('chmod', '0660', DATABASE);
  return serversPart(root.path(DATABASE));
}

interface Listed {
  readonly command_id: string;
  readonly state: string;
}

const list = (root: FreshRoot) => JSON.parse(root.run('dbcalm-cmd', 'list', '--json')) as Listed[];

async function ended(root: FreshRoot, id: string | undefined): Promise<string> {
  const found = () => list(root).find((row) => row.command_id === id && /ed$/.test(row.state));
  return (await until(`the end of ${id}`, found)).state;
}

/** Runs the three commands one after the other, and checks their effects. */
async function useIt(root: FreshRoot): Promise<void> {
  for (const name of ['b1', 'b2', 'b3'])
    mkdirSync(root.path(`/var/backups/dbcalm/${name}/inner`), { recursive: true });
  const folder = (name: string) => `/var/backups/dbcalm/${name}`;
  const replies = [
    ask(root, 'delete_directory', { path: folder('b1') }),
    ask(root, 'cleanup_backups', { backup_ids: ['b2', 'b3'], folders: [folder('b2'), folder('b3')] }),
    ask(root, 'update_cron_schedules', { schedules: [SCHEDULE] }),
  ];
  for (const { code, id } of replies) {
    assert.equal(code, 202);
    assert.equal(await ended(root, id), 'succeeded');
  }
  assert.deepEqual(readdirSync(root.path('/var/backups/dbcalm')), []);
  assert.match(
    readFileSync(root.path('/etc/cron.d/dbcalm'), 'utf8'),
    /^30 2 \* \* \* root \/usr\/bin\/dbcalm backup full/m,
  );
  assert.equal(ask(root, 'delete_directory', { path: folder('') }).code, 403);
  const log = readFileSync(root.path('/var/log/dbcalm/cmd.log'), 'utf8');
  const audit = readFileSync(root.path('/var/log/dbcalm/cmd-audit.log'), 'utf8');
  for (const { id } of replies) assert.ok(log.includes(id as string) && audit.includes(id as string));
}

for (const server of ['Go', 'Python'] as const) {
  test(`dbcalm-cmd.deb works with the database of the ${server} API server, and leaves foreign files after its removal and purge`, {
    skip,
  }, async (t) => {
    const root = freshRoot(t);
    assert.equal(root.attempt('/bin/sh', '-c', 'command -v node').status, 127);
    const before = withServer(root, server);
    const database = () => serversPart(root.path(DATABASE));

    install(root, DEB);
    assert.equal(root.run('dbcalm-cmd', '--version'), `${VERSION}\n`);
    const first = await serve(t, root);
    await useIt(root);
    assert.deepEqual(database(), before);
    const findings = root.attempt('dbcalm-cmd', 'check');
    assert.equal(findings.status, 0, findings.stdout);

    root.run('logrotate', '--force', '/etc/logrotate.d/dbcalm-cmd');
    assert.ok(existsSync(root.path('/var/log/dbcalm/cmd.log.1')));
    await first.reopen();

    appendFileSync(root.path('/etc/dbcalm/cmd-config.yml'), 'max_running: 3\n');
    install(root, nextVersion(root, `${VERSION}+next`));
    assert.match(readFileSync(root.path('/etc/dbcalm/cmd-config.yml'), 'utf8'), /max_running: 3/);
    // Without systemd no process has restarted the daemon. The old one goes on until its supervisor restarts it.
    assert.ok(!first.isCurrent());
    await useIt(root);
    assert.equal((await first.stop()).code, 0);
    const second = await serve(t, root);
    assert.ok(second.isCurrent());
    await useIt(root);
    // Only its own commands: those of the API server are in the shared table only.
    assert.equal(list(root).length, 9);
    assert.equal((await second.stop()).code, 0);

    root.run('dpkg', '--remove', 'dbcalm-cmd');
    assert.ok(!existsSync(root.path('/usr/bin/dbcalm-cmd')));
    assert.deepEqual(database(), before);
    for (const file of ['etc/dbcalm/cmd-config.yml', 'etc/cron.d/dbcalm', 'var/log/dbcalm/cmd.log'])
      assert.ok(existsSync(root.path(file)), file);

    mkdirSync(root.path('/var/backups/dbcalm/b9'));
    const theirs = statSync(root.path(DATABASE));
    root.run('dpkg', '--purge', 'dbcalm-cmd');
    assert.deepEqual(database(), before);
    const { ino, uid, mode } = statSync(root.path(DATABASE));
    assert.deepEqual([ino, uid, mode], [theirs.ino, theirs.uid, theirs.mode]);
    assert.ok(existsSync(root.path('/var/backups/dbcalm/b9')));
    assert.ok(existsSync(root.path('/etc/cron.d/dbcalm')));
    for (const file of [
      'etc/dbcalm',
      'etc/logrotate.d/dbcalm-cmd',
      'var/lib/dbcalm-cmd',
      'usr/share/doc/dbcalm-cmd',
    ])
      assert.ok(!existsSync(root.path(file)), file);
    // The crontab stays, and so do the logs of its lines.
    const logs = readdirSync(root.path('/var/log/dbcalm'));
    assert.deepEqual(
      logs.filter((name) => !/^(cleanup|cron-\d+)\.log$/.test(name)),
      [],
    );
    const left = readdirSync(root.path('/var/lib/dbcalm')).filter((name) => !name.startsWith('db.sqlite3'));
    assert.deepEqual(left, []);
  });
}
