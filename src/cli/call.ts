import type { Command } from 'commander';
import { messageOf } from '../errors.ts';
import { call } from '../io/client.ts';
import { type ConfigOptions, configOf, withConfig } from './config-option.ts';

/** `call`: sends a command as a client does. */
export function addCall(root: Command): void {
  withConfig(root.command('call'))
    .description('send a command to the daemon and print its reply; exits 0 if it was accepted')
    .argument('<cmd>', 'update_cron_schedules, delete_directory or cleanup_backups')
    .argument('[args...]', 'key=value pairs (a value may be JSON), or one JSON object')
    .addHelpText('after', '\nExamples:\n  $ dbcalm-cmd call delete_directory path=/var/backups/dbcalm/b1')
    .action(async (cmd: string, args: string[], options: ConfigOptions) => {
      process.exitCode = await send(cmd, args, options);
    });
}

async function send(cmd: string, args: string[], options: ConfigOptions): Promise<number> {
  try {
    const { socket_path } = configOf(options);
    const reply = await reach(socket_path, { cmd, args: parseArgs(args) });
    console.log(JSON.stringify(reply));
    return (reply as { code?: number }).code === 202 ? 0 : 1;
  } catch (error) {
    console.error(`dbcalm-cmd: ${messageOf(error)}`);
    return 2;
  }
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
