import { Argument, type Command, Option } from 'commander';
import type { Chart } from './chart.ts';
import { dot } from './dot.ts';
import { strong } from './looks.ts';
import { mermaid } from './mermaid.ts';
import { printableJson } from './printable.ts';
import { EXIT, perform, VerbFailure, withExamples, withJson } from './verb.ts';

const NAMES = ['connection', 'process', 'daemon'] as const;
const FORMATS = { mermaid, dot, json: (chart: Chart) => printableJson(chart, 2) };
type Format = keyof typeof FORMATS;

interface MachinesOptions {
  readonly format?: Format;
  readonly json?: boolean;
}

/** `machines`: the state machines of the daemon, from its code. */
export function addMachines(root: Command): void {
  const verb = root
    .command('machines')
    .description('list the state machines of the daemon, or print the diagram of one')
    .addArgument(new Argument('[name]', 'the machine; without it all are listed').choices(NAMES))
    .addOption(new Option('--format <format>', 'how (default: mermaid)').choices(Object.keys(FORMATS)));
  withExamples(withJson(verb), 'machines', 'machines process --format dot | dot -Tsvg > process.svg').action(
    (name: string | undefined, options: MachinesOptions) => perform(() => machines(name, options)),
  );
}

async function machines(name: string | undefined, { format, json }: MachinesOptions): Promise<number> {
  const { CHARTS } = await import('./machine-charts.ts');
  const as = json ? 'json' : format;
  const chart = CHARTS.find((candidate) => candidate.name === name);
  if (chart) console.log(FORMATS[as ?? 'mermaid'](chart));
  else if (as === 'json') console.log(printableJson(CHARTS, 2));
  else if (as) throw new VerbFailure(`${as} draws one machine`, `name it: ${NAMES.join(', ')}`);
  else console.log(CHARTS.map(line).join('\n'));
  return EXIT.ok;
}

const line = ({ name, description }: Chart) => `${strong(name.padEnd(10))}  ${description ?? ''}`.trimEnd();
