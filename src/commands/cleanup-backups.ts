import * as Type from 'typebox';
import { normalise } from '../io/fs/paths.ts';
import { defineCommand } from './command.ts';
import { refuseDeletion, removal } from './deletion-rules.ts';
import { isString, listOf } from './list-of.ts';

const isId = (entry: unknown): entry is string | number => isString(entry) || Number.isInteger(entry);

/** `cleanup_backups`: removes the directories of expired backups. `null` is the empty list, as the Go API server sends it. */
export const cleanupBackups = defineCommand({
  name: 'cleanup_backups',
  schema: Type.Object({
    backup_ids: Type.Union([Type.Null(), listOf(isId)], { must: 'a list of strings' }),
    folders: Type.Union([Type.Null(), listOf(isString)], { must: 'a list of strings' }),
  }),
  permit: ({ folders }, { deletionRoots, ownFiles }) => {
    for (const folder of folders ?? []) {
      const refusal = refuseDeletion(folder, deletionRoots, ownFiles);
      if (refusal) return refusal;
    }
    return undefined;
  },
  plan: ({ backup_ids, folders }) => {
    const paths = (folders ?? []).map(normalise);
    return {
      type: 'cleanup_backups',
      command: ['/bin/rm -rf', ...(folders ?? [])].join(' '),
      args: { backup_ids: backup_ids ?? [] },
      touches: paths,
      step: removal(paths),
      warnings: [],
    };
  },
});
