import { adminSocket, look } from '../test/support/admin.ts';
import type { RunningDaemon } from './subjects.ts';

/** Returns the number of transactions that a daemon has committed since its start. */
export async function commitsOf({ daemon }: RunningDaemon): Promise<number> {
  const { text } = await look(adminSocket(daemon), '/metrics');
  const [, count] = /^dbcalm_cmd_commit_duration_seconds_count(?:\{\})? (\d+)$/m.exec(text) ?? [];
  if (count === undefined) throw new Error('the daemon does not tell how many commits there were');
  return Number(count);
}
