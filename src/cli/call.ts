import type { Command } from 'commander';
import { messageOf } from '../errors.ts';
import { call } from '../io/client.ts';
import { type ConfigOptions, configOf, withConfig } from './config-option.ts';
import { followToEnd } from './follow.ts';
import { printableJson } from './printable.ts';
import { EXIT, perform, withExamples, withJson } from './verb.ts';

/** `call`: sends a command as a client does. */
export function addCall(root: Command): void {
  const verb = root
    .command('call')
    .description('send a command to the daemon and print its reply; exits 0 if it was accepted')
    .argument('<cmd>', 'update_cron_schedules, delete_directory or cleanup_backups')
    .argument('[args...]', 'key=value pairs (a value may be JSON), or one JSON object')
    .option('--wait', 'follow the command to its end; exits 0 if it succeeded');
  withExamples(
    withConfig(withJson(verb)),
    'call delete_directory path=/var/backups/dbcalm/b1 --wait',
    `call cleanup_backups '{"backup_ids":["b1"],"folders":["/var/backups/dbcalm/b1"]}'`,
  ).action((cmd: string, args: string[], options: CallOptions) => perform(() => send(cmd, args, options)));
}

interface CallOptions extends ConfigOptions {
  readonly wait?: boolean;
  readonly json?: boolean;
}

async function send(cmd: string, args: string[], options: CallOptions): Promise<number> {
  const { socket_path, database_path } = configOf(options);
  const reply = (await reach(socket_path, { cmd, args: parseArgs(args) })) as { code?: number; id?: string };
  console.log(printableJson(reply));
  if (reply.code !== 202 || reply.id === undefined) return EXIT.failed;
  return options.wait ? followToEnd(database_path, reply.id, options.json) : EXIT.ok;
}

function reach(socketPath: string, request: unknown): Promise<unknown> {
  return call(socketPath, request).catch((error: unknown) => {
    throw new Error(`no reply from ${socketPath}: ${messageOf(error)}. Does the daemon run?`);
  });
}

export function parseArgs(args: readonly string[]): unknown {
  const [first] = args;
  if (args.length === 1 && first?.startsWith('{')) return JSON.parse(first);
  return Object.fromEntries(args.map(pair));
}

function pair(text: string): [string, unknown] {
  const at = text.indexOf('=');
  if (at < 1) throw new Error(`${JSON.stringify(text)} is not key=value`);
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
