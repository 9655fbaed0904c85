import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { wordsOf } from '../../src/cli/completion.ts';
import { bash, fish, zsh } from '../../src/cli/completion-scripts.ts';
import { wholeProgram } from '../../src/cli/program.ts';
import { testFolder } from '../support/folder.ts';

const verbs = wordsOf(await wholeProgram());

const installed = (shell: string) => existsSync(`/usr/bin/${shell}`);
const within = (shell: string) => ({ skip: !installed(shell) && `${shell} is missing` });
const TYPES = ['cleanup_backups', 'delete_directory', 'update_cron_schedules'];

/** The setup of an interactive zsh. Its completion prints each word as <WORD>, and END at the end. */
const ZSH_SETUP = `
PROMPT=
fpath=($PWD $fpath)
autoload -Uz compinit
compinit -u -D
bindkey '^I' complete-word
comppostfuncs=(finish)
finish() { print END }
compadd() {
  if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
  local -a found
  builtin compadd -A found "$@"
  print -rl -- '' "<"\${^found}">"
}
print READY`;

/** Runs that zsh in a terminal of its own: the line $1, then Tab. */
const ZSH = `
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'source ./setup'
zpty -r z heard '*READY*'
zpty -w -n z "$1"$'\\t'
zpty -r z heard '*END*'
print -r -- $heard`;

/** Returns the words that bash offers for a line with the cursor at its end. */
function offered(...words: string[]): string[] {
  const script = `${bash('dbcalm-cmd', verbs)}
compopt() { printf '%s\\n' "compopt $*"; }
COMP_WORDS=("$@") COMP_CWORD=$(( $# - 1 )); _dbcalm_cmd; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const text = execFileSync('bash', ['-c', script, 'bash', 'dbcalm-cmd', ...words], { encoding: 'utf8' });
  return text.split('\n').filter(Boolean);
}

test('`bash` offers verbs, flags and their values', () => {
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
    [['list', '--type', 'd'], ['delete_directory']],
    [['call', 'c'], ['cleanup_backups']],
    [['list', '--limit', ''], []],
    [['nothing', ''], []],
  ];
  for (const [words, wanted] of cases) assert.deepEqual(offered(...words), wanted, words.join(' '));
  assert.ok(offered('').includes('completion'));
});

test('`bash` offers files only for a file argument', () => {
  // A function called by hand has no completion whose option could be set.
  const tell = (...words: string[]) => offered(...words).filter((word) => word.startsWith('compopt'));
  assert.deepEqual(tell('show', '--config', ''), ['compopt -o default']);
  assert.deepEqual(tell('show', ''), []);
  assert.ok(!bash('dbcalm-cmd', verbs).includes('complete -o'));
});

test('`fish` offers verbs, flags and their values', within('fish'), (t) => {
  const file = join(testFolder(t), 'completion.fish');
  writeFileSync(file, fish('dbcalm-cmd', verbs));
  const offers = (line: string) => {
    const script = `source ${file}; complete -C '${line}'`;
    const text = execFileSync('fish', ['--no-config', '-c', script], {
      encoding: 'utf8',
      cwd: dirname(file),
    });
    return text
      .split('\n')
      .filter(Boolean)
      .map((found) => found.split('\t')[0]);
  };
  const cases: [string, string[]][] = [
    ['dbcalm-cmd wa', ['watch']],
    ['dbcalm-cmd list --st', ['--state']],
    ['dbcalm-cmd list --state ', ['failed', 'pending', 'running', 'succeeded']],
    ['dbcalm-cmd list --type ', TYPES],
    ['dbcalm-cmd call ', TYPES],
    ['dbcalm-cmd list --limit ', []],
    ['dbcalm-cmd show ', []],
    ['dbcalm-cmd show --config co', ['completion.fish']],
  ];
  for (const [line, wanted] of cases) assert.deepEqual(offers(line).sort(), wanted, line);
});

test('`zsh` offers verbs, flags and their values', within('zsh'), (t) => {
  const folder = testFolder(t);
  writeFileSync(join(folder, '_dbcalm-cmd'), zsh('dbcalm-cmd', verbs));
  writeFileSync(join(folder, 'setup'), ZSH_SETUP);
  const offers = (line: string) => {
    const options = { cwd: folder, timeout: 60_000, env: { ...process.env, TERM: 'dumb', HOME: folder } };
    const text = execFileSync('zsh', ['-f', '-c', ZSH, 'zsh', line], { ...options, encoding: 'utf8' });
    return [...text.matchAll(/<([^<>]+)>/g)].map(([, word]) => word);
  };
  const cases: [string, string[]][] = [
    ['dbcalm-cmd wa', ['watch']],
    ['dbcalm-cmd list --st', ['--state']],
    ['dbcalm-cmd list --state ', ['failed', 'pending', 'running', 'succeeded']],
    ['dbcalm-cmd list --type ', TYPES],
    ['dbcalm-cmd call ', TYPES],
    ['dbcalm-cmd list --limit ', []],
    ['dbcalm-cmd show --config _db', ['_dbcalm-cmd']],
  ];
  for (const [line, wanted] of cases) assert.deepEqual(offers(line).sort(), wanted, line);
});

test('each completion script has every verb and flag, and runs no command of the program', () => {
  for (const script of [bash, zsh, fish]) {
    const text = script('dbcalm-cmd', verbs);
    for (const { name, options } of verbs) {
      assert.ok(text.includes(name), name);
      for (const { flag } of options) assert.ok(text.includes(flag.slice(2)), `${name} ${flag}`);
    }
    assert.ok(!/\$\(dbcalm-cmd|`|^ *dbcalm-cmd/m.test(text));
  }
});

test('`zsh` and `fish` escape quotes in descriptions', () => {
  const verb = { name: 'v', about: "it's [a]: b", arguments: [], options: [] };
  assert.ok(zsh('p', [verb]).includes(`'v:it'\\''s \\[a\\]\\: b'`));
  assert.ok(fish('p', [verb]).includes(`-d 'it\\'s [a]: b'`));
});
