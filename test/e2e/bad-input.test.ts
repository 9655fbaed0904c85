import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { converseWhole, type Reply } from '../support/client.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { makeBackups, testFolder } from '../support/folder.ts';
import { daily, REFUSED } from '../support/schedule-cases.ts';

async function refused(daemon: TestDaemon, request: unknown): Promise<Reply> {
  const before = daemon.rows().length;
  const reply = await daemon.ask(request);
  assert.notEqual(reply.code, 202, JSON.stringify(request));
  assert.deepEqual(Object.keys(reply), ['code', 'status', 'message']);
  assert.equal(daemon.rows().length, before, 'nothing is recorded of what is refused');
  return reply;
}

test('daemon answers each invalid request with the code, status and message of the contract', async (t) => {
  const daemon = await startDaemon(t);
  const cases: [unknown, string | RegExp][] = [
    ['not json', /^Invalid JSON: ./],
    ['[1]', /^Invalid JSON: ./],
    ['"text"', /^Invalid JSON: ./],
    ['5', /^Invalid JSON: ./],
    ['null', /^Invalid JSON: ./],
    ['{]}', /^Invalid JSON: ./],
    ['{"cmd":}', /^Invalid JSON: ./],
    [{}, 'Invalid command'],
    [{ cmd: 5 }, 'Invalid command'],
    [{ cmd: null, args: {} }, 'Invalid command'],
    [{ cmd: 'rm', args: {} }, 'Invalid command'],
    [{ cmd: 'constructor', args: {} }, 'Invalid command'],
    [{ cmd: 'delete_directory' }, 'Missing required argument path'],
    [{ cmd: 'delete_directory', args: {} }, 'Missing required argument path'],
    [{ cmd: 'delete_directory', args: [] }, 'args must be an object'],
    [{ cmd: 'delete_directory', args: 'x' }, 'args must be an object'],
    [{ cmd: 'update_cron_schedules', args: {} }, 'Missing required argument schedules'],
    [{ cmd: 'cleanup_backups', args: {} }, 'Missing required argument backup_ids'],
    [{ cmd: 'cleanup_backups', args: { folders: [] } }, 'Missing required argument backup_ids'],
    [{ cmd: 'cleanup_backups', args: { backup_ids: [] } }, 'Missing required argument folders'],
    [{ cmd: 'update_cron_schedules', args: { schedules: {} } }, 'schedules must be a list'],
    [{ cmd: 'update_cron_schedules', args: { schedules: null } }, 'schedules must be a list'],
    [{ cmd: 'update_cron_schedules', args: { schedules: [[]] } }, 'Schedule at index 0 must be a dict'],
  ];
  for (const [request, message] of cases) {
    const reply = await refused(daemon, request);
    assert.deepEqual([reply.code, reply.status], [400, 'Bad Request']);
    if (typeof message === 'string') assert.equal(reply.message, message);
    else assert.match(reply.message as string, message);
  }
});

test('daemon answers 400 to an argument of a wrong type and names the right type', async (t) => {
  const daemon = await startDaemon(t);
  for (const path of [null, 5, true, [], {}, ['/x']]) {
    assert.equal(
      (await refused(daemon, { cmd: 'delete_directory', args: { path } })).message,
      'path must be a string',
    );
  }
  for (const folders of ['x', 5, {}, [5], ['/x', 5], [null], [['x']], true]) {
    const reply = await refused(daemon, { cmd: 'cleanup_backups', args: { backup_ids: [], folders } });
    assert.equal(reply.message, 'folders must be a list of strings');
  }
  for (const backup_ids of ['x', 5, {}, [{}], ['x', 1.5], true]) {
    const reply = await refused(daemon, { cmd: 'cleanup_backups', args: { backup_ids, folders: [] } });
    assert.equal(reply.message, 'backup_ids must be a list of strings');
  }
});

test('deletion commands refuse a path that is not strictly below a root, name path and roots, and delete nothing', async (t) => {
  const daemon = await startDaemon(t);
  const { folder, backups } = daemon.at;
  const outside = join(folder, 'outside');
  mkdirSync(outside);
  const [inside] = makeBackups(backups, 'b1') as [string];
  const paths = [
    outside,
    backups,
    `${backups}/`,
    `${backups}/.`,
    `${backups}/../outside`,
    `${backups}/b1/..`,
    `${backups}-not`,
    'relative/path',
    '',
    `${backups}/a\0b`,
    `${backups}/a\nb`,
    `${backups}/a\u0085b`,
    `${backups}/\ud800`,
  ];
  for (const path of paths) {
    const reply = await refused(daemon, { cmd: 'delete_directory', args: { path } });
    assert.deepEqual([reply.code, reply.status], [403, 'Forbidden'], path);
    assert.ok(reply.message?.includes(backups), reply.message);
    assert.doesNotMatch(reply.message as string, /[\0-\x1f\x7f-\x9f]/);
    const list = { cmd: 'cleanup_backups', args: { backup_ids: [], folders: [inside, path] } };
    assert.equal((await refused(daemon, list)).code, 403, 'one bad folder refuses the whole command');
  }
  assert.ok(existsSync(outside) && existsSync(inside));
});

