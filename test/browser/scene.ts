import type { TestContext } from 'node:test';
import type { TestDaemon } from '../support/daemon.ts';
import { makeBackups } from '../support/folder.ts';
import { type HeldDeletion, holdDeletion } from '../support/held-deletion.ts';
import { makeUndeletable } from '../support/undeletable.ts';

export interface Scene {
  readonly held: HeldDeletion;
  readonly failed: string;
  readonly pending: string;
}

/** Creates three commands that succeeded, one that failed, one that runs and one that waits for it. */
export async function playScene(t: TestContext, daemon: TestDaemon): Promise<Scene> {
  const [first, stuck, expired] = makeBackups(
    daemon.at.backups,
    ...['full-2026-11-01', 'full-2026-11-08', 'incremental-2026-11-09'],
  ) as [string, string, string];
  await daemon.carryOut('delete_directory', { path: first });
  await daemon.carryOut('update_cron_schedules', { schedules: [] });
  makeUndeletable(t, stuck);
  const failed = await daemon.carryOut('delete_directory', { path: stuck });
  await daemon.carryOut('cleanup_backups', { backup_ids: [9], folders: [expired] });
  const held = await holdDeletion(daemon, 'full-2026-11-15');
  const { id } = await daemon.deletion(held.path);
  return { held, failed: failed.command_id, pending: id as string };
}
