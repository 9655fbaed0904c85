import { WHITELIST } from '../../../commands/whitelist.ts';
import { eventLoopDelay } from '../../metrics/event-loop-delay.ts';
import type { Family, Sample } from '../../metrics/prometheus.ts';
import { pooled } from '../../shared/actor-pool.ts';
import { stateOf } from '../actor-tree.ts';
import type { Route, Sight } from './route.ts';

/** For a scraper, in Prometheus' text format. Nothing is measured for it that is not counted anyway, but for the delay
 * of the loop: from the first scrape on. */
export const metrics: Route = {
  method: 'GET',
  path: '/metrics',
  query: [],
  answer: async ({ sight }) => {
    // The first scrape loads the library, since loading it takes longer than the rest of the start.
    const { renderMetrics } = await import('../../metrics/prometheus.ts');
    return { status: 200, ...(await renderMetrics(familiesOf(sight))) };
  },
};

function familiesOf(sight: Sight): Family[] {
  const { counters, commits, version, shadow } = sight;
  return [
    counter('accepted_total', 'Commands that were accepted.', byCommand(counters.accepted)),
    counter('refused_total', 'Requests that were refused.', byReason(counters.refused)),
    counter('processes_total', 'Commands that ended.', endsOf(counters.processes)),
    counter('connections_total', 'Connections that ended.', [[{}, counters.connections]]),
    {
      name: 'process_duration_seconds',
      help: 'From the start of a command to its end.',
      type: 'histogram',
      readings: Object.entries(counters.durations).flatMap(([command, outcomes]) =>
        Object.entries(outcomes).map(([outcome, found]) => [{ command, outcome }, found.read()] as const),
      ),
    },
    {
      name: 'commit_duration_seconds',
      help: 'From the begin of a transaction until the disk has it.',
      type: 'histogram',
      readings: [[{}, commits.read()]],
    },
    ...livingNow(sight),
    ...loopNow(),
    gauge('start_time_seconds', 'When the daemon was started, since the epoch.', STARTED_AT),
    gauge('shadow', '1 where commands are recorded only, and nothing is carried out.', shadow ? 1 : 0),
    { ...gauge('build_info', 'What runs.', 1), samples: [[{ version, node: process.versions.node }, 1]] },
  ];
}

function livingNow({ processes, connections }: Sight): Family[] {
  const states = [...pooled(processes())].map(stateOf);
  const within = (name: string) => states.filter((state) => state.startsWith(name)).length;
  return [
    gauge('processes_pending', 'Commands that wait now.', within('pending')),
    gauge('processes_running', 'Commands that run now.', within('running')),
    gauge('connections', 'Clients that are connected now.', pooled(connections()).size),
  ];
}

/** Nothing at the first scrape. */
function loopNow(): Family[] {
  return Object.entries(eventLoopDelay() ?? {}).map(([name, seconds]) =>
    gauge(`event_loop_delay_${name}_seconds`, 'By which the loop was late since the last scrape.', seconds),
  );
}

function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, help, type: 'counter', samples };
}

function gauge(name: string, help: string, value: number) {
  return { name, help, type: 'gauge', samples: [[{}, value]] } as const satisfies Family;
}

/** The daemon's own commands are exported from the start, with 0: otherwise the first of a kind would be no increase. */
function commandsOf(counts: Record<string, unknown>): string[] {
  return [...new Set([...WHITELIST.map(({ name }) => name), ...Object.keys(counts)])];
}

function byCommand(counts: Record<string, number>): Sample[] {
  return commandsOf(counts).map((command) => [{ command }, counts[command] ?? 0]);
}

function byReason(counts: Record<string, Record<string, number>>): Sample[] {
  return Object.entries(counts).flatMap(([command, reasons]) =>
    Object.entries(reasons).map(([reason, count]): Sample => [{ command, reason }, count]),
  );
}

function endsOf(counts: Record<string, Record<string, number>>): Sample[] {
  return commandsOf(counts).flatMap((command) =>
    ['succeeded', 'failed'].map((outcome): Sample => [{ command, outcome }, counts[command]?.[outcome] ?? 0]),
  );
}

/** Not from the clock at each scrape: a start that moves reads as a restart. */
const STARTED_AT = performance.timeOrigin / 1_000;
