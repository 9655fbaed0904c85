import { holdDeletion } from '../test/support/held-deletion.ts';
import type { RunningDaemon, Subject } from './subjects.ts';

/** Starts a daemon whose only place is taken by a held deletion, so that accepted commands stay pending. It is killed
 * at the end, with the pending commands. */
export async function startHeld(subject: Subject, folder: string): Promise<RunningDaemon> {
  const daemon = await subject.start(folder, { max_running: 1 });
  const { release } = await holdDeletion(daemon.daemon, 'held');
  const stop = async () => {
    release();
    await daemon.daemon.kill();
  };
  return { ...daemon, stop };
}
