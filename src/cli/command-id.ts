import { type HistorySource, type Reader, readHistory, SHORTEST_ID } from '../io/history/history.ts';
import type { CommandHistory } from '../io/history/rows.ts';
import { EXIT, VerbFailure } from './verb.ts';

/** The command of an id, or of its beginning; without one the last. Throws where there is none, or more than one. */
export function theCommand(source: HistorySource, given?: string): CommandHistory {
  const { ids, found } = readHistory(source, (reader) => lookUp(reader, given));
  if (ids.length > 1)
    throw new VerbFailure(`several commands begin with ${given}`, 'give more of the id', EXIT.unknown);
  if (!found && given !== undefined && given.length < SHORTEST_ID)
    throw new VerbFailure(
      `${JSON.stringify(given)} is too short for the beginning of an id`,
      `give ${SHORTEST_ID} characters or more`,
      EXIT.unknown,
    );
  if (!found)
    throw new VerbFailure(
      `${source.path} knows no command ${given ?? 'yet'}`,
      'dbcalm-cmd list shows those that it knows',
      EXIT.unknown,
    );
  return found;
}

function lookUp(reader: Reader, given: string | undefined) {
  const last = given === undefined ? reader.last() : undefined;
  const ids = given === undefined ? [last].filter((id) => id !== undefined) : reader.matching(given);
  const [id] = ids;
  return { ids, found: id === undefined ? undefined : reader.of(id) };
}
