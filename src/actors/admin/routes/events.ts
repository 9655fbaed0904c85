import { LossyLines } from '../../../io/admin/lossy-lines.ts';
import { problem, type Route } from './route.ts';

/** Each may hold some memory while it does not read. */
export const MAX_READERS = 8;

/** What the actors do, as it happens, until the reader leaves. */
export const events: Route = {
  method: 'GET',
  path: '/events',
  query: ['actor', 'command_id'],
  answer: ({ sight: { inspection }, query }) => {
    if (inspection.readers >= MAX_READERS) return problem(503, `${MAX_READERS} readers are there already`);
    return {
      contentType: 'application/x-ndjson',
      stream: (out) => {
        const lines = new LossyLines(out);
        const stop = inspection.add({
          actor: query.get('actor') ?? undefined,
          commandId: query.get('command_id') ?? undefined,
          write: (line) => lines.write(line),
        });
        out.once('close', stop);
      },
    };
  },
};
