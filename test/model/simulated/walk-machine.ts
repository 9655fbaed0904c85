import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failOnWarnings } from '../../support/no-warnings.ts';
import { Coverage } from '../driver/coverage.ts';
import { pathsOf } from '../driver/paths.ts';
import { walkAll } from '../driver/walk.ts';
import type { Modelled } from '../machines.ts';

/** Tests one machine by itself. `beyond`: the transitions that it can never walk, and why. */
export function walkMachine(
  { name, vocabulary, subject, expected }: Modelled,
  beyond: Readonly<Record<string, string>> = {},
): void {
  failOnWarnings();
  const coverage = new Coverage();

  test(`${name}: the machine ends every path as expected`, async (t) => {
    const paths = pathsOf(vocabulary);
    t.diagnostic(`${paths.length} paths`);
    await walkAll(paths, (path) => subject(path, coverage.inspect), expected);
  });

  test(`${name}: every transition of the machine is walked`, () => {
    assert.deepEqual(coverage.missing(vocabulary.machine).sort(), Object.keys(beyond).sort());
  });
}
