/** Which mistakes are made in which file, and which tests are there to notice: quick ones first. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mutation } from './mutation.ts';
import * as operators from './operators.ts';
import { SWAPPED_FILES, swapsIn } from './swaps.ts';
import { treeOf } from './syntax.ts';

const PROJECT = join(import.meta.dirname, '..', '..');

const simulated = (machine: string) => `test/model/simulated/${machine}.test.ts`;
const OUTSIDE = [
  'test/daemon/exchange.test.ts',
  'test/daemon/restart.test.ts',
  'test/daemon/shutdown.test.ts',
  'test/model/real/real.test.ts',
  'test/model/contract/contract.test.ts',
];

interface Plan {
  readonly files: string;
  readonly operators: readonly operators.Operator[];
  readonly tests: readonly string[];
}

const MACHINE = [
  operators.deleteTransitions,
  operators.dropActions,
  operators.invertGuards,
  operators.changeDelays,
];

const PLANS: readonly Plan[] = [
  {
    files: 'src/machines/connection*.ts',
    operators: MACHINE,
    tests: [
      simulated('connection'),
      'test/machine/connection.test.ts',
      'test/machine/connections.test.ts',
      ...OUTSIDE,
    ],
  },
  {
    files: 'src/machines/process*.ts',
    operators: MACHINE,
    tests: [
      simulated('process'),
      'test/machine/process.test.ts',
      'test/machine/recovery.test.ts',
      'test/machine/processes.test.ts',
      ...OUTSIDE,
    ],
  },
  {
    files: 'src/machines/daemon*.ts',
    operators: MACHINE,
    tests: [simulated('daemon'), 'test/machine/daemon.test.ts', ...OUTSIDE],
  },
  {
    files: 'src/commands/{request,deletable}.ts',
    operators: [operators.loosenChecks],
    tests: [
      'test/unit/request.test.ts',
      'test/unit/deletable.test.ts',
      'test/daemon/bad-input.test.ts',
      'test/daemon/places.test.ts',
      ...OUTSIDE,
    ],
  },
  {
    files: 'src/commands/{schedule,crontab,crontab-reader,update-cron-schedules}.ts',
    operators: [operators.loosenChecks, operators.dropRules],
    tests: [
      'test/unit/schedule.test.ts',
      'test/unit/crontab.test.ts',
      'test/unit/crontab-reader.test.ts',
      'test/unit/crontab-safety.test.ts',
      'test/unit/request.test.ts',
      'test/daemon/bad-input.test.ts',
      ...OUTSIDE,
    ],
  },
  {
    files: 'src/commands/cleanup-backups.ts',
    operators: [operators.loosenChecks],
    tests: ['test/unit/request.test.ts', 'test/daemon/bad-input.test.ts', ...OUTSIDE],
  },
  {
    files: 'src/actors/check-places.ts',
    operators: [operators.loosenChecks],
    tests: ['test/io/steps.test.ts', 'test/daemon/places.test.ts', 'test/attack/swap.test.ts', ...OUTSIDE],
  },
  {
    files: 'src/actors/{write-reply,finish-step,prepare-step,inspect-effect,processes}.ts',
    operators: [operators.loosenChecks],
    tests: [
      'test/io/steps.test.ts',
      'test/machine/processes.test.ts',
      'test/machine/connections.test.ts',
      'test/daemon/exchange.test.ts',
      'test/daemon/deletion.test.ts',
      'test/daemon/places.test.ts',
      'test/daemon/admission.test.ts',
      'test/daemon/cron-order.test.ts',
      ...OUTSIDE,
    ],
  },
];

export interface Planned {
  readonly mutation: Mutation;
  readonly tests: readonly string[];
}

/** All mutations, each once. */
export function planned(): Planned[] {
  const all = PLANS.flatMap(({ files, operators: made, tests }) =>
    globSync(files, { cwd: PROJECT })
      .sort()
      .flatMap((file) => mutationsOf(file, made).map((mutation) => ({ mutation, tests }))),
  );
  const files = new Set(all.map(({ mutation }) => mutation.file));
  const astray = SWAPPED_FILES.filter((file) => !files.has(file));
  if (astray.length > 0) throw new Error(`no plan has tests for ${astray}`);
  return all;
}

function mutationsOf(file: string, made: readonly operators.Operator[]): Mutation[] {
  const source = readFileSync(join(PROJECT, file), 'utf8');
  const tree = treeOf(source);
  const changes = made.flatMap((operator) => operator(source, tree)).map((change) => ({ file, ...change }));
  return [...changes, ...swapsIn(file, source)];
}
