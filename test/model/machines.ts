/** The three machines, and the process machine again for shadows, each with its vocabulary, its oracle and its
 * subject. */
import { Coverage } from './driver/coverage.ts';
import type { Path, Vocabulary } from './driver/paths.ts';
import { type Sight, type Subject, walk } from './driver/walk.ts';
import * as connection from './oracles/connection.ts';
import * as daemon from './oracles/daemon.ts';
import * as process from './oracles/process.ts';
import { simulatedConnection } from './simulated/connection.ts';
import { simulatedDaemon } from './simulated/daemon.ts';
import { simulatedProcess } from './simulated/process.ts';
import { simulatedShadow } from './simulated/shadow-process.ts';
import { connectionVocabulary } from './vocabularies/connection.ts';
import { daemonVocabulary } from './vocabularies/daemon.ts';
import { processVocabulary } from './vocabularies/process.ts';
import { shadowVocabulary } from './vocabularies/shadow-process.ts';

export interface Modelled {
  readonly name: string;
  readonly vocabulary: Vocabulary;
  readonly subject: (path: Path, inspect: Coverage['inspect']) => Subject;
  readonly expected: (path: Path) => Sight;
}

export const CONNECTION: Modelled = {
  name: 'connection',
  vocabulary: connectionVocabulary,
  subject: simulatedConnection,
  expected: ({ start, events }) => connection.sightOf(connection.expectedOf(start, events)),
};

export const PROCESS: Modelled = {
  name: 'process',
  vocabulary: processVocabulary,
  subject: simulatedProcess,
  expected: ({ start, events }) => process.sightOf(process.expectedOf(start, events)),
};

/** Has the events and outputs of any process, but carries nothing out. */
export const SHADOW: Modelled = {
  name: 'shadow process',
  vocabulary: shadowVocabulary,
  subject: simulatedShadow,
  expected: (path) => ({
    ...PROCESS.expected(path),
    children: 'children: 0',
    finished: 'nothing finished',
    hands: 'no real hand moved',
  }),
};

export const DAEMON: Modelled = {
  name: 'daemon',
  vocabulary: daemonVocabulary,
  subject: simulatedDaemon,
  expected: ({ start, events }) => daemon.sightOf(daemon.expectedOf(start, events)),
};

/** Returns the transitions that a path walks when nothing interferes at its end. */
export async function walkedBy(
  { vocabulary, subject, expected }: Modelled,
  path: Path,
): Promise<readonly string[]> {
  const coverage = new Coverage();
  await walk(path, subject(path, coverage.inspect), expected(path));
  return coverage.walked(vocabulary.machine.id);
}
