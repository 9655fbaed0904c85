import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { wordsOf } from '../../src/cli/completion.ts';
import { bash, fish, zsh } from '../../src/cli/completion-scripts.ts';
import { program } from '../../src/cli/program.ts';

const verbs = wordsOf(program());

/** What bash would offer for a line that ends where the cursor is. */
function offered(...words: string[]): string[] {
  const script = `${bash('dbcalm-cmd', verbs)}
COMP_WORDS=("$@") COMP_CWORD=$(( $# - 1 )); _dbcalm_cmd; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const text = execFileSync('bash', ['-c', script, 'bash', 'dbcalm-cmd', ...words], { encoding: 'utf8' });
  return text.split('\n').filter(Boolean);
}

test('bash offers verbs, flags and what they may be', () => {
  const cases: [string[], string[]][] = [
    [['wa'], ['watch']],
    [['list', '--st'], ['--state']],
    [
      ['list', '--state', ''],
      ['pending', 'running', 'succeeded', 'failed'],
    ],
    [['list', '--state', 'f'], ['failed']],
    [['list', '--json', '--li'], ['--limit']],
    [['machines', 'p'], ['process']],
    [['machines', 'process', '--format', 'd'], ['dot']],
    [['show', '--config', ''], []],
    [['nothing', ''], []],
  ];
  for (const [words, wanted] of cases) assert.deepEqual(offered(...words), wanted, words.join(' '));
  assert.ok(offered('').includes('completion'));
});

test('each script has every verb and flag, and runs nothing of ours', () => {
  for (const script of [bash, zsh, fish]) {
    const text = script('dbcalm-cmd', verbs);
    for (const { name, options } of verbs) {
      assert.ok(text.includes(name), name);
      for (const { flag } of options) assert.ok(text.includes(flag.slice(2)), `${name} ${flag}`);
    }
    assert.ok(!/\$\(dbcalm-cmd|`|^ *dbcalm-cmd/m.test(text));
  }
});

test('quotes in what is said of a verb stay text', () => {
  const verb = { name: 'v', about: "it's [a]: b", arguments: [], options: [] };
  assert.ok(zsh('p', [verb]).includes(`'v:it'\\''s \\[a\\]\\: b'`));
  assert.ok(fish('p', [verb]).includes(`-d 'it\\'s [a]: b'`));
});
