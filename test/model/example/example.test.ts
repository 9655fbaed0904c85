import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { createActor } from 'xstate';
import { testFolder } from '../../support/folder.ts';
import { Coverage } from '../driver/coverage.ts';
import { type Path, pathsOf } from '../driver/paths.ts';
import { walkAll } from '../driver/walk.ts';
import { lineMachine, lineSetup } from './line-machine.ts';
import { expectedInTheEnd, expectedOf, lineVocabulary, realLine, simulatedLine } from './line-model.ts';

const paths = pathsOf(lineVocabulary);

test('`lineMachine` ends every path as expected, and every transition is walked', async () => {
  const coverage = new Coverage();
  await walkAll(paths, () => simulatedLine(lineMachine, coverage.inspect), expectedOf);
  assert.deepEqual(coverage.missing(lineMachine), []);
});

test('`lineMachine` in a real server ends every path as expected', async (t) => {
  const coverage = new Coverage();
  const socket = join(testFolder(t), 's');
  let last: Socket | undefined;
  const server = createServer((client) => {
    last = client;
    createActor(lineMachine, { input: { socket: client }, inspect: coverage.inspect }).start();
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const subject = (path: Path) => {
    last = undefined;
    return realLine(path, socket, () => last?.bytesRead ?? 0);
  };
  await walkAll(paths, subject, expectedInTheEnd);
  assert.deepEqual(coverage.missing(lineMachine), []);
});

test('`walkAll` reports a machine without its delay by the path that shows it', async () => {
  const { gathering, ...states } = lineMachine.config.states as Record<string, object>;
  const forgetful = lineSetup.createMachine({
    ...lineMachine.config,
    states: { ...states, gathering: { ...gathering, after: {} } },
  } as never);
  const vocabulary = { ...lineVocabulary, machine: forgetful as never };
  await assert.rejects(
    walkAll(pathsOf(vocabulary), () => simulatedLine(forgetful as never), expectedOf),
    /\nline, a client: waiting → \(a piece\) → gathering → \(SILENCE_LIMIT passes\) → gathering, expected too slow, got silence/,
  );
});

test('docs/model-testing.md shows the code of the example', () => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'model-testing.md'), 'utf8');
  const files = globSync('*.ts', { cwd: import.meta.dirname });
  const sources = files.map((file) => readFileSync(join(import.meta.dirname, file), 'utf8'));
  const shown = [...page.matchAll(/```ts\n([\s\S]+?)\n```/g)].map(([, code]) => code as string);
  assert.ok(shown.length >= 5);
  for (const code of shown) {
    assert.ok(
      sources.some((source) => source.includes(code)),
      code,
    );
  }
});
