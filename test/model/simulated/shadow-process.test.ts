import { SHADOW } from '../machines.ts';
import { BEYOND_SHADOWS } from '../vocabularies/shadow-process.ts';
import { walkMachine } from './walk-machine.ts';

walkMachine(SHADOW, BEYOND_SHADOWS);
