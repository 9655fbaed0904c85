/** npm run mutate -- --only PATTERN --json --at-once N */
import { parseArgs } from 'node:util';
import { nameOf } from './mutation.ts';
import { runMutations } from './run-mutations.ts';
import { SURVIVORS } from './survivors.ts';
import type { Verdict } from './trial.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '.' },
    json: { type: 'boolean', default: false },
    'at-once': { type: 'string', default: '2' },
  },
});
const atOnce = values['at-once'];
if (!/^[1-9]\d?$/.test(atOnce)) throw new Error(`--at-once must be a whole number, not ${atOnce}`);

// The copied tree is removed at the exit, and the jails end with their parent.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const row = ({ mutation, caughtBy }: Verdict) => {
  const name = nameOf(mutation);
  const fate = caughtBy ?? `**survives**: ${SURVIVORS[name] ?? 'no test noticed'}`;
  return `| ${[name, fate].map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
};

if (!values.json) console.log('| mistake | caught by |\n|---|---|');
const { verdicts, survivors, falseSurvivors } = await runMutations({
  only: new RegExp(values.only),
  atOnce: Number(atOnce),
  tell: (verdict) => {
    if (!values.json) console.log(row(verdict));
  },
});
if (values.json) {
  const told = verdicts.map(({ mutation, ...fate }) => ({ name: nameOf(mutation), ...fate }));
  console.log(JSON.stringify({ mutations: told, survivors, falseSurvivors }, null, 2));
}
const ended = (end: Verdict['end']) => verdicts.filter((verdict) => verdict.end === end).length;
const caught = verdicts.length - ended('passed');
console.error(`${verdicts.length} mistakes, ${caught} caught, ${ended('passed')} survive`);
const wordless = `${ended('unstarted')} by a test that did not start, ${ended('late')} by one that did not end`;
console.error(`of those that are caught ${wordless}`);
for (const name of survivors) console.error(`no test noticed: ${name}`);
for (const name of falseSurvivors) console.error(`said to survive, but caught or not there: ${name}`);
if (verdicts.length === 0) console.error(`no mistake is named like ${values.only}`);
if (survivors.length + falseSurvivors.length > 0 || verdicts.length === 0) process.exitCode = 1;
