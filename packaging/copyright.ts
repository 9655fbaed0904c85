/** Under which terms what is shipped may be used: the project's own, and those of all that is in the executable. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MODULES, NODE_PACKAGE, textOf } from './project.ts';

/** Ships without the text, which is that of the package it is a part of. */
const PART_OF = /^@koromix\/koffi-/;

/** Debian has these at one place for all packages. */
const COMMON = ['Apache-2.0'];

export function copyrightOf(packages: readonly string[]): string {
  const others = [NODE_PACKAGE, ...packages].filter((name) => !PART_OF.test(name)).map(termsOf);
  return [
    'dbcalm-cmd\n',
    textOf('LICENSE'),
    'The executable /usr/bin/dbcalm-cmd contains what follows, unchanged and each under its own terms.\n',
    ...others,
  ].join('\n');
}

function termsOf(name: string): string {
  const folder = join(MODULES, name);
  const [file] = globSync('{license,LICENSE}{,.txt,.md}', { cwd: folder });
  if (file === undefined) throw new Error(`${name} has no file with its licence`);
  const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const title = `${name} ${version} (${license})`;
  const whole = readFileSync(join(folder, file), 'utf8').trim();
  const text = COMMON.includes(license) ? `See /usr/share/common-licenses/${license}.` : whole;
  return `${title}\n${'='.repeat(title.length)}\n\n${text}\n`;
}
