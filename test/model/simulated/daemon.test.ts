import { DAEMON } from '../machines.ts';
import { walkMachine } from './walk-machine.ts';

walkMachine(DAEMON);
