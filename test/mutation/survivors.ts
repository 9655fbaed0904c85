/** Mutations that no test can notice, with the reason. The run reports an entry that is caught after all, which must
 * be removed. */
export const SURVIVORS: Readonly<Record<string, string>> = {
  'commands/deletion-rules.ts objection, if (isHarmless): never':
    'it only spares a plain path the questions whose answers are known: it is not odd, and normalised already',
  'commands/deletion-rules.ts removal.unique, isAscending(paths) ?: always false':
    'it only spares a list in which nothing is twice the search for what is',
  'actors/process/recovery.ts stop, this.#groups.length = 0;: left out':
    'once nobody is open any more nobody comes through, so that no group begins',
  'actors/connection/supervisor.ts connections.ended, inside.delete(event.actorId);: left out':
    'a slot that is used again has its own peer; what is left is one peer for each slot that there ever was',
  'actors/process/admission.ts distinct, if (claim === last): never':
    'it only spares a claim that is there already to be added once more',
  'actors/process/admission.ts distinct, last = claim;: left out':
    'it only spares a claim that is there already to be added once more',
  'actors/process/supervisor.ts processes.pump, if (pumping || draining): never':
    'it only spreads starts over turns of the loop; while draining nothing waits any more that a look could admit',
};
