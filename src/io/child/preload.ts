import { hearOfExits } from './exits.ts';
import { loadPosixSpawn } from './spawn.ts';

/** Loads what a start does without, and the first command would wait for. Throws what keeps it from being loaded: without
 * it no command is carried out. */
export function loadForFirstUse(): void {
  loadPosixSpawn();
  hearOfExits();
  // Node loads its own with the first number that is drawn.
  crypto.randomUUID();
}
