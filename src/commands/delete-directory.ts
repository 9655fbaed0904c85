import * as Type from 'typebox';
import { normalise } from '../io/fs/paths.ts';
import { defineCommand } from './command.ts';
import { refuseDeletion, removal } from './deletion-rules.ts';

/** `delete_directory`: removes one directory. */
export const deleteDirectory = defineCommand({
  name: 'delete_directory',
  schema: Type.Object({ path: Type.String({ must: 'a string' }) }),
  permit: ({ path }, { deletionRoots, ownFiles }) => refuseDeletion(path, deletionRoots, ownFiles),
  plan: ({ path }) => {
    const paths = [normalise(path)];
    return {
      type: 'delete_directory',
      command: `/bin/rm -rf ${path}`,
      args: { path },
      touches: paths,
      step: removal(paths),
      warnings: [],
    };
  },
});
