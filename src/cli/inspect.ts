import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { messageOf } from '../errors.ts';
import { adminLines, askAdmin } from '../io/admin/client.ts';
import type { HistorySource } from '../io/history/history.ts';
import { theCommand } from './command-id.ts';
import { type ConfigOptions, configOf, withConfig } from './config-option.ts';
import { findSource } from './history-source.ts';
import { type DaemonState, inspectText } from './inspect-text.ts';
import { printable, printableJson } from './printable.ts';
import { Screen } from './screen.ts';
import { unanswered } from './unanswered.ts';
import { EXIT, perform, VerbFailure, withExamples, withJson } from './verb.ts';

interface InspectOptions extends ConfigOptions {
  readonly json?: boolean;
  readonly follow?: boolean;
  readonly actor?: string;
  readonly command?: string;
  readonly web?: boolean;
  readonly port?: number;
}

/** Milliseconds between two looks. */
const REFRESH = 1_000;

/** `inspect`: what lives in the daemon now. */
export function addInspect(root: Command): void {
  const verb = root
    .command('inspect')
    .description('show the actors of the running daemon, in a terminal anew each second until Ctrl-C')
    .option('--follow', 'print what the actors do as it happens, one JSON object a line, until Ctrl-C')
    .option('--actor <id>', 'with --follow: this actor and those below it, for example process-0')
    .option('--command <id>', 'with --follow: what belongs to this command')
    .addOption(
      new Option('--web', 'serve a page to look at in a browser of this machine, until Ctrl-C').conflicts([
        'follow',
      ]),
    )
    .option(
      '--port <number>',
      'with --web: on this port of 127.0.0.1; any that is free without it',
      parsePort,
    );
  withExamples(
    withConfig(withJson(verb)),
    'inspect',
    "inspect --json | jq '.daemon.state'",
    'inspect --follow --actor connections',
    'inspect --web --port 8642',
  ).action((options: InspectOptions) => perform(() => inspect(options)));
}

function inspect(options: InspectOptions): Promise<number> {
  const { admin_socket_path: path } = configOf(options);
  const { json, follow, actor, command, web, port } = options;
  if (!follow && (actor ?? command) !== undefined)
    throw new VerbFailure('--actor and --command choose events', 'give --follow, too');
  if (!web && port !== undefined) throw new VerbFailure('--port is of the page', 'give --web, too');
  // Ctrl-C is how it ends well.
  process.once('SIGINT', () => process.exit(EXIT.ok));
  process.once('SIGTERM', () => process.exit(EXIT.ok));
  if (follow) return printEvents(path, eventsPath(actor, command && wholeId(findSource(options), command)));
  if (web) return serve(path, port, json);
  return process.stdout.isTTY && !json ? refresh(path) : printState(path, json);
}

async function printState(path: string, json = false): Promise<number> {
  const state = await look(path);
  console.log(json ? printableJson(state, 2) : inspectText(state));
  return EXIT.ok;
}

/** A daemon that goes away may come back: only at first there must be one. */
async function refresh(path: string): Promise<number> {
  let state = await look(path);
  const screen = new Screen();
  for (let head = ''; ; ) {
    screen.show(`${head}${inspectText(state)}\n\nCtrl-C ends this.`);
    await wait(REFRESH);
    try {
      state = await look(path);
      head = '';
    } catch (error) {
      head = `${printable(messageOf(error))}; this was seen last:\n\n`;
    }
  }
}

/** Writes at the pace of the reader. */
async function printEvents(socketPath: string, path: string): Promise<number> {
  try {
    for await (const line of adminLines(socketPath, path))
      if (!process.stdout.write(`${printableJson(JSON.parse(line))}\n`)) await once(process.stdout, 'drain');
  } catch (error) {
    throw unanswered(socketPath, error);
  }
  throw new VerbFailure(`the daemon at ${socketPath} ended`, 'once it runs again, follow again');
}

/** Loaded only here: drawing needs a library that no other look does. */
async function serve(path: string, port = 0, json = false): Promise<number> {
  await look(path);
  const { servePageOf } = await import('./web/serve.ts');
  const url = await servePageOf(path, port);
  console.log(json ? printableJson({ url }) : `${url}\nOnly who has this URL sees the page. Ctrl-C ends it.`);
  return new Promise(() => {});
}

function eventsPath(actor?: string, commandId?: string): string {
  const given = Object.entries({ actor, command_id: commandId }).filter(([, value]) => value !== undefined);
  const query = new URLSearchParams(given as [string, string][]);
  return `/events${query.size > 0 ? `?${query}` : ''}`;
}

/** The daemon wants the whole id. */
function wholeId(source: HistorySource, given: string): string {
  return given.length === 36 ? given : theCommand(source, given).process.command_id;
}

const look = (path: string) =>
  askAdmin(path, '/state').catch((error: unknown) => {
    throw unanswered(path, error);
  }) as Promise<DaemonState>;

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port > 0 && port < 65_536) return port;
  throw new InvalidArgumentError('Give a whole number from 1 to 65535.');
}
