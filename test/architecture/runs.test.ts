import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import manifest from '../../package.json' with { type: 'json' };

const PROJECT = join(import.meta.dirname, '..', '..');

test('npm test and npm run test:package run each test file once', () => {
  const scripts = ['test:covered', 'test:long', 'test:package'] as const;
  const run = scripts.flatMap((name) => {
    const [, pattern] = /'(test\/[^']+)'$/.exec(manifest.scripts[name]) as unknown as [string, string];
    return globSync(pattern, { cwd: PROJECT });
  });
  assert.deepEqual(run.sort(), globSync('test/**/*.test.ts', { cwd: PROJECT }).sort());
});
