import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failOnWarnings } from '../../support/no-warnings.ts';
import { Coverage } from '../driver/coverage.ts';
import { pathsOf } from '../driver/paths.ts';
import { walkAll } from '../driver/walk.ts';
import type { Modelled } from '../machines.ts';

/** The tests of one machine by itself. */
export function walkMachine({ vocabulary, subject, expected }: Modelled): void {
  failOnWarnings();
  const coverage = new Coverage();

  test(`${vocabulary.machine.id}: every path ends as it must`, async (t) => {
    const paths = pathsOf(vocabulary);
    t.diagnostic(`${paths.length} paths`);
    await walkAll(paths, (path) => subject(path, coverage.inspect), expected);
  });

  test(`${vocabulary.machine.id}: every transition was walked`, () => {
    assert.deepEqual(coverage.missing(vocabulary.machine), []);
  });
}
