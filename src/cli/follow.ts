import { type HistorySource, readHistory } from '../io/history/history.ts';
import type { CommandHistory } from '../io/history/rows.ts';
import { watchDatabase } from '../io/history/watch.ts';
import { theCommand } from './command-id.ts';
import { printableJson } from './printable.ts';
import { endingText, stepText } from './show-text.ts';
import { EXIT } from './verb.ts';

/** How many reads in a row may fail before the verb ends: the database may be unreadable while a daemon restarts. */
const MAX_FAILURES = 5;

/** Yields the result of `read` now and after each change, until the caller stops. */
export async function* following<T>(path: string, read: () => T): AsyncGenerator<T> {
  // Before the first read, so that no later change is missed.
  const watched = watchDatabase(path);
  try {
    yield read();
    for (let failures = 0; ; ) {
      await watched.changed();
      let found: T;
      try {
        found = read();
        failures = 0;
      } catch (error) {
        if (++failures > MAX_FAILURES) throw error;
        continue;
      }
      yield found;
    }
  } finally {
    watched.close();
  }
}

/** Prints each transition as it comes, then how it ended; gives the exit code. As JSON: one line a transition, then
 * what `show` has. */
export async function followToEnd(source: HistorySource, id: string, json = false): Promise<number> {
  const commandId = theCommand(source, id).process.command_id;
  let told = 0;
  for await (const found of following(source.path, () =>
    readHistory(source, (reader) => reader.of(commandId)),
  )) {
    // A missing row: the database was replaced. The daemon writes the row again when the command ends.
    if (!found) continue;
    const { transitions } = found;
    for (const step of transitions.slice(told)) console.log(json ? printableJson(step) : stepText(step));
    told = transitions.length;
    if (found.state === 'succeeded' || found.state === 'failed') return ended(found, json);
  }
  return EXIT.impossible;
}

function ended(found: CommandHistory, json: boolean): number {
  console.log(json ? printableJson(found) : endingText(found));
  return found.state === 'succeeded' ? EXIT.ok : EXIT.failed;
}
