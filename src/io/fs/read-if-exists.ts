import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { messageOf } from '../../errors.ts';

/** More than cron would read of a file. */
const MAX_BYTES = 4 * 1024 * 1024;
// A pipe must not be waited for.
const LOOK = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The text of a file; neither where there is none. `unread`: why what is there could not be read. */
export interface PresentFile {
  readonly text?: string;
  readonly unread?: string;
}

export async function readPresentFile(path: string): Promise<PresentFile> {
  try {
    await using file = await open(path, LOOK);
    const found = await file.stat();
    if (!found.isFile()) return { unread: 'it is no plain file' };
    if (found.size > MAX_BYTES) return { unread: `it has more than ${MAX_BYTES} bytes` };
    return { text: await file.readFile('utf8') };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return {};
    return { unread: code === 'ELOOP' ? 'it is a symlink' : messageOf(error) };
  }
}
