import { cleanupBackups } from './cleanup-backups.ts';
import type { Command } from './command.ts';
import { deleteDirectory } from './delete-directory.ts';
import { updateCronSchedules } from './update-cron-schedules.ts';

/** Everything that a client can make root do. */
export const WHITELIST: readonly Command[] = [updateCronSchedules, deleteDirectory, cleanupBackups];
