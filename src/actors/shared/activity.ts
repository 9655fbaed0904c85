import type { AnyActorLogic, AnyActorRef } from 'xstate';

/** What an operator asks of an actor and its snapshot does not tell. */
export interface Note {
  /** Milliseconds since the epoch. */
  readonly since: number;
  lastEvent: string | undefined;
  lastEventAt: number;
}

const NOTES = new WeakMap<object, Note>();

/** The same logic, of which is known since when it is there and what it heard last. Two assignments an event: unlike
 * inspection it can be left on. */
export function noted<L extends AnyActorLogic>(logic: L): L {
  const getInitialSnapshot: L['getInitialSnapshot'] = (scope, input) => {
    const now = Date.now();
    NOTES.set(scope.self, { since: now, lastEvent: undefined, lastEventAt: now });
    return logic.getInitialSnapshot(scope, input);
  };
  const transition: L['transition'] = (snapshot, event, scope) => {
    const note = NOTES.get(scope.self);
    if (note) {
      note.lastEvent = event.type;
      note.lastEventAt = Date.now();
    }
    return logic.transition(snapshot, event, scope);
  };
  return Object.assign(Object.create(logic), { getInitialSnapshot, transition }) as L;
}

export const noteOf = (actor: AnyActorRef): Note | undefined => NOTES.get(actor);
