import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from 'commander';
import { wordsOf } from '../../src/cli/completion.ts';
import { programFor, wholeProgram } from '../../src/cli/program.ts';

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (piece) => {
      text += piece;
    },
  });
  command.outputHelp();
  return text;
}

test('`--help` of each verb and of the program has examples with known verbs and flags', async () => {
  const root = await wholeProgram();
  const flags = new Map(wordsOf(root).map(({ name, options }) => [name, options.map(({ flag }) => flag)]));
  for (const command of [root, ...root.commands]) {
    const examples = [...helpOf(command).matchAll(/^ {2}\$ dbcalm-cmd (\S+)([^|>\n]*)/gm)];
    assert.ok(examples.length > 0, command.name());
    for (const [line, verb = '', rest = ''] of examples) {
      assert.ok(command === root ? flags.has(verb) : verb === command.name(), line);
      for (const [flag] of rest.matchAll(/--[a-z-]+/g)) assert.ok(flags.get(verb)?.includes(flag), line);
    }
  }
});

test('`programFor` loads only the verbs that the words can name', async () => {
  const verbsFor = async (...words: string[]) => {
    const { commands } = await programFor(words);
    return commands.map((verb) => verb.name());
  };
  const all = (await wholeProgram()).commands.map((verb) => verb.name());
  assert.ok(all.length > 10);
  assert.deepEqual(await verbsFor(), ['daemon']);
  assert.deepEqual(await verbsFor('--config', 'list'), ['daemon']);
  assert.deepEqual(await verbsFor('dance'), ['daemon']);
  assert.deepEqual(await verbsFor('list', '--help'), ['list']);
  for (const words of [['--help'], ['-h'], ['help', 'list'], ['completion', 'bash']])
    assert.deepEqual(await verbsFor(...words), all, words.join(' '));
});
