import { type Command, Option } from 'commander';
import { WHITELIST } from '../commands/whitelist.ts';
import { readHistory } from '../io/history/history.ts';
import { type Listed, STATES, type State } from '../io/history/rows.ts';
import { type ConfigOptions, withConfig } from './config-option.ts';
import { findSource } from './history-source.ts';
import { between, duration, faint, fitted, moment, shortId, stateLook } from './looks.ts';
import { printable, printableJson } from './printable.ts';
import { parseLimit, parseSince } from './since.ts';
import { EXIT, perform, suggesting, withExamples, withJson } from './verb.ts';

interface ListOptions extends ConfigOptions {
  readonly state?: State;
  readonly type?: string;
  readonly since?: string;
  readonly limit: number;
  readonly json?: boolean;
}

/** Of the daemon; other services write to the shared table, too. */
const TYPES = WHITELIST.map(({ name }) => name);

/** `list`: the recorded commands, newest first. */
export function addList(root: Command): void {
  const verb = root.command('list').description('list the commands, newest first');
  verb
    .addOption(new Option('--state <state>', 'those in this state').choices(STATES))
    .addOption(
      suggesting(new Option('--type <type>', 'those of this type, for example delete_directory'), TYPES),
    )
    .option('--since <time>', 'those that started since then: 10m, 2h, 3d or an ISO time', (text) =>
      parseSince(text),
    )
    .option('--limit <count>', 'at most so many', parseLimit, 20);
  withExamples(
    withConfig(withJson(verb)),
    'list --state failed --since 2h',
    'list --limit 100 --json',
  ).action((options: ListOptions) => perform(() => list(options)));
}

function list(options: ListOptions): number {
  const { state, type, since, limit } = options;
  const rows = readHistory(findSource(options), (reader) => reader.list({ state, type, since, limit }));
  if (options.json) console.log(printableJson(rows, 2));
  else if (rows.length === 0) console.error('dbcalm-cmd: no such command');
  else console.log(table(rows));
  return EXIT.ok;
}

function table(rows: readonly Listed[]): string {
  const lines = rows.map((row) => [
    shortId(row.command_id),
    moment(row.start_time).slice(0, 19),
    row.state as string,
    row.end_time === null ? '' : duration(between(row.start_time, row.end_time)),
    printable(row.type),
  ]);
  const titles = ['ID', 'STARTED (UTC)', 'STATE', 'TOOK', 'TYPE'];
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => (line[column] as string).length)),
  );
  const taken = widths.reduce((sum, width) => sum + width + 2, 0);
  const padded = (line: readonly string[], style = (text: string, _column: number) => text) =>
    line.map((text, column) => style(text.padEnd(widths[column] as number), column)).join('  ');
  const coloured = (text: string, column: number) =>
    column === 2 ? stateLook(text.trim(), text.length) : text;
  return [
    faint(`${padded(titles)}  COMMAND`),
    ...lines.map((line, at) => {
      const command = fitted(printable((rows[at] as Listed).command), taken);
      return `${padded(line, coloured)}  ${command}`.trimEnd();
    }),
  ].join('\n');
}
