/** Which requests are compared. */
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { messageOf } from '../../errors.ts';
import { type OldRow, oldRows } from '../../io/history/legacy.ts';
import { requestIn } from '../../io/log/exchange-lines.ts';
import { VerbFailure } from '../verb.ts';

/** Of all files in turn, those that are there. */
export async function requestsIn(files: readonly string[]): Promise<Buffer[]> {
  const requests: Buffer[] = [];
  for (const file of files) {
    let number = 0;
    for await (const line of linesOf(file)) {
      number++;
      if (line.trim() === '') continue;
      try {
        requests.push(requestIn(line));
      } catch (error) {
        throw new VerbFailure(
          `${file}, line ${number}: ${messageOf(error)}`,
          'correct the line, or remove it',
        );
      }
    }
  }
  return requests;
}

async function* linesOf(file: string): AsyncGenerator<string> {
  try {
    await using opened = await open(file);
    yield* opened.readLines();
  } catch (error) {
    throw new VerbFailure(
      `${file} cannot be read: ${messageOf(error)}`,
      'name a file of JSON lines with --from that you may read',
    );
  }
}

/** The file that is named, else the traffic that the daemon has kept, oldest first. */
export function filesOf(from: string | undefined, record: string | null): string[] {
  if (from === undefined && record === null)
    throw new VerbFailure('there are no requests', 'name a file with --from, or set record in the config');
  const files = from === undefined ? [`${record}.1`, record as string] : [from];
  const there = files.filter((file) => existsSync(file));
  if (there.length === 0)
    throw new VerbFailure(`${files.at(-1)} is not there`, 'name a file of JSON lines with --from');
  return there;
}

/** Returns the requests of an old daemon that its rows contain. Rows of cron updates hold only the number of schedules. */
export function requestsOfRows(database: string, limit: number): { request: Buffer; row: OldRow }[] {
  return oldRows(database, Object.keys(ARGUMENTS), limit).map((row) => {
    try {
      const args = ARGUMENTS[row.type as keyof typeof ARGUMENTS](row);
      return { request: Buffer.from(JSON.stringify({ cmd: row.type, args })), row };
    } catch (error) {
      throw new VerbFailure(
        `${database}, the row of ${row.command_id}: its args are not JSON: ${messageOf(error)}`,
        'correct the row, or give a smaller --limit',
      );
    }
  });
}

const RM = '/bin/rm -rf ';

const ARGUMENTS = {
  delete_directory: ({ args }: OldRow) => JSON.parse(args) as unknown,
  cleanup_backups: ({ args, command }: OldRow) => ({
    ...(JSON.parse(args) as object),
    // The paths are joined by spaces, and a path may contain spaces. Each path begins with a slash.
    folders: command.startsWith(RM) ? command.slice(RM.length).split(/ (?=\/)/) : [],
  }),
};
