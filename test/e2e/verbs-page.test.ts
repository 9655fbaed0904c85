import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { wordsOf } from '../../src/cli/completion.ts';
import { wholeProgram } from '../../src/cli/program.ts';
import { type Layout, startDaemon } from '../support/daemon.ts';
import { makeBackups } from '../support/folder.ts';
import { RunningVerb, verb } from '../support/verb.ts';

const PAGE = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'verbs.md'), 'utf8');
const BACKUPS = '/var/backups/dbcalm';
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

const sections = new Map(
  PAGE.split(/^## /m).map((text): [string, string] => [text.slice(0, text.indexOf('\n')), text]),
);

test('docs/verbs.md has a section for every verb, with its flags and their values', async () => {
  const common = sections.get('Flags of most') as string;
  for (const { name, options, arguments: given } of wordsOf(await wholeProgram())) {
    const part = sections.get(name) ?? '';
    assert.notEqual(part, '', name);
    for (const { flag, values } of options) {
      assert.ok(part.includes(`\`${flag}`) || common.includes(`\`${flag}`), `${name} ${flag}`);
      for (const value of values) assert.ok(part.includes(`\`${value}\``), `${name} ${flag} ${value}`);
    }
    for (const value of given) assert.match(part, new RegExp(`\\b${value}\\b`), `${name} ${value}`);
  }
});

/** Replaces the paths of a test daemon with those on the page. */
function asOnPage(text: string, at?: Layout): string {
  if (!at) return text;
  return text
    .replaceAll(at.configFile, '/etc/dbcalm/cmd-config.yml')
    .replaceAll(at.backups, BACKUPS)
    .replaceAll(`${at.folder}/cron.d`, '/etc/cron.d')
    .replaceAll(`${at.folder}/log/dbcalm`, '/var/log/dbcalm')
    .replaceAll(`${at.folder}/state`, '/var/lib/dbcalm-cmd')
    .replace(new RegExp(`${at.folder}/(lib|log|run)`, 'g'), '/var/$1/dbcalm');
}

/** Replaces the parts that differ from run to run. */
function plain(text: string, at?: Layout): string {
  return asOnPage(text, at)
    .replace(UUID, 'UUID')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d(\.\d{3})?)?/g, 'TIME')
    .replace(/\d\d:\d\d:\d\d\.\d{3}/g, 'CLOCK')
    .replace(/\d+\.\d+ s\b/g, 'TOOK')
    .replace(/uid \d+( \(\w+\))?, gid \d+/, 'WHO')
    .replace(/pid +\d+/g, 'PID')
    .replace(/connection [\w-]{21}/, 'CONNECTION')
    .replace(/\.dbcalm\.[\w-]{21}/, 'STAGED')
    .replace(/frees [\d.]+ \w+/g, 'FREED')
    .replace(/next \(\S+\)$/m, 'next (ZONE)')
    .replace(/ +/g, ' ');
}

/** Removes the quotes, as a shell does. */
const unquoted = (word: string) => word.replace(/^'(.*)'$/, '$1');

test('docs/verbs.md has examples that work as they are printed', async (t) => {
  const daemon = await startDaemon(t);
  const { at } = daemon;
  const [b4] = makeBackups(at.backups, 'b4') as [string];
  writeFileSync(join(b4, 'inner', 'file'), 'x'.repeat(10_000));
  /** Maps each id on the page to the id in this run. */
  const ids = new Map<string, string>();
  const examples = [...PAGE.matchAll(/```console\n([\s\S]+?)```/g)].flatMap(([, text]) =>
    (text as string).split(/^\$ dbcalm-cmd /m).slice(1),
  );
  assert.ok(examples.length >= 7);
  for (const example of examples) {
    const [line = '', ...rest] = example.split('\n');
    const wanted = rest.join('\n');
    const [name = '', ...words] = line.replaceAll(BACKUPS, at.backups).split(' ');
    const args = words.map(unquoted).map((word) => [...ids].find(([id]) => id.startsWith(word))?.[1] ?? word);
    if (name === 'tail') {
      const tail = new RunningVerb(t, at, name, ...args);
      // tail reports only the processes that end after it has started to read.
      while (!tail.stdout.includes('\n')) {
        await daemon.carryOut('delete_directory', { path: `${at.backups}/b3` });
      }
      const [first] = tail.stdout.split('\n');
      assert.equal(plain(first as string, at), plain(wanted).trim(), line);
      continue;
    }
    const heard = verb(at, name, ...args);
    assert.equal(heard.stderr, '', line);
    assert.equal(plain(heard.stdout, at), plain(wanted), line);
    assert.equal(heard.status, 0, line);
    const [[theirs], [ours]] = [wanted.match(UUID) ?? [], heard.stdout.match(UUID) ?? []];
    if (name === 'call' && theirs !== undefined) {
      ids.set(theirs, ours as string);
      await daemon.ended(ours as string);
    }
  }
});
