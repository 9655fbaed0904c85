/** dbcalm-cmd(8), made of the verbs as they are. */
import type { Argument, Command, Option } from 'commander';
import { wholeProgram } from '../src/cli/program.ts';
import { CONFIG_FILES } from '../src/io/config/load.ts';
import { DEFAULTS } from '../src/io/config/schema.ts';
import { textOf, VERSION } from './project.ts';

/** What means something to roff. */
const plain = (text: string) =>
  text
    .replace(/\\/g, '\\e')
    .replace(/-/g, '\\-')
    .replace(/^([.'])/gm, '\\&$1');
const bold = (text: string) => `\\fB${plain(text)}\\fR`;
const item = (term: string, text: string) => `.TP\n${term}\n${plain(text)}`;

/** `date`: of the version. */
export async function manPage(date: Date): Promise<string> {
  const root = await wholeProgram();
  return [
    `.TH DBCALM\\-CMD 8 ${date.toISOString().slice(0, 10)} "dbcalm\\-cmd ${VERSION}" "System Administration"`,
    '.SH NAME',
    'dbcalm\\-cmd \\- privileged command daemon of the DBCalm backup manager',
    '.SH SYNOPSIS',
    ...root.commands.flatMap((verb) => [synopsis(verb), '.br']).slice(0, -1),
    '.SH DESCRIPTION',
    plain(root.description()),
    '.SH VERBS',
    ...root.commands.map(verbText),
    '.SH SIGNALS',
    item(
      bold('SIGTERM, SIGINT'),
      'It takes no new client, answers what was begun, waits for running children, and exits with 0. A second one ends it at once.',
    ),
    item(bold('SIGHUP'), 'Opens the logs anew, as after logrotate(8) moved them.'),
    '.SH FILES',
    ...CONFIG_FILES.map((file) => item(bold(file), 'Its config, the first of these that is there.')),
    ...Object.entries(DEFAULTS)
      .filter(([key]) => /_(path|file)$/.test(key))
      .map(([key, path]) => item(bold(String(path)), `Without another ${key} in the config.`)),
    '.SH EXIT STATUS',
    ...exitCodes(),
    '.SH SEE ALSO',
    '/usr/share/doc/dbcalm\\-cmd/docs: all verbs with examples, every error with its remedy, the admin socket.',
    '',
  ].join('\n');
}

function synopsis(verb: Command): string {
  const name = verb.name() === 'daemon' ? '' : ` ${bold(verb.name())}`;
  return `${bold('dbcalm-cmd')}${name} ${plain(verb.usage())}`;
}

function verbText(verb: Command): string {
  const options = verb.options.filter(({ long }) => long !== CHECKOUT_ONLY).map(optionText);
  const words = verb.registeredArguments.map((argument) =>
    item(`\\fI${plain(argument.name())}\\fR`, about(argument)),
  );
  return [`.SS ${verb.name()}`, plain(sentence(verb.description())), ...words, ...options].join('\n');
}

/** Not of what is shipped. */
const CHECKOUT_ONLY = '--development';

const optionText = (option: Option) => item(bold(option.flags), about(option));

function about({ description, argChoices }: Argument | Option): string {
  return [description, argChoices?.join(', ')].filter(Boolean).join(': ');
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** The table of docs/verbs.md. */
function exitCodes(): string[] {
  const [, table = ''] = /^## Exit codes\n([\s\S]+?)\n## /m.exec(textOf('docs/verbs.md')) ?? [];
  const rows = [...table.matchAll(/^\| (\d+) \| (.+) \|$/gm)];
  if (rows.length === 0) throw new Error('docs/verbs.md has no exit codes');
  return rows.map(([, code = '', meaning = '']) => item(code, meaning.replaceAll('`', '')));
}
