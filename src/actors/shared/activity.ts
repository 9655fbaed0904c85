import type { AnyActorLogic, AnyActorRef } from 'xstate';

/** Facts about an actor that its snapshot does not have. */
export interface Note {
  /** Milliseconds since the epoch. */
  readonly since: number;
  lastEvent: string | undefined;
  lastEventAt: number;
}

const NOTES = new WeakMap<object, Note>();

/** Returns the same logic with a record of the actor's start and its last event. It costs two assignments per event, so
 * unlike inspection it can stay on. */
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
