import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRequest, planRequest } from '../../src/commands/request.ts';
import { WHITELIST } from '../../src/commands/whitelist.ts';

const SETTINGS = {
  projectName: 'dbcalm',
  cronFile: '/etc/cron.d/dbcalm',
  deletionRoots: ['/r'],
  ownFiles: [],
};
const STAMP = { at: new Date('2026-11-23T02:30:00Z'), id: 'abc' };
const plan = (request: Record<string, unknown>) => planRequest(request, WHITELIST, SETTINGS, STAMP);

test('the whitelist is exactly the three commands', () => {
  assert.deepEqual(
    WHITELIST.map(({ name }) => name),
    ['update_cron_schedules', 'delete_directory', 'cleanup_backups'],
  );
});

test('a plan is frozen to its leaves: what was checked is what runs', () => {
  const folders = ['/r/a', '/r/b'];
  const outcome = plan({ cmd: 'cleanup_backups', args: { backup_ids: ['a'], folders } });
  assert.ok('ok' in outcome);
  const { step, args, touches } = outcome.ok;
  for (const part of [outcome.ok, step, args, touches, args.backup_ids]) assert.ok(Object.isFrozen(part));
  folders.push('/etc');
  assert.deepEqual(step, { do: 'remove', paths: ['/r/a', '/r/b'] });
});

test('the order of arguments and unknown ones mean nothing', () => {
  const one = plan({ cmd: 'cleanup_backups', args: { backup_ids: ['a'], folders: ['/r/a'] }, user: 'x' });
  const other = plan({ args: { folders: ['/r/a'], more: {}, backup_ids: ['a'] }, cmd: 'cleanup_backups' });
  assert.deepEqual(one, other);
});

test('a cron update is staged under a name that cron ignores, beside its target', () => {
  const outcome = plan({ cmd: 'update_cron_schedules', args: { schedules: [] } });
  assert.ok('ok' in outcome);
  assert.equal(outcome.ok.command, '/bin/mv -fT -- /etc/cron.d/.dbcalm.abc /etc/cron.d/dbcalm');
  assert.deepEqual(outcome.ok.touches, ['/etc/cron.d/dbcalm']);
  assert.deepEqual(outcome.ok.args, { schedule_count: 0 });
});

test('an error of the parser is passed on after the words of the contract', () => {
  const outcome = parseRequest(Buffer.from('{"a":}'));
  assert.ok('refusal' in outcome);
  assert.match(outcome.refusal.message, /^Invalid JSON: Unexpected token/);
});
