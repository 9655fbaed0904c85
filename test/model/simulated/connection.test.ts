import { CONNECTION } from '../machines.ts';
import { walkMachine } from './walk-machine.ts';

walkMachine(CONNECTION);
