import assert from 'node:assert/strict';
import { readFileSync, renameSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { makeBackups } from '../support/folder.ts';
import { until } from '../support/until.ts';

const OWN = process.getuid?.() as number;

/** Waits until the audit log has at least `count` lines that `kept` selects, and returns them. */
function audited(
  { at }: TestDaemon,
  count: number,
  kept: (line: Record<string, unknown>) => boolean = () => true,
): Promise<Record<string, unknown>[]> {
  const file = join(at.folder, 'log', 'cmd-audit.log');
  return until(`${count} lines of the audit log`, () => {
    // The last line may be incomplete.
    const texts = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    const lines = texts.map((line) => JSON.parse(line) as Record<string, unknown>).filter(kept);
    return lines.length >= count && lines;
  });
}

test('daemon answers 403 to a client outside the access list and logs a security event', async (t) => {
  const daemon = await startDaemon(t, { config: { allowed_uids: ['daemon'] } });
  const { code, status, message } = await daemon.deletion(join(daemon.at.backups, 'b1'));
  assert.deepEqual([code, status], [403, 'Forbidden']);
  assert.match(message as string, new RegExp(`^this peer may not ask: uid ${OWN}, gid \\d+$`));
  const line = await daemon.logged('the refusal', ({ msg }) => msg === 'refused');
  assert.equal(line.security, 'peer.refused');
  assert.equal((line.peer as { uid: number }).uid, OWN);
  assert.deepEqual(daemon.rows(), []);
});

test('daemon serves a client whose user or group is on the access list', async (t) => {
  const group = statSync('/').gid;
  for (const config of [
    { allowed_uids: [OWN] },
    { allowed_uids: [], allowed_gids: [process.getgid?.(), group] },
  ]) {
    const daemon = await startDaemon(t, { config });
    await daemon.carryOut('delete_directory', { path: join(daemon.at.backups, 'b1') });
  }
});

test('daemon answers 429 to requests above the rate limit of their user', async (t) => {
  const daemon = await startDaemon(t, { config: { max_requests_per_second: 5 } });
  const replies = await Promise.all(Array.from({ length: 100 }, () => daemon.ask({ cmd: 'x' })));
  const limited = replies.filter(({ code }) => code === 429);
  assert.ok(limited.length > 0);
  assert.ok(replies.length - limited.length >= 5);
  assert.equal(limited[0]?.status, 'Too Many Requests');
  assert.match(limited[0]?.message as string, /^too many requests: 5 requests a second for each user$/);
});

test('audit log and audit table get an entry for each command that is accepted, refused or ended', async (t) => {
  const daemon = await startDaemon(t);
  const { backups, folder } = daemon.at;
  const [path] = makeBackups(backups, 'b1') as [string];
  const row = await daemon.carryOut('delete_directory', { path });
  symlinkSync(folder, join(backups, 'out'));
  const bad = join(backups, 'out', 'x');
  await daemon.deletion(bad);
  await daemon.ask({ cmd: 'x\u0000\u009b' });
  const lines = await audited(daemon, 4);
  const common = ({ event, command_id, cmd, paths, outcome, security }: Record<string, unknown>) => [
    [event, command_id, cmd],
    [paths, outcome, security],
  ];
  assert.deepEqual(lines.map(common), [
    [
      ['command.accepted', row.command_id, 'delete_directory'],
      [[path], 'accepted', null],
    ],
    [
      ['command.ended', row.command_id, 'delete_directory'],
      [[path], 'succeeded', null],
    ],
    [
      ['command.refused', null, 'delete_directory'],
      [[bad], 'refused 403', 'symlink.met'],
    ],
    [
      ['command.refused', null, 'x\u0000\u009b'],
      [[], 'refused 400', null],
    ],
  ]);
  for (const { peer, connection_id, time } of lines) {
    assert.equal((peer as { uid: number }).uid, OWN);
    assert.ok((peer as { pid: number }).pid > 1 && typeof connection_id === 'string' && time);
  }
  assert.deepEqual(
    lines.map(({ duration_ms }) => duration_ms !== null),
    [false, true, true, true],
    'how long it took, from the complete request',
  );
  if (OWN === 0) assert.equal((lines[0] as { peer: { user: string } }).peer.user, 'root');
  assert.match(lines[2]?.reason as string, /Cannot delete .*x: the folder above the path is not where/);
  const raw = readFileSync(join(folder, 'log', 'cmd-audit.log'), 'latin1');
  assert.doesNotMatch(
    raw.replaceAll('\n', ''),
    /[\u0000-\u001f]|\u00c2\u009b/,
    'nothing that a terminal obeys',
  );
  const rows = await until('four rows', () => {
    const found = daemon.query('SELECT event, command_id, cmd, uid FROM cmd_audit ORDER BY id');
    return found.length === 4 && found;
  });
  assert.deepEqual(
    rows,
    lines.map(({ event, command_id, cmd }) => ({ event, command_id, cmd, uid: OWN })),
  );
});

test('SIGHUP reopens the audit log', async (t) => {
  const daemon = await startDaemon(t);
  const file = join(daemon.at.folder, 'log', 'cmd-audit.log');
  const { ino } = statSync(file);
  renameSync(file, `${file}.1`);
  daemon.signal('SIGHUP');
  await until('the new file', () => (statSync(file, { throwIfNoEntry: false })?.ino ?? ino) !== ino);
  await daemon.ask({ cmd: 'x' });
  assert.equal((await audited(daemon, 1))[0]?.event, 'command.refused');
});

test('audit log has all lines of thirty long cleanups that run at once', async (t) => {
  const daemon = await startDaemon(t);
  const long = `/${'x'.repeat(200)}`.repeat(4);
  const accept = async (c: number): Promise<void> => {
    const folders = Array.from({ length: 1_000 }, (_, i) => join(daemon.at.backups, `${c}-${i}${long}`));
    const { code } = await daemon.ask({ cmd: 'cleanup_backups', args: { backup_ids: [], folders } });
    // On a busy machine the daemon may not read or inspect the whole request in time.
    if (code === 400 || code === 503) return accept(c);
    assert.equal(code, 202);
  };
  await Promise.all(Array.from({ length: 30 }, (_, c) => accept(c)));
  await daemon.settled();
  const kept = (line: Record<string, unknown>) => line.event !== 'command.refused';
  const lines = await audited(daemon, 60, kept);
  const counted = lines.map(({ paths, paths_left }) => (paths as string[]).length + (paths_left as number));
  assert.deepEqual(counted, Array(60).fill(1_000));
});
