import type { Case } from './case.ts';
import { commits } from './cases/commits.ts';
import { cron } from './cases/cron.ts';
import { fairness } from './cases/fairness.ts';
import { growth } from './cases/growth.ts';
import { idle } from './cases/idle.ts';
import { inspection } from './cases/inspection.ts';
import { latency } from './cases/latency.ts';
import { memory } from './cases/memory.ts';
import { refusals } from './cases/refusals.ts';
import { start } from './cases/start.ts';
import { throughput } from './cases/throughput.ts';

export const CASES: readonly Case[] = [
  latency,
  throughput,
  refusals,
  commits,
  cron,
  start,
  memory,
  idle,
  growth,
  fairness,
  inspection,
];
