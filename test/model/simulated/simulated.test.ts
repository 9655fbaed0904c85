import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failOnWarnings } from '../../support/no-warnings.ts';
import { Coverage } from '../driver/coverage.ts';
import { type Path, pathsOf, type Vocabulary } from '../driver/paths.ts';
import { type Sight, type Subject, walkAll } from '../driver/walk.ts';
import * as connection from '../oracles/connection.ts';
import * as daemon from '../oracles/daemon.ts';
import * as process from '../oracles/process.ts';
import { connectionVocabulary } from '../vocabularies/connection.ts';
import { daemonVocabulary } from '../vocabularies/daemon.ts';
import { processVocabulary } from '../vocabularies/process.ts';
import { simulatedConnection } from './connection.ts';
import { simulatedDaemon } from './daemon.ts';
import { simulatedProcess } from './process.ts';

failOnWarnings();

interface Simulated {
  readonly vocabulary: Vocabulary;
  readonly subject: (path: Path, inspect: Coverage['inspect']) => Subject;
  readonly expected: (path: Path) => Sight;
}

const MACHINES: readonly Simulated[] = [
  {
    vocabulary: connectionVocabulary,
    subject: simulatedConnection,
    expected: ({ start, events }) => connection.sightOf(connection.expectedOf(start, events)),
  },
  {
    vocabulary: processVocabulary,
    subject: simulatedProcess,
    expected: ({ start, events }) => process.sightOf(process.expectedOf(start, events)),
  },
  {
    vocabulary: daemonVocabulary,
    subject: simulatedDaemon,
    expected: ({ start, events }) => daemon.sightOf(daemon.expectedOf(start, events)),
  },
];
const coverage = new Coverage();

for (const { vocabulary, subject, expected } of MACHINES) {
  test(`${vocabulary.machine.id}: every path ends as it must`, async (t) => {
    const paths = pathsOf(vocabulary);
    t.diagnostic(`${paths.length} paths`);
    await walkAll(paths, (path) => subject(path, coverage.inspect), expected);
  });
}

test('every transition of every machine was walked', () => {
  for (const { vocabulary } of MACHINES) {
    assert.deepEqual(coverage.missing(vocabulary.machine), [], vocabulary.machine.id);
  }
});
