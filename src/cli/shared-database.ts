import type { Command } from 'commander';
import { serveSharedDatabase } from '../io/shared-process.ts';
import { SHARED_DATABASE_VERB } from '../io/shared-requests.ts';

/** What the daemon starts to write to the shared database. */
export function addSharedDatabase(root: Command): void {
  root
    .command(`${SHARED_DATABASE_VERB} <path>`)
    .description('write to the shared database for the daemon, which starts this by itself')
    .option('--shadow', 'refuse a database that another daemon writes to')
    .action((path: string, { shadow = false }: { readonly shadow?: boolean }) => {
      serveSharedDatabase(path, shadow);
      process.exit(0);
    });
}
