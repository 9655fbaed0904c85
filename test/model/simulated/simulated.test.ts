import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failOnWarnings } from '../../support/no-warnings.ts';
import { Coverage } from '../driver/coverage.ts';
import { pathsOf } from '../driver/paths.ts';
import { walkAll } from '../driver/walk.ts';
import { MODELLED } from '../machines.ts';

failOnWarnings();

const coverage = new Coverage();

for (const { vocabulary, subject, expected } of MODELLED) {
  test(`${vocabulary.machine.id}: every path ends as it must`, async (t) => {
    const paths = pathsOf(vocabulary);
    t.diagnostic(`${paths.length} paths`);
    await walkAll(paths, (path) => subject(path, coverage.inspect), expected);
  });
}

test('every transition of every machine was walked', () => {
  for (const { vocabulary } of MODELLED) {
    assert.deepEqual(coverage.missing(vocabulary.machine), [], vocabulary.machine.id);
  }
});
