import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { systemTimeZone } from '../../../src/io/os/time-zone.ts';
import { testFolder } from '../../support/folder.ts';

test('`systemTimeZone` takes the name from the target of the link', (t) => {
  const folder = testFolder(t);
  const zoneOf = (name: string) => {
    const file = join(folder, 'zoneinfo', name);
    const link = join(folder, name.replaceAll('/', '-'));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '');
    symlinkSync(file, link);
    return systemTimeZone(link);
  };
  assert.equal(zoneOf('Europe/Berlin'), 'Europe/Berlin');
  assert.equal(zoneOf('posix/America/New_York'), 'America/New_York');
  assert.equal(zoneOf('Etc/UTC'), 'UTC');
  assert.equal(zoneOf('Nowhere/Land'), 'UTC');
});

test('`systemTimeZone` is UTC without the file, and the zone of Node if the file is a copy', (t) => {
  const file = join(testFolder(t), 'localtime');
  assert.equal(systemTimeZone(file), 'UTC');
  writeFileSync(file, '');
  assert.equal(systemTimeZone(file), Intl.DateTimeFormat().resolvedOptions().timeZone);
});
