import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as Type from 'typebox';
import { defineCommand } from '../../src/commands/command.ts';
import { parseRequest, planRequest, replanRequest } from '../../src/commands/request.ts';
import { WHITELIST } from '../../src/commands/whitelist.ts';

const SETTINGS = {
  projectName: 'dbcalm',
  cronFile: '/etc/cron.d/dbcalm',
  cronLogDirectory: '/var/log/dbcalm',
  deletionRoots: ['/r'],
  unsafeRoots: [],
  ownFiles: [],
};
const STAMP = { at: new Date('2026-11-23T02:30:00Z'), id: 'abc' };
const plan = (request: Record<string, unknown>) => planRequest(request, WHITELIST, SETTINGS, STAMP);
const replyTo = (request: Record<string, unknown>) => {
  const outcome = plan(request);
  return 'ok' in outcome ? 202 : [outcome.refusal.code, outcome.refusal.message];
};

test('`WHITELIST` has exactly the three commands', () => {
  assert.deepEqual(
    WHITELIST.map(({ name }) => name),
    ['update_cron_schedules', 'delete_directory', 'cleanup_backups'],
  );
});

test('`planRequest` freezes its plan deeply, so that the checked values are those that run', () => {
  const folders = ['/r/a', '/r/b'];
  const outcome = plan({ cmd: 'cleanup_backups', args: { backup_ids: ['a'], folders } });
  assert.ok('ok' in outcome);
  const { step, args, touches } = outcome.ok;
  for (const part of [outcome.ok, step, args, touches, args.backup_ids]) assert.ok(Object.isFrozen(part));
  folders.push('/etc');
  assert.deepEqual(step, { do: 'remove', paths: ['/r/a', '/r/b'] });
});

test('`planRequest` ignores unknown arguments and the order of arguments', () => {
  const one = plan({ cmd: 'cleanup_backups', args: { backup_ids: ['a'], folders: ['/r/a'] }, user: 'x' });
  const other = plan({ args: { folders: ['/r/a'], more: {}, backup_ids: ['a'] }, cmd: 'cleanup_backups' });
  assert.deepEqual(one, other);
});

test('update_cron_schedules stages its file next to the target, under a name that cron ignores', () => {
  const outcome = plan({ cmd: 'update_cron_schedules', args: { schedules: [] } });
  assert.ok('ok' in outcome);
  assert.equal(outcome.ok.command, '/bin/mv -fT -- /etc/cron.d/.dbcalm.abc /etc/cron.d/dbcalm');
  assert.deepEqual(outcome.ok.touches, ['/etc/cron.d/dbcalm']);
  assert.deepEqual(outcome.ok.args, { schedule_count: 0 });
});

test('update_cron_schedules names the log of each line of its file', () => {
  const schedule = { backup_type: 'full', frequency: 'hourly', enabled: true, minute: 1 };
  const schedules = [
    { ...schedule, id: 7 },
    { ...schedule, id: 7 },
    { ...schedule, id: 8, enabled: false },
    { ...schedule, id: -3 },
  ];
  const outcome = plan({ cmd: 'update_cron_schedules', args: { schedules } });
  assert.ok('ok' in outcome && outcome.ok.step?.do === 'replace');
  const { content, logs } = outcome.ok.step;
  assert.deepEqual(logs, {
    directory: '/var/log/dbcalm',
    names: ['cleanup.log', 'cron-7.log', 'cron--3.log'],
  });
  const appended = [...content.matchAll(/ >> (\S+) /g)].map(([, path]) => path);
  assert.deepEqual(
    [...new Set(appended)],
    logs.names.map((name) => `${logs.directory}/${name}`),
  );
});

test('`parseRequest` appends the error of the parser to the words of the contract', () => {
  const outcome = parseRequest(Buffer.from('{"a":}'));
  assert.ok('refusal' in outcome);
  assert.match(outcome.refusal.message, /^Invalid JSON: Unexpected token/);
});

test('`parseRequest` refuses JSON that is not an object', () => {
  for (const text of ['[1]', '"x"', '5', 'true', 'null']) {
    const outcome = parseRequest(Buffer.from(text));
    assert.ok('refusal' in outcome, text);
    assert.equal(outcome.refusal.message, 'Invalid JSON: the request is not an object');
  }
});

test('`planRequest` ignores inherited properties of a request', () => {
  const request = { cmd: 'delete_directory', args: { path: '/r/a' } };
  assert.equal(replyTo(request), 202);
  assert.deepEqual(replyTo(Object.create(request)), [400, 'Invalid command']);
  const inherited = Object.assign(Object.create({ args: request.args }), { cmd: request.cmd });
  assert.deepEqual(replyTo(inherited), [400, 'Missing required argument path']);
});

