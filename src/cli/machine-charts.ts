import { connectionMachine } from '../machines/connection/machine.ts';
import { daemonMachine } from '../machines/daemon/machine.ts';
import { processMachine } from '../machines/process/machine.ts';
import { chartOf } from './chart.ts';

/** All machines. */
export const CHARTS = [connectionMachine, processMachine, daemonMachine].map(chartOf);
