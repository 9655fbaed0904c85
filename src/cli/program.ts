import { Command } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { addCall } from './call.ts';
import { addCheck } from './check.ts';
import { addCompare } from './compare.ts';
import { addCompletion } from './completion.ts';
import { addDaemon } from './daemon.ts';
import { addInspect } from './inspect.ts';
import { addList } from './list.ts';
import { addMachines } from './machines.ts';
import { printable } from './printable.ts';
import { addShow } from './show.ts';
import { addTail } from './tail.ts';
import { EXIT, withExamples } from './verb.ts';
import { addWatch } from './watch.ts';

const VERBS = [
  addDaemon,
  addCall,
  addList,
  addShow,
  addWatch,
  addTail,
  addInspect,
  addMachines,
  addCheck,
  addCompare,
  addCompletion,
];

/** Without a verb it is the daemon. */
export function program(): Command {
  const root = new Command('dbcalm-cmd')
    .description('The privileged command daemon of DBCalm. Without a verb it is the daemon itself.')
    .version(manifest.version)
    .configureOutput({ outputError: (text, write) => write(oneLine(text)) })
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.ok : EXIT.impossible));
  for (const add of VERBS) add(root);
  return withExamples(root, 'check', 'list --state failed --since 1d', 'show 79caa8ef', 'inspect');
}

function oneLine(text: string): string {
  const message = text.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
  return `dbcalm-cmd: ${printable(message.trim().replace(/\.$/, ''))}. What to do: dbcalm-cmd --help tells what there is\n`;
}
