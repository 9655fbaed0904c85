import { Type } from 'typebox';
import { normalise } from '../io/paths.ts';
import { defineCommand } from './command.ts';
import { refuseDeletion, removal } from './deletable.ts';

/** `cleanup_backups`: removes the folders of expired backups. `null` is the empty list, as the Go API server sends it. */
export const cleanupBackups = defineCommand({
  name: 'cleanup_backups',
  schema: Type.Object({
    backup_ids: Type.Union([Type.Null(), Type.Array(Type.Union([Type.String(), Type.Integer()]))], {
      must: 'a list of strings',
    }),
    folders: Type.Union([Type.Null(), Type.Array(Type.String())], { must: 'a list of strings' }),
  }),
  permit: ({ folders }, { deletionRoots, ownFiles }) => {
    for (const folder of folders ?? []) {
      const refusal = refuseDeletion(folder, deletionRoots, ownFiles);
      if (refusal) return refusal;
    }
    return undefined;
  },
  plan: ({ backup_ids, folders }) => ({
    type: 'cleanup_backups',
    command: ['/bin/rm -rf', ...(folders ?? [])].join(' '),
    args: { backup_ids: backup_ids ?? [] },
    touches: (folders ?? []).map(normalise),
    step: removal(folders ?? []),
    warnings: [],
  }),
});
