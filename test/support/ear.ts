import { createActor, fromCallback } from 'xstate';
import type { Listener } from '../../src/actors/messages.ts';

/** An actor that records the events it receives. */
export function ear<E extends { type: string }>() {
  const heard: E[] = [];
  const actor = createActor(fromCallback<E>(({ receive }) => receive((event) => heard.push(event)))).start();
  return { heard, actor: actor as unknown as Listener<E> };
}