test('unusual JSON gets a clear error or has its correct effect', async (t) => {
  const daemon = await startDaemon(t);
  const path = join(daemon.at.backups, 'b1');
  const accepted = [
    `{"cmd":"x","cmd":"delete_directory","args":{"path":${JSON.stringify(path)}}}`,
    `{"cmd":"delete_directory","args":{"path":"/x","path":${JSON.stringify(path)}}}`,
    `{"cmd":"delete_directory","args":{"path":${JSON.stringify(path)},"__proto__":{"path":1}},"__proto__":5}`,
    `{"cmd":"delete_directory","args":{"path":${JSON.stringify(path)}},"constructor":1e400}`,
  ];
  for (const request of accepted) assert.equal((await daemon.ask(request)).code, 202, request);
  const brackets = '['.repeat(500_000) + ']'.repeat(500_000);
  const schedule = (fields: string) => `{"cmd":"update_cron_schedules","args":{"schedules":[{${fields}}]}}`;
  const whole = '"id":1,"backup_type":"full","frequency":"hourly","enabled":true';
  const cases: [string | Buffer, RegExp][] = [
    ['{"cmd":"delete_directory","args":{"__proto__":{"path":"/x"}}}', /^Missing required argument path$/],
    ['{"__proto__":{"cmd":"delete_directory"}}', /^Invalid command$/],
    [Buffer.concat([Buffer.from('{"cmd":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]), /UTF-8$/],
    [Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{}')]), /^Invalid JSON: /],
    [`{"cmd":${brackets}}`, /^Invalid command$/],
    [`{"cmd":"delete_directory","args":{"path":${brackets}}}`, /^path must be a string$/],
    [`{"cmd":"delete_directory","args":${'{"a":'.repeat(100_000)}`, /brackets open$/],
    [schedule(`${whole},"minute":1e400`), /^Schedule at index 0: Invalid minute: Infinity$/],
    [schedule(`${whole},"minute":-1e400`), /Invalid minute: -Infinity$/],
    [schedule(`${whole},"minute":1.5`), /Invalid minute: 1.5$/],
    [schedule(`${whole},"minute":"5"`), /Invalid minute: 5$/],
    [schedule(`${whole},"minute":${brackets.slice(400_000, 600_000)}`), /Invalid minute: \[\[\[/],
    [schedule(whole.replace('1', '"1\\n* * * * * root id"')), /^Schedule at index 0: minute is required/],
    [schedule(`${whole.replace('1', '"$(id)"')},"minute":1`), /Invalid id: \$\(id\)$/],
    [schedule(`${whole.replace('true', '1')},"minute":1`), /Invalid enabled: 1$/],
  ];
  for (const [request, message] of cases) {
    const reply = await refused(daemon, request);
    assert.equal(reply.code, 400);
    assert.match(reply.message as string, message);
  }
});

test('replies that echo a huge value are one write of at most 4,096 bytes', async (t) => {
  const daemon = await startDaemon(t);
  for (const filling of ['x', '\u0001', 'ü', '😀', '"']) {
    const huge = filling.repeat(100_000);
    const schedule = { id: 1, backup_type: huge, frequency: 'daily', enabled: true };
    for (const request of [
      { cmd: 'delete_directory', args: { path: `/${huge}` } },
      { cmd: 'update_cron_schedules', args: { schedules: [schedule] } },
    ]) {
      const { text, reads } = await converseWhole(daemon.at.socket, JSON.stringify(request));
      assert.equal(reads, 1);
      assert.ok(Buffer.byteLength(text) <= 4096);
      const { message } = JSON.parse(text) as Reply;
      assert.match(message as string, /…/);
    }
  }
});

test('`cleanup_backups` deletes more directories than fit into one argument list', async (t) => {
  const folder = testFolder(t, 'd');
  const root = join(folder, 'b');
  const daemon = await startDaemon(t, { folder, config: { deletion_roots: [root] } });
  const folders = Array.from({ length: 6_000 }, (_, index) => join(root, index.toString(36)));
  for (const path of folders) mkdirSync(path, { recursive: true });
  // Each argument is "/proc/self/fd/3/<name>": 26 bytes and a pointer.
  assert.ok(folders.length * 26 > 131_072, `${folders.length} folders are enough for two lists`);
  const [large, other] = await Promise.all([
    daemon.carryOut('cleanup_backups', { backup_ids: null, folders }),
    daemon.ask({ cmd: 'cleanup_backups', args: { backup_ids: [], folders: new Array(300_000).fill('') } }),
  ]);
  assert.equal(large.status, 'success');
  assert.deepEqual(readdirSync(root), []);
  assert.equal(other.code, 403);
});

test('log contains no raw control characters from requests', async (t) => {
  const daemon = await startDaemon(t);
  const nasty = '\u001b[31m\n\r\0\u007f\u0085\u009b\u2028\u202e\ufeff';
  await refused(daemon, { cmd: 'delete_directory', args: { path: `/x${nasty}` } });
  await refused(daemon, {
    cmd: 'update_cron_schedules',
    args: { schedules: [{ id: 1, backup_type: nasty, frequency: 'daily', enabled: true }] },
  });
  const path = join(daemon.at.backups, 'plain');
  await daemon.carryOut('cleanup_backups', { backup_ids: [nasty], folders: [path] });
  await daemon.logged('the end', ({ msg }) => msg === 'succeeded');
  const raw = readFileSync(daemon.at.log, 'utf8');
  assert.doesNotMatch(raw, /[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ufeff]/);
});

test('`update_cron_schedules` answers an invalid schedule with the exact message of its rule', async (t) => {
  const daemon = await startDaemon(t);
  for (const [what, schedule, message] of REFUSED) {
    const reply = await daemon.ask({ cmd: 'update_cron_schedules', args: { schedules: [daily, schedule] } });
    assert.deepEqual([reply.code, reply.message], [400, `Schedule at index 1: ${message}`], what);
  }
  assert.deepEqual(daemon.rows(), []);
});
