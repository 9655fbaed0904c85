import { connectionMachine } from '../machines/connection.ts';
import { daemonMachine } from '../machines/daemon.ts';
import { processMachine } from '../machines/process.ts';
import { chartOf } from './chart.ts';

/** All machines. */
export const CHARTS = [connectionMachine, processMachine, daemonMachine].map(chartOf);
