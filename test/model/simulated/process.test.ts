import { PROCESS } from '../machines.ts';
import { walkMachine } from './walk-machine.ts';

walkMachine(PROCESS);
