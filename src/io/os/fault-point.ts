/** Named places, at every boundary between two effects, where a test may kill the daemon, make it throw or hold it up.
 * In a normal install nothing can happen there: only code of a test, loaded into the process, sets a hook. */
export const FAULT_POINTS = [
  'accept.written',
  'journal.committed',
  'accept.committed',
  'reply.sending',
  'reply.sent',
  'start.written',
  'start.committed',
  'folder.pinned',
  'file.staged',
  'child.spawning',
  'child.spawned',
  'child.written',
  'child.committed',
  'child.exited',
  'folder.synced',
  'end.written',
  'end.committed',
  'end.observed',
  'recover.written',
  'recover.committed',
  'effect.inspected',
] as const;

export type FaultPoint = (typeof FAULT_POINTS)[number];

let hook: ((point: FaultPoint) => void) | undefined;

export function faultPoint(point: FaultPoint): void {
  hook?.(point);
}

/** Not called from `src`; a test says so. */
export function setFaultHook(reached: (point: FaultPoint) => void): void {
  hook = reached;
}
