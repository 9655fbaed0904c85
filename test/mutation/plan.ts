/** The mutations of each file, and the tests that should notice them, quick ones first. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as checks from './check-operators.ts';
import { dropEffects, dropStandIns } from './effect-operators.ts';
import * as machines from './machine-operators.ts';
import { type Mutation, nameOf } from './mutation.ts';
import type { Operator } from './operator.ts';
import { retarget } from './retarget.ts';
import { SWAPPED_FILES, swapsIn } from './swaps.ts';
import { treeOf } from './syntax.ts';

const PROJECT = join(import.meta.dirname, '..', '..');

const simulated = (machine: string) => `test/model/simulated/${machine}.test.ts`;
const OUTSIDE = [
  'test/e2e/exchange.test.ts',
  'test/e2e/restart.test.ts',
  'test/e2e/shutdown.test.ts',
  'test/model/real/real.test.ts',
  'test/model/contract/contract.test.ts',
];

interface Plan {
  readonly files: string;
  readonly operators: readonly Operator[];
  readonly tests: readonly string[];
}

const MACHINE = [
  machines.deleteTransitions,
  machines.dropActions,
  machines.invertGuards,
  machines.changeDelays,
  retarget,
];
const COMMAND = [checks.loosenChecks, checks.dropSides, checks.fixChoices, checks.dropRulesOfCommand];
const ACTOR = [checks.loosenChecks, checks.dropSides, dropEffects];

const SHADOW = [
  simulated('shadow-process'),
  'test/machines/process/shadow.test.ts',
  'test/e2e/shadow.test.ts',
];
const CRONTAB = [
  'test/commands/cron/schedule.test.ts',
  'test/commands/cron/crontab.test.ts',
  'test/commands/cron/crontab-reader.test.ts',
  'test/commands/cron/crontab-safety.test.ts',
];
const STEPS = [
  'test/actors/process/steps/steps.test.ts',
  'test/io/fs/pinned-directory.test.ts',
  'test/actors/process/steps/durability.test.ts',
];

const PLANS: readonly Plan[] = [
  {
    files: 'src/machines/connection/*.ts',
    operators: MACHINE,
    tests: [
      simulated('connection'),
      'test/machines/connection/machine.test.ts',
      'test/actors/connection/supervisor.test.ts',
      ...OUTSIDE,
    ],
  },
  {
    files: 'src/machines/process/!(shadow).ts',
    operators: MACHINE,
    tests: [
      simulated('process'),
      'test/machines/process/machine.test.ts',
      'test/machines/process/recovering.test.ts',
      'test/actors/process/supervisor.test.ts',
      ...OUTSIDE,
    ],
  },
  {
    files: 'src/machines/daemon/*.ts',
    operators: MACHINE,
    tests: [simulated('daemon'), 'test/machines/daemon/machine.test.ts', ...OUTSIDE],
  },
  { files: 'src/machines/process/shadow.ts', operators: [dropStandIns], tests: SHADOW },
  { files: 'src/actors/process/shadow.ts', operators: [dropEffects], tests: SHADOW },
  { files: 'src/daemon/run.ts', operators: [], tests: ['test/e2e/shadow.test.ts'] },
  {
    files: 'src/commands/{request,deletion-rules,delete-directory,cleanup-backups,list-of}.ts',
    operators: COMMAND,
    tests: [
      'test/commands/request.test.ts',
      'test/commands/deletion-rules.test.ts',
      'test/e2e/bad-input.test.ts',
      'test/e2e/places.test.ts',
      ...OUTSIDE,
    ],
  },
  {
    files: 'src/commands/{cron/schedule,cron/crontab,cron/crontab-reader,update-cron-schedules}.ts',
    operators: [...COMMAND, checks.dropRules],
    tests: [...CRONTAB, 'test/commands/request.test.ts', 'test/e2e/bad-input.test.ts', ...OUTSIDE],
  },
  {
    files:
      'src/actors/{connection/check-paths,connection/write-reply,process/steps/prepare,process/steps/finish,process/steps/inspect-effect}.ts',
    operators: [...ACTOR, checks.fixChoices],
    tests: [...STEPS, 'test/e2e/places.test.ts', 'test/attack/swap.test.ts', ...OUTSIDE],
  },
  {
    files: 'src/actors/process/supervisor.ts',
    operators: [checks.loosenChecks],
    tests: [
      'test/actors/process/supervisor.test.ts',
      'test/e2e/admission.test.ts',
      'test/e2e/cron-order.test.ts',
      ...OUTSIDE,
    ],
  },
  {
    files: 'src/actors/process/{admission,recovery}.ts',
    operators: ACTOR,
    tests: [
      'test/actors/process/admission.test.ts',
      'test/actors/process/recovery.test.ts',
      'test/actors/process/supervisor.test.ts',
      'test/e2e/admission.test.ts',
      'test/e2e/cron-order.test.ts',
      'test/e2e/restart.test.ts',
    ],
  },
  {
    files: 'src/actors/process/{run-child,await-orphan,persist}.ts',
    operators: ACTOR,
    tests: ['test/actors/process/process-actors.test.ts', 'test/io/child/orphan.test.ts', ...OUTSIDE],
  },
  {
    files: 'src/actors/connection/read-request.ts',
    operators: [dropEffects],
    tests: ['test/actors/connection/read-request.test.ts', 'test/e2e/framing.test.ts', ...OUTSIDE],
  },
  {
    files: 'src/actors/daemon/listener.ts',
    operators: ACTOR,
    tests: ['test/actors/daemon/listener.test.ts', 'test/e2e/start.test.ts', ...OUTSIDE],
  },
  {
    files: 'src/actors/connection/supervisor.ts',
    operators: ACTOR,
    tests: [
      'test/actors/connection/supervisor-order.test.ts',
      'test/actors/connection/supervisor.test.ts',
      'test/e2e/access.test.ts',
      ...OUTSIDE,
    ],
  },
];

export interface Planned {
  readonly mutation: Mutation;
  /** The name of the operator. */
  readonly kind: string;
  readonly tests: readonly string[];
}

/** Returns all mutations, each once. */
export function planned(): Planned[] {
  const all = PLANS.flatMap(({ files, operators, tests }) =>
    globSync(files, { cwd: PROJECT })
      .sort()
      .flatMap((file) => mutationsOf(file, operators).map((made) => ({ ...made, tests }))),
  );
  const files = new Set(all.map(({ mutation }) => mutation.file));
  const astray = SWAPPED_FILES.filter((file) => !files.has(file));
  if (astray.length > 0) throw new Error(`no plan has tests for ${astray}`);
  return all;
}

type Made = Omit<Planned, 'tests'>;

function mutationsOf(file: string, operators: readonly Operator[]): Made[] {
  const source = readFileSync(join(PROJECT, file), 'utf8');
  const tree = treeOf(source);
  const changes = operators.flatMap((operator) =>
    operator(source, tree).map((change) => ({ mutation: { file, ...change }, kind: operator.name })),
  );
  const swaps = swapsIn(file, source).map((mutation) => ({ mutation, kind: 'swap' }));
  return numbered([...changes, ...swaps]);
}

/** Adds a number to each name that occurs more than once. */
function numbered(made: readonly Made[]): Made[] {
  const seen = new Map<string, number>();
  return made.map(({ mutation, kind }) => {
    const name = nameOf(mutation);
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return { mutation: times === 1 ? mutation : { ...mutation, what: `${mutation.what} (${times})` }, kind };
  });
}