test('`planRequest` claims and removes the normalised paths that were checked', () => {
  const deletion = plan({ cmd: 'delete_directory', args: { path: '/r//a/./b/' } });
  assert.ok('ok' in deletion);
  assert.deepEqual(deletion.ok.touches, ['/r/a/b']);
  assert.deepEqual(deletion.ok.step, { do: 'remove', paths: ['/r/a/b'] });
  const cleanup = plan({
    cmd: 'cleanup_backups',
    args: { backup_ids: ['a', 5], folders: ['/r//a/', '/r/b'] },
  });
  assert.ok('ok' in cleanup);
  assert.deepEqual(cleanup.ok.touches, ['/r/a', '/r/b']);
  assert.deepEqual(cleanup.ok.step, { do: 'remove', paths: ['/r/a', '/r/b'] });
});

test('cleanup_backups records its arguments as received, and null as the empty list', () => {
  const recorded = (backup_ids: unknown, folders: unknown) => {
    const outcome = plan({ cmd: 'cleanup_backups', args: { backup_ids, folders } });
    assert.ok('ok' in outcome);
    return [outcome.ok.command, outcome.ok.args];
  };
  assert.deepEqual(recorded(['a', 5], ['/r//a/', '/r/b']), [
    '/bin/rm -rf /r//a/ /r/b',
    { backup_ids: ['a', 5] },
  ]);
  assert.deepEqual(recorded(null, null), ['/bin/rm -rf', { backup_ids: [] }]);
});

test('`planRequest` reports a missing argument first, then the rules of the command, then a wrong type', () => {
  const update = (args: object) => replyTo({ cmd: 'update_cron_schedules', args });
  assert.deepEqual(update({}), [400, 'Missing required argument schedules']);
  assert.deepEqual(update({ schedules: [[]] }), [400, 'Schedule at index 0 must be a dict']);
  assert.deepEqual(replyTo({ cmd: 'delete_directory', args: { path: 5 } }), [400, 'path must be a string']);
});

test('each removing command checks every path', () => {
  const refusal = [403, 'Cannot delete /etc: it is not below a deletion root. Allowed is what lies below /r'];
  assert.deepEqual(replyTo({ cmd: 'delete_directory', args: { path: '/etc' } }), refusal);
  const cleanup = { backup_ids: null, folders: ['/r/a', '/etc'] };
  assert.deepEqual(replyTo({ cmd: 'cleanup_backups', args: cleanup }), refusal);
});

test('`planRequest` refuses a list with an entry of a wrong type', () => {
  for (const args of [
    { backup_ids: [1.5], folders: [] },
    { backup_ids: [true], folders: [] },
  ]) {
    const refusal = [400, 'backup_ids must be a list of strings'];
    assert.deepEqual(replyTo({ cmd: 'cleanup_backups', args }), refusal);
  }
  const args = { backup_ids: [], folders: ['/r/a', 5] };
  assert.deepEqual(replyTo({ cmd: 'cleanup_backups', args }), [400, 'folders must be a list of strings']);
  assert.equal(replyTo({ cmd: 'cleanup_backups', args: { backup_ids: null, folders: null } }), 202);
});

test('`planRequest` refuses an argument of a wrong type also if its schema has no description', () => {
  const command = defineCommand({
    name: 'count',
    schema: Type.Object({ to: Type.Integer() }),
    plan: () => ({ type: 'count', command: '', args: {}, touches: [], step: undefined, warnings: [] }),
  });
  const outcome = planRequest({ cmd: 'count', args: { to: 'x' } }, [command], SETTINGS, STAMP);
  assert.ok('refusal' in outcome);
  assert.equal(outcome.refusal.message, 'to must be of another type');
});

test('`replanRequest` applies the same checks to a stored request', () => {
  const replan = (text: string) => replanRequest(text, WHITELIST, SETTINGS, STAMP);
  const request = { cmd: 'delete_directory', args: { path: '/r/a' } };
  assert.deepEqual(replan(JSON.stringify(request)), plan(request));
  assert.deepEqual(
    replan(JSON.stringify({ ...request, args: { path: '/x' } })),
    plan({ ...request, args: { path: '/x' } }),
  );
  const outcome = replan('{');
  assert.ok('refusal' in outcome);
  assert.match(outcome.refusal.message, /^Invalid JSON: /);
});

test('`replanRequest` refuses an invalid recorded id, whatever the command', () => {
  const requests = [
    { cmd: 'update_cron_schedules', args: { schedules: [] } },
    { cmd: 'delete_directory', args: { path: '/r/a' } },
  ];
  const ids = ['', 'x/../../y', '..', 'a.b', 'a b', 'x\n', 'é', 'x\0', 'a'.repeat(65)];
  for (const request of requests) {
    const text = JSON.stringify(request);
    for (const id of ids) {
      const outcome = replanRequest(text, WHITELIST, SETTINGS, { ...STAMP, id });
      assert.ok('refusal' in outcome, id);
      assert.match(outcome.refusal.message, /, which is no id$/);
    }
    const longest = replanRequest(text, WHITELIST, SETTINGS, { ...STAMP, id: 'aZ09_-'.padEnd(64, 'x') });
    assert.ok('ok' in longest);
  }
});
