import type { Command } from 'commander';
import { type Reader, readHistory } from '../io/history/history.ts';
import type { End } from '../io/history/rows.ts';
import { type ConfigOptions, withConfig } from './config-option.ts';
import { following } from './follow.ts';
import { findSource } from './history-source.ts';
import { between, duration, moment, shortId, stateLook } from './looks.ts';
import { printable, printableJson } from './printable.ts';
import { EXIT, perform, withExamples, withJson } from './verb.ts';

interface TailOptions extends ConfigOptions {
  readonly json?: boolean;
}

/** `tail`: the ends of commands, as they happen. */
export function addTail(root: Command): void {
  const verb = root.command('tail').description('print the ends of commands as they happen, until Ctrl-C');
  withExamples(
    withConfig(withJson(verb)),
    'tail',
    'tail --json | jq \'select(.to_state == "failed")\'',
  ).action((options: TailOptions) => perform(() => tail(options)));
}

async function tail(options: TailOptions): Promise<number> {
  // Ctrl-C is how it ends well.
  process.once('SIGINT', () => process.exit(EXIT.ok));
  const source = findSource(options);
  let last: number | undefined;
  const fresh = (reader: Reader): End[] => {
    const newest = reader.lastTransition();
    // In a database that replaced the old one they count from the beginning.
    const after = last === undefined || newest >= last ? (last ?? newest) : 0;
    last = newest;
    return newest > after ? reader.endsAfter(after) : [];
  };
  for await (const ends of following(source.path, () => readHistory(source, fresh)))
    for (const end of ends) console.log(options.json ? printableJson(end) : endText(end));
  return EXIT.ok;
}

function endText({ command_id, type, command, start_time, to_state, at, why }: End): string {
  const took = start_time === null ? '' : ` after ${duration(between(start_time, at))}`;
  const what = `${printable(command ?? type)}${why === null ? '' : `: ${printable(why)}`}`;
  return `${moment(at).slice(0, 19)}  ${shortId(command_id)}  ${stateLook(to_state)}${took}  ${what}`;
}
