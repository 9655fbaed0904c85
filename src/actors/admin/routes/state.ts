import { viewOf } from '../actor-tree.ts';
import { json, type Route, type Sight } from './route.ts';

/** The living actors, from the root down. */
export const state: Route = {
  method: 'GET',
  path: '/state',
  query: [],
  answer: ({ sight }) =>
    json(200, {
      at: new Date().toISOString(),
      shadow: sight.shadow,
      daemon: viewOf(sight.daemon),
      counters: countersOf(sight),
      readers_of_events: sight.inspection.readers,
    }),
};

function countersOf({ counters: { connections, replies, accepted, refused, processes } }: Sight) {
  return { connections, replies, accepted, refused, processes };
}
