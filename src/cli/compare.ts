import type { Command } from 'commander';
import { type Difference, differencesOf } from './comparing/differences.ts';
import { filesOf, requestsIn, requestsOfRows } from './comparing/requests.ts';
import { askOld, askOurs, type Side } from './comparing/sides.ts';
import { type ConfigOptions, readConfig, withConfig } from './config-option.ts';
import { printable, printableBlock, printableJson } from './printable.ts';
import { cut } from './show-text.ts';
import { EXIT, perform, VerbFailure, withExamples, withJson } from './verb.ts';

/** `compare`: what the daemon to be replaced does, and what ours would do. */
export function addCompare(root: Command): void {
  const verb = root
    .command('compare')
    .description(
      'send requests to the daemon to be replaced, which CARRIES THEM OUT, and show where ours, in a dry run, differs',
    )
    .option('--against <socket>', 'its socket: what is sent there is really done, deletions too')
    .option(
      '--against-database <file>',
      'its database, for what it ran; without --against its rows are the requests',
    )
    .option('--against-cron <file>', 'the cron file that it writes (needs --against-database)')
    .option('--from <file>', 'JSON lines: requests, or what record kept; without it what record keeps')
    .option('--limit <n>', 'of the newest rows, without --against', '1000')
    .option('--yes', 'really send them');
  withExamples(
    withConfig(withJson(verb)),
    'compare --against-database /var/lib/dbcalm/db.sqlite3',
    'compare --against /var/run/dbcalm/cmd.sock --from requests.jsonl --yes',
  ).action((options: CompareOptions) => perform(() => compare(options)));
}

interface CompareOptions extends ConfigOptions {
  readonly against?: string;
  readonly againstDatabase?: string;
  readonly againstCron?: string;
  readonly from?: string;
  readonly limit: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** One request, and how to get the reply and the effects of the old daemon. */
interface Case {
  readonly request: Buffer;
  readonly theirs: () => Side | Promise<Side>;
}

async function compare(options: CompareOptions): Promise<number> {
  const { admin_socket_path: adminSocket, record } = readConfig(options);
  const cases = await casesOf(options, record);
  let different = 0;
  for (const [index, { request, theirs }] of cases.entries()) {
    // Ours first: it looks at a world in which nothing was done yet.
    const ours = await askOurs(adminSocket, request);
    const found = await differencesOf(await theirs(), ours);
    if (found.length > 0) different++;
    console.log(options.json ? jsonLine(request, found) : caseText(index + 1, request, found));
  }
  if (!options.json)
    console.log(`${cases.length} compared: ${cases.length - different} the same, ${different} different`);
  return different === 0 ? EXIT.ok : EXIT.failed;
}

async function casesOf(options: CompareOptions, record: string | null): Promise<Case[]> {
  const { against: socket, againstDatabase: database, againstCron: cronFile } = options;
  if (socket === undefined) return rowCases(options);
  if (cronFile !== undefined && database === undefined)
    throw new VerbFailure(
      'when the cron file is written is known by the database alone',
      'give --against-database, too',
    );
  const requests = await requestsIn(filesOf(options.from, record));
  if (!options.yes)
    throw new VerbFailure(
      `the daemon at ${socket} would really carry out ${requests.length} requests, and delete what they name`,
      'add --yes if that is what you want; without --against, its database is compared and nothing is sent',
    );
  const places = { socket, database, cronFile };
  return requests.map((request) => ({ request, theirs: () => askOld(places, request) }));
}

/** Nothing is sent to the old daemon: its rows tell what it was asked and what it ran. */
function rowCases({ againstDatabase, from, limit }: CompareOptions): Case[] {
  if (againstDatabase === undefined)
    throw new VerbFailure('there is nothing to compare with', 'give --against, --against-database or both');
  if (from !== undefined)
    throw new VerbFailure('requests from a file are compared by sending them', 'give --against, too');
  if (!/^[1-9]\d{0,6}$/.test(limit)) throw new VerbFailure('--limit is no whole number', 'give 1 to 9999999');
  return requestsOfRows(againstDatabase, Number(limit)).map(({ request, row }) => ({
    request,
    theirs: () => ({ code: 202, message: undefined, command: row.command, cron: undefined }),
  }));
}

function jsonLine(request: Buffer, differences: readonly Difference[]): string {
  return printableJson({ request: String(request), same: differences.length === 0, differences });
}

function caseText(number: number, request: Buffer, differences: readonly Difference[]): string {
  const head = `${differences.length === 0 ? 'same     ' : 'different'}  ${number}  ${printable(cut(String(request)))}`;
  return [head, ...differences.map(differenceText)].join('\n');
}

function differenceText({ what, theirs, ours, diff }: Difference): string {
  if (diff !== undefined) return `  ${what} (- theirs, + ours)\n${printableBlock(diff).trimEnd()}`;
  return `  ${what}\n    theirs  ${printable(cut(theirs))}\n    ours    ${printable(cut(ours))}`;
}
