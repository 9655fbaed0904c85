import { Command } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { printable } from './printable.ts';
import { EXIT, withExamples } from './verb.ts';

type Add = (root: Command) => void;

/** Each is loaded when it may be meant: a start has nothing of the others. */
const VERBS: ReadonlyMap<string, () => Promise<Add>> = new Map([
  ['daemon', async () => (await import('./daemon.ts')).addDaemon],
  ['call', async () => (await import('./call.ts')).addCall],
  ['list', async () => (await import('./list.ts')).addList],
  ['show', async () => (await import('./show.ts')).addShow],
  ['watch', async () => (await import('./watch.ts')).addWatch],
  ['tail', async () => (await import('./tail.ts')).addTail],
  ['inspect', async () => (await import('./inspect.ts')).addInspect],
  ['machines', async () => (await import('./machines.ts')).addMachines],
  ['check', async () => (await import('./check.ts')).addCheck],
  ['compare', async () => (await import('./compare.ts')).addCompare],
  ['completion', async () => (await import('./completion.ts')).addCompletion],
]);
const DEFAULT = 'daemon';

/** With the verbs that these words may mean. Without a verb it is the daemon. */
export async function programFor(words: readonly string[]): Promise<Command> {
  const root = new Command('dbcalm-cmd')
    .description('The privileged command daemon of DBCalm. Without a verb it is the daemon itself.')
    .version(manifest.version)
    .configureOutput({ outputError: (text, write) => write(oneLine(text)) })
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.ok : EXIT.impossible));
  for (const name of meant(words)) (await VERBS.get(name)?.())?.(root);
  return withExamples(root, 'check', 'list --state failed --since 1d', 'show 79caa8ef', 'inspect');
}

/** With every verb. */
export const wholeProgram = (): Promise<Command> => programFor(['help']);

function meant(words: readonly string[]): Iterable<string> {
  const [first = DEFAULT] = words;
  // The completion scripts have all verbs in them, as has the help of the program.
  if (first === 'help' || first === 'completion') return VERBS.keys();
  if (VERBS.has(first)) return [first];
  return words.some((word) => word === '--help' || word === '-h') ? VERBS.keys() : [DEFAULT];
}

function oneLine(text: string): string {
  const message = text.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
  return `dbcalm-cmd: ${printable(message.trim().replace(/\.$/, ''))}. What to do: dbcalm-cmd --help tells what there is\n`;
}
