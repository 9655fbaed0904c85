import assert from 'node:assert/strict';
import { existsSync, globSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { withConfigTable } from '../../src/cli/config-table.ts';
import { withDiagrams } from '../../src/cli/diagrams.ts';
import type { Command } from '../../src/commands/command.ts';
import { planRequest } from '../../src/commands/request.ts';
import { WHITELIST } from '../../src/commands/whitelist.ts';
import { testFolder } from '../support/folder.ts';

const PROJECT = join(import.meta.dirname, '..', '..');
const page = (name: string) => readFileSync(join(PROJECT, name), 'utf8');
const PAGES = globSync('{*.md,docs/*.md,src/**/*.md}', { cwd: PROJECT });

test('the diagrams are those of the code (npm run diagrams makes them anew)', () => {
  const architecture = page('docs/architecture.md');
  assert.equal(architecture, withDiagrams(architecture));
  assert.match(architecture, /accepting --> replying: process\.recorded/);
});

test('the table of config keys is that of the code (npm run config-table makes it anew)', () => {
  const operate = page('docs/operate.md');
  assert.equal(operate, withConfigTable(operate));
  assert.match(operate, /^\| `max_running` \| `8` \|/m);
});

test('every link leads somewhere, and every file that is named is there', () => {
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

test('the fourth command of the docs works as it stands there', async (t) => {
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
  const settings = { projectName: 'shop', cronFile: '/c', deletionRoots: ['/r'], ownFiles: [] };
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

test('every weakness in the threat model names a test that is there', () => {
  const rows = [...page('docs/threat-model.md').matchAll(/^\|.*\| `(test\/[^`]+)`: (.+) \|$/gm)];
  assert.ok(rows.length >= 20, `${rows.length} rows`);
  for (const [, file, title] of rows) {
    const text = readFileSync(join(PROJECT, file as string), 'utf8');
    // A row of a table is named by its words; else it is the title of a test.
    assert.ok(text.includes(`['${title}'`) || text.includes(`'${title}`), `${file}: ${title}`);
  }
});
