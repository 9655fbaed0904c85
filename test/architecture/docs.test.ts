import assert from 'node:assert/strict';
import { existsSync, globSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { withConfigTable } from '../../src/cli/config-table.ts';
import { withDiagrams } from '../../src/cli/diagrams.ts';
import type { Command } from '../../src/commands/command.ts';
import { planRequest } from '../../src/commands/request.ts';
import { WHITELIST } from '../../src/commands/whitelist.ts';
import { nameOf } from '../mutation/mutation.ts';
import { type Planned, planned } from '../mutation/plan.ts';
import { SURVIVORS } from '../mutation/survivors.ts';
import { testFolder } from '../support/folder.ts';

const PROJECT = join(import.meta.dirname, '..', '..');
const page = (name: string) => readFileSync(join(PROJECT, name), 'utf8');
const PAGES = globSync('{*.md,docs/*.md,src/**/*.md}', { cwd: PROJECT });

test('docs/architecture.md has the diagrams of the code (`npm run diagrams` writes them)', () => {
  const architecture = page('docs/architecture.md');
  assert.equal(architecture, withDiagrams(architecture));
  assert.match(architecture, /accepting --> replying: process\.recorded/);
});

test('docs/operate.md has the config keys of the code (`npm run config-table` writes them)', () => {
  const operate = page('docs/operate.md');
  assert.equal(operate, withConfigTable(operate));
  assert.match(operate, /^\| `max_running` \| `8` \|/m);
});

test('every link and every file name in the documentation leads to a file', () => {
  for (const name of PAGES) {
    for (const [, link] of page(name).matchAll(/\]\(([^)#:]+)(#[^)]*)?\)/g)) {
      assert.ok(existsSync(join(PROJECT, dirname(name), link as string)), `${name}: ${link}`);
    }
  }
  for (const [, file] of page('docs/architecture.md').matchAll(/\b(src\/[\w/-]+\.ts)\b/g)) {
    assert.ok(existsSync(join(PROJECT, file as string)), file);
  }
  for (const [, file] of page('docs/architecture.md').matchAll(
    /`((?:io|actors|machines|commands)\/[\w-]+\.ts)`/g,
  )) {
    assert.ok(existsSync(join(PROJECT, 'src', file as string)), file);
  }
});

test('docs/add-a-command.md has an example command that works as printed', async (t) => {
  const [, code] = /```ts\n(import[\s\S]+?)```/.exec(page('docs/add-a-command.md')) as unknown as [
    string,
    string,
  ];
  const folder = testFolder(t);
  mkdirSync(join(folder, 'commands'));
  symlinkSync(join(PROJECT, 'node_modules'), join(folder, 'node_modules'));
  const source = code.replaceAll("'./", `'${PROJECT}/src/commands/`).replaceAll("'../", `'${PROJECT}/src/`);
  const file = join(folder, 'commands', 'delete-log.ts');
  writeFileSync(file, source);
  const { deleteLog } = (await import(file)) as { deleteLog: Command };
  const settings = {
    projectName: 'shop',
    cronFile: '/c',
    cronLogDirectory: '/l',
    deletionRoots: ['/r'],
    unsafeRoots: [],
    ownFiles: [],
  };
  const plan = (args: unknown) =>
    planRequest({ cmd: 'delete_log', args }, [...WHITELIST, deleteLog], settings, {
      at: new Date(0),
      id: 'x',
    });
  const message = (args: unknown) => {
    const outcome = plan(args);
    return 'refusal' in outcome ? [outcome.refusal.code, outcome.refusal.message] : outcome.ok.command;
  };
  assert.deepEqual(message({}), [400, 'Missing required argument schedule']);
  assert.deepEqual(message({ schedule: 'x' }), [400, 'schedule must be a whole number']);
  assert.deepEqual(message({ schedule: 0 }), [403, 'Schedule 0 has no log of its own']);
  assert.equal(message({ schedule: 3 }), '/bin/rm -f -- /var/log/shop/cron-3.log');
});

test('every weakness in docs/threat-model.md names an existing test', () => {
  const rows = [...page('docs/threat-model.md').matchAll(/^\|.*\| `(test\/[^`]+)`: (.+) \|$/gm)];
  assert.ok(rows.length >= 20, `${rows.length} rows`);
  for (const [, file, title] of rows) {
    const text = readFileSync(join(PROJECT, file as string), 'utf8');
    // A row names either a test by its title or a row of a table by its words.
    assert.ok(text.includes(`'${title}`) || text.includes(`\`${title}`), `${file}: ${title}`);
  }
});

/** The rows of the proof in docs/model-testing.md, with the files that hold their mutations. */
const ROWS: readonly (readonly [row: string, files: RegExp])[] = [
  ['the connection machine', /^src\/machines\/connection\//],
  ['the process machine', /^src\/machines\/process\/(?!shadow)/],
  ['the daemon machine', /^src\/machines\/daemon\//],
  ['what makes a shadow', /^src\/(machines\/process\/shadow|actors\/process\/shadow|daemon\/run)\.ts/],
  ['the commands', /^src\/commands\//],
  ['the actors', /^src\/actors\/(?!process\/shadow)/],
];

const KINDS: readonly (readonly [words: string, kinds: readonly string[]])[] = [
  ['transitions that are deleted', ['deleteTransitions']],
  ['that lead to a wrong state', ['retarget']],
  ['actions that are dropped', ['dropActions']],
  ['inverted guards', ['invertGuards']],
  ['changed delays', ['changeDelays']],
  ['checks that are not made', ['loosenChecks', 'dropRules', 'dropRulesOfCommand']],
  ['that are made without one of their sides', ['dropSides']],
  ['choices that always come to the same', ['fixChoices']],
  ['effects that are left out', ['dropEffects', 'dropStandIns']],
  ['made by hand', ['swap']],
];

test('docs/model-testing.md counts every mutation, and each is either caught or a known survivor', () => {
  const proof = page('docs/model-testing.md').split('## The proof')[1]?.replaceAll(/\s+/g, ' ') as string;
  const all = planned();
  const counted = (isOne: (one: Planned) => boolean) => all.filter(isOne).length;
  for (const [row, files] of ROWS) {
    const mistakes = counted(({ mutation }) => files.test(mutation.file));
    const survive = counted(
      ({ mutation }) => files.test(mutation.file) && Object.hasOwn(SURVIVORS, nameOf(mutation)),
    );
    const cells = new RegExp(`\\| ${row} \\| (\\d+) \\| (\\d*) ?\\| (\\d*) ?\\|`)
      .exec(proof)
      ?.slice(1)
      .map(Number);
    assert.ok(cells, row);
    const [told, byPaths, byOthers] = cells as [number, number, number];
    assert.deepEqual([told, byPaths + byOthers], [mistakes, mistakes - survive], row);
  }
  for (const [words, kinds] of KINDS) {
    const count = counted(({ kind }) => kinds.includes(kind));
    assert.match(proof, new RegExp(`\\b${count} ${words}`), `${count} ${words}`);
  }
  assert.equal(
    ROWS.reduce((sum, [, files]) => sum + counted(({ mutation }) => files.test(mutation.file)), 0),
    all.length,
    'each is in one row',
  );
});
