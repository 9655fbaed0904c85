import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { exitOf, type Layout, prepare, spawnDaemon, startDaemon } from '../support/daemon.ts';
import { testFolder } from '../support/folder.ts';
import { canMount, mounter } from '../support/mount.ts';

async function failing(
  t: TestContext,
  config: Record<string, unknown>,
  arrange: (at: Layout) => void = () => {},
) {
  const at = prepare(testFolder(t), config);
  arrange(at);
  const { code, stderr } = await exitOf(spawnDaemon(at));
  const lines = stderr.trim().split('\n');
  assert.equal(lines.length, 1, stderr);
  assert.match(stderr, /^dbcalm-cmd: /);
  assert.match(lines[0] as string, / What to do: /);
  return { at, code, line: lines[0] as string };
}

test('second daemon on the same socket exits with a message and leaves the first alone', async (t) => {
  const first = await startDaemon(t);
  const { code, stderr } = await exitOf(spawnDaemon(first.at));
  assert.equal(code, 75);
  assert.match(
    stderr,
    /^dbcalm-cmd: another daemon answers on the socket: .*cmd\.sock\. What to do: stop it first/m,
  );
  const row = await first.carryOut('delete_directory', { path: join(first.at.backups, 'b1') });
  assert.equal(row.status, 'success');
});

test('daemon replaces a stale socket', async (t) => {
  const first = await startDaemon(t);
  await first.stop('SIGKILL');
  assert.ok(statSync(first.at.socket).isSocket());
  const second = await startDaemon(t, { folder: first.at.folder });
  assert.equal((await second.deletion(join(first.at.backups, 'b1'))).code, 202);
});

test('daemon leaves a file or directory at the path of the socket alone and names it', async (t) => {
  const file = await failing(t, {}, ({ folder, socket }) => {
    mkdirSync(join(folder, 'run'));
    writeFileSync(socket, 'mine');
  });
  assert.equal(file.code, 73);
  assert.match(file.line, /something that is not a socket.*cmd\.sock/);
  assert.equal(readFileSync(file.at.socket, 'utf8'), 'mine');
  const folder = await failing(t, {}, ({ socket }) => mkdirSync(join(socket, 'inner'), { recursive: true }));
  assert.equal(folder.code, 73);
  assert.ok(statSync(join(folder.at.socket, 'inner')).isDirectory());
});

test('daemon reports a socket_path below a file as a socket that cannot be opened', async (t) => {
  const { code, line } = await failing(t, { socket_path: join(testFolder(t), 'file', 'cmd.sock') }, (at) => {
    const { socket_path: path } = JSON.parse(readFileSync(at.configFile, 'utf8')) as Record<string, string>;
    writeFileSync(dirname(path as string), '');
  });
  assert.equal(code, 73);
  assert.match(line, /the socket cannot be opened: ENOTDIR.*What to do: check socket_path/);
});

for (const room of ['none', 'too little for its log']) {
  test(`daemon reports a disk with ${room === 'none' ? 'no room' : `room ${room}`}`, {
    skip: !canMount && 'mounts a tmpfs',
  }, async (t) => {
    const mount = mounter(t);
    const { code, line } = await failing(t, {}, ({ state }) => {
      const disk = dirname(state);
      mkdirSync(disk);
      mount(disk, '-t', 'tmpfs', '-o', 'size=2m,mode=700', 'tmpfs');
      const { bavail, bsize } = statfsSync(disk);
      writeFileSync(
        join(disk, 'ballast'),
        Buffer.alloc(bavail * bsize - (room === 'none' ? 0 : 28 * 1024), 1),
      );
    });
    assert.equal(code, 74);
    assert.match(line, /there is no room for the database: .*What to do: make room on the disk/);
  });
}

test('start-up succeeds with an unusable shared database; commands get 503 with the reason until it is usable', async (t) => {
  const daemon = await startDaemon(t, {
    arrange: ({ database }) => writeFileSync(database, 'this is not a database, but text'.repeat(50)),
  });
  const path = join(daemon.at.backups, 'b1');
  const refused = await daemon.deletion(path);
  assert.deepEqual([refused.code, refused.status], [503, 'Service Unavailable']);
  assert.match(refused.message as string, /the shared database: .*db\.sqlite3: file is not a database/);
  assert.equal((await daemon.ask({ cmd: 'x' })).code, 400);
  await daemon.logged('the trouble', ({ code, msg }) => {
    return code === 'DATABASE_TROUBLE' && /file is not a database/.test(msg as string);
  });
  rmSync(daemon.at.database);
  await daemon.accepted(path);
});

test('start-up fails with one line and an exit code for an invalid database, config or log', async (t) => {
  const notADatabase = await failing(t, {}, ({ state }) => {
    mkdirSync(dirname(state), { mode: 0o700 });
    writeFileSync(state, 'this is not a database, but text'.repeat(50));
  });
  assert.equal(notADatabase.code, 74);
  assert.match(notADatabase.line, /the database cannot be used: .*state\.sqlite3: file is not a database/);
  const open = await failing(t, {}, ({ state }) => mkdirSync(dirname(state), { mode: 0o755 }));
  assert.equal(open.code, 74);
  assert.match(open.line, /cannot trust the directory of state_path: .* has mode 755, not 700/);
  const unknown = await failing(t, { databse_path: '/x' });
  assert.equal(unknown.code, 78);
  assert.match(unknown.line, /cmd-config\.yml: unknown key "databse_path"; allowed are project_name, /);
  const wrong = await failing(t, { max_running: 'many' });
  assert.equal(wrong.code, 78);
  assert.match(wrong.line, /max_running is "many", allowed is a whole number from 1 to 256/);
  const root = await failing(t, { deletion_roots: ['/'] });
  assert.equal(root.code, 78);
  const missing = await failing(t, {}, ({ configFile }) => writeFileSync(configFile, 'a: [b'));
  assert.equal(missing.code, 78);
  const log = await failing(t, {}, ({ log }) => mkdirSync(log, { recursive: true }));
  assert.equal(log.code, 73);
  assert.match(log.line, /the log file cannot be opened/);
  const audit = await failing(t, {}, ({ folder }) =>
    mkdirSync(join(folder, 'log', 'cmd-audit.log'), { recursive: true }),
  );
  assert.equal(audit.code, 73);
  assert.match(audit.line, /the audit log cannot be opened: EISDIR.*set audit_log_file/);
  const stranger = await failing(t, { allowed_uids: ['no such user'] });
  assert.match(
    stranger.line,
    /allowed_uids is \["no such user"\], allowed is a list of names or numbers of users/,
  );
  const nobody = await failing(t, { allowed_gids: ['nosuchgroup'] });
  assert.equal(nobody.code, 78);
  assert.match(nobody.line, /allowed_gids holds "nosuchgroup": there is no such group/);
});

test('socket_mode opens the socket to all users that may enter its directory; a created directory is setgid and sticky', async (t) => {
  const daemon = await startDaemon(t);
  assert.equal(statSync(daemon.at.socket).mode & 0o777, 0o666);
  assert.equal(statSync(join(daemon.at.folder, 'run')).mode & 0o7777, 0o3774);
});

test('daemon does not replace a socket on which another program listens', async (t) => {
  const at = prepare(testFolder(t));
  mkdirSync(join(at.folder, 'run'));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(at.socket, resolve));
  t.after(() => server.close());
  const { code } = await exitOf(spawnDaemon(at));
  assert.equal(code, 75);
});
