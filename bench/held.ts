import { holdDeletion } from '../test/support/held-deletion.ts';
import type { RunningDaemon, Subject } from './subjects.ts';

/** A daemon whose only place is taken by a deletion that is held: what is accepted waits, and nothing else is begun. It
 * is killed in the end, with what waits. */
export async function startHeld(subject: Subject, folder: string): Promise<RunningDaemon> {
  const daemon = await subject.start(folder, { max_running: 1 });
  const { release } = await holdDeletion(daemon.daemon, 'held');
  const stop = async () => {
    release();
    await daemon.daemon.kill();
  };
  return { ...daemon, stop };
}
