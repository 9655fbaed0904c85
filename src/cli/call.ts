import { Argument, type Command } from 'commander';
import type { DryRun } from '../actors/admin/dry-runs.ts';
import { type Arguments, type CommandName, call, type Reply } from '../client.ts';
import { WHITELIST } from '../commands/whitelist.ts';
import { messageOf } from '../errors.ts';
import { askDryRun } from '../io/admin/client.ts';
import { impostorObjection } from '../io/socket/peer.ts';
import { type ConfigOptions, configOf, readConfig, withConfig } from './config-option.ts';
import { dryRunText } from './dry-run-text.ts';
import { followToEnd } from './follow.ts';
import { findSource } from './history-source.ts';
import { printableJson } from './printable.ts';
import { unanswered } from './unanswered.ts';
import { EXIT, perform, suggesting, VerbFailure, withExamples, withJson } from './verb.ts';

/** Whether it is one of them is for the daemon to say, which may be a newer one. */
const COMMANDS = WHITELIST.map(({ name }) => name);

/** `call`: sends a command as a client does. */
export function addCall(root: Command): void {
  const verb = root
    .command('call')
    .description('send a command to the daemon and print its reply; exits 0 if it was accepted')
    .addArgument(suggesting(new Argument('<cmd>', `one of ${COMMANDS.join(', ')}`), COMMANDS))
    .argument('[args...]', 'key=value pairs (a value may be JSON), or one JSON object')
    .option('--wait', 'follow the command to its end; exits 0 if it succeeded')
    .option('--dry-run', 'show what would be answered and done, and do nothing; exits as without');
  withExamples(
    withConfig(withJson(verb)),
    'call delete_directory path=/var/backups/dbcalm/b1 --wait',
    `call cleanup_backups '{"backup_ids":["b1"],"folders":["/var/backups/dbcalm/b1"]}'`,
    'call delete_directory path=/var/backups/dbcalm/b1 --dry-run',
  ).action((cmd: string, args: string[], options: CallOptions) => perform(() => send(cmd, args, options)));
}

interface CallOptions extends ConfigOptions {
  readonly wait?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

async function send(cmd: string, args: string[], options: CallOptions): Promise<number> {
  const request = { cmd, args: parseArgs(args) };
  if (options.dryRun) return showDryRun(request, options);
  const config = configOf(options);
  const reply = await reach(config.socket_path, request);
  console.log(printableJson(reply));
  if (reply.code !== 202) return EXIT.failed;
  return options.wait ? followToEnd(findSource(options), reply.id, options.json) : EXIT.ok;
}

async function showDryRun(request: unknown, options: CallOptions): Promise<number> {
  if (options.wait)
    throw new VerbFailure('there is nothing to wait for in a dry run', 'give --wait or --dry-run');
  const { admin_socket_path: path } = readConfig(options);
  const found = (await askDryRun(path, request).catch((error: unknown) => {
    throw unanswered(path, error);
  })) as DryRun;
  console.log(options.json ? printableJson(found, 2) : dryRunText(found));
  return found.code === 202 ? EXIT.ok : EXIT.failed;
}

/** Whatever was typed is sent: it is the daemon that says what is wrong with it. */
function reach(socketPath: string, request: { cmd: string; args: unknown }): Promise<Reply> {
  const [cmd, args] = [request.cmd as CommandName, request.args as Arguments[CommandName]];
  return call(cmd, args, { socketPath, objectTo: impostorObjection }).catch((error: unknown) => {
    throw new VerbFailure(
      messageOf(error),
      'start the daemon, or check socket_path; dbcalm-cmd list shows whether the command is on record',
    );
  });
}

export function parseArgs(args: readonly string[]): unknown {
  const [first] = args;
  if (args.length === 1 && first?.startsWith('{')) return parseJson(first);
  return Object.fromEntries(args.map(pair));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new VerbFailure(`no JSON: ${messageOf(error)}`, 'dbcalm-cmd call --help has examples');
  }
}

function pair(text: string): [string, unknown] {
  const at = text.indexOf('=');
  if (at < 1)
    throw new VerbFailure(`${JSON.stringify(text)} is not key=value`, 'dbcalm-cmd call --help has examples');
  return [text.slice(0, at), argumentOf(text.slice(at + 1))];
}

/** JSON where it is a list, an object, a number, true, false or null; else the text itself. */
function argumentOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
