/** Lonely daemons, each brought into a state. */
import assert from 'node:assert/strict';
import type { SignalEvent } from '../../src/actors/daemon/signals.ts';
import type { Store } from '../../src/io/store/store.ts';
import { lonelyDaemon } from './lonely-daemon.ts';

export const TERM: SignalEvent = { type: 'daemon.stop', signal: 'SIGTERM' };

export async function recovering() {
  const daemon = lonelyDaemon();
  daemon.checked.resolve();
  await daemon.settle();
  daemon.opened.resolve({} as Store);
  await daemon.settle();
  assert.ok(daemon.matches('serving:recovering'));
  return daemon;
}

export async function binding() {
  const daemon = await recovering();
  daemon.unsettled.resolve([]);
  await daemon.settle();
  daemon.says('processes', 'processes.recovered');
  assert.ok(daemon.matches('serving:open:binding'));
  return daemon;
}

/** After a signal, with an empty backlog. */
export async function draining() {
  const daemon = await listening();
  daemon.actor.send(TERM);
  assert.ok(daemon.matches('serving:open:closing'));
  daemon.listen({ type: 'listener.drained' });
  assert.ok(daemon.matches('serving:draining:answering'));
  return daemon;
}

export async function listening() {
  const daemon = await binding();
  assert.ok(daemon.matches('serving:open:binding'));
  daemon.listen({ type: 'listener.bound' });
  assert.ok(daemon.matches('serving:open:listening'));
  return daemon;
}
