import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refuseDeletion, removal } from '../../src/commands/deletion-rules.ts';

const OWN = ['/tmp/run/cmd.sock', '/etc/cron.d/dbcalm'];
const ROOTS = ['/var/backups/dbcalm', '/tmp', '/tmp/q/y/backups'];

const refused: [string, RegExp][] = [
  ['/', /not below/],
  ['/etc', /not below/],
  ['/etc/cron.d', /not below/],
  ['/var/backups', /not below/],
  ['/var/backups/dbcalm', /a deletion root itself/],
  ['/var/backups/dbcalm/', /a deletion root itself/],
  ['//var//backups/./dbcalm/.', /a deletion root itself/],
  ['/var/backups/dbcalm-old/x', /not below/],
  ['/var/backups/dbcalm/../mysql', /holds '\.\.'/],
  ['/var/backups/dbcalm/x/..', /holds '\.\.'/],
  ['/tmp/../etc/passwd', /holds '\.\.'/],
  ['/tmp/run/cmd.sock', /the daemon keeps \/tmp\/run\/cmd\.sock there/],
  ['/tmp/run/', /the daemon keeps/],
  ['/tmp/q', /the deletion root \/tmp\/q\/y\/backups lies below it/],
  ['', /not absolute/],
  ['tmp/x', /not absolute/],
  ['~/x', /not absolute/],
  ['./x', /not absolute/],
  ['/tmp/a\0b', /control character/],
  ['/tmp/a\nb', /control character/],
  ['/tmp/a\u009bb', /control character/],
  ['/tmp/a\u2028b', /control character/],
  ['/tmp/\udc00', /not valid Unicode/],
  [`/tmp${'/a'.repeat(2_046)}`, /longer than 4095 bytes/],
];

for (const [path, why] of refused) {
  test(`\`refuseDeletion\` refuses ${JSON.stringify(path)}`, () => {
    const refusal = refuseDeletion(path, ROOTS, OWN);
    assert.equal(refusal?.code, 403);
    assert.match(refusal?.message as string, why);
    assert.match(
      refusal?.message as string,
      /Allowed is what lies below \/var\/backups\/dbcalm, \/tmp, \/tmp\/q\/y\/backups$/,
    );
  });
}

for (const path of [
  '/tmp/x',
  '/tmp//x/',
  '/tmp/./x',
  '/var/backups/dbcalm/a/b',
  '/tmp/..x',
  '/tmp/-rf',
  '/tmp/ ',
  '/tmp/ü',
]) {
  test(`\`refuseDeletion\` allows ${path}`, () => assert.equal(refuseDeletion(path, ROOTS, OWN), undefined));
}

test('`removal` names each path once', () => {
  const pathsOf = (...paths: string[]) => (removal(paths) as { readonly paths: readonly string[] }).paths;
  assert.deepEqual(pathsOf('/tmp/a', '/tmp/a', '/tmp/b'), ['/tmp/a', '/tmp/b']);
  assert.deepEqual(pathsOf('/tmp/b', '/tmp/a', '/tmp/b'), ['/tmp/b', '/tmp/a']);
  assert.deepEqual(pathsOf('/tmp/a', '/tmp/b', '/tmp/c'), ['/tmp/a', '/tmp/b', '/tmp/c']);
  assert.equal(removal([]), undefined);
});
