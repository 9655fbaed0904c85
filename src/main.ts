#!/usr/bin/env node
import { SHARED_DATABASE_VERB } from './io/shared-database/requests.ts';

process.title = 'dbcalm-cmd';
const [verb, ...words] = process.argv.slice(2);
// Not awaited: what has an await at its top is no script, and the executable is made of one.
if (verb === SHARED_DATABASE_VERB) serveSharedDatabase(words);
else run();

async function run(): Promise<void> {
  const { programFor } = await import('./cli/program.ts');
  const program = await programFor(process.argv.slice(2));
  await program.parseAsync();
}

/** The child of the daemon that has the shared database open. It needs nothing of the command line. */
async function serveSharedDatabase([path = '', flag]: readonly string[]): Promise<void> {
  const { serveSharedDatabase: serve } = await import('./io/shared-database/process.ts');
  serve(path, flag === '--shadow');
  process.exit(0);
}
