import { messageOf } from '../errors.ts';
import { AdminRefusal } from '../io/admin/client.ts';
import { VerbFailure } from './verb.ts';

/** Why the admin socket at `path` did not answer. */
export function unanswered(path: string, error: unknown): VerbFailure {
  if (error instanceof AdminRefusal)
    return new VerbFailure(`the daemon at ${path} refuses: ${error.message}`, 'ask for less, or later');
  return new VerbFailure(
    `no daemon answers at ${path}: ${messageOf(error)}`,
    'start it, or check admin_socket_path; only the user that it runs as may ask',
  );
}
