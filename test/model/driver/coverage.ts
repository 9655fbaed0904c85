/** Records the transitions that machines walk, from XState's inspection events. */
import type { AnyStateMachine, AnyTransitionDefinition, InspectionEvent } from 'xstate';
import { edgeName, edgesOf } from './edges.ts';

export class Coverage {
  readonly #walked = new Map<string, Set<string>>();

  /** The `inspect` option of an actor, or of the system in which it runs. */
  readonly inspect = (event: InspectionEvent): void => {
    for (const [machine, edge] of walkedIn(event)) this.add(machine, edge);
  };

  add(machine: string, edge: string): void {
    const walked = this.#walked.get(machine);
    if (walked) walked.add(edge);
    else this.#walked.set(machine, new Set([edge]));
  }

  has(machine: string, edge: string): boolean {
    return this.#walked.get(machine)?.has(edge) ?? false;
  }

  walked(machine: string): string[] {
    return [...(this.#walked.get(machine) ?? [])];
  }

  /** Returns the transitions of a machine that were not walked. */
  missing(machine: AnyStateMachine): string[] {
    return edgesOf(machine).filter((edge) => !this.has(machine.id, edge));
  }
}

/** Returns the machine and the name of each transition in an inspection event. */
export function walkedIn(event: InspectionEvent): (readonly [machine: string, edge: string])[] {
  if (event.type !== '@xstate.microstep') return [];
  const taken = event._transitions as AnyTransitionDefinition[];
  // The first step of an actor has no source.
  return taken
    .filter(({ eventType }) => typeof eventType === 'string')
    .map((transition) => [transition.source.machine.id, edgeName(transition)] as const);
}
