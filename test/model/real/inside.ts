/** The states of a daemon's actors, from its admin socket. */
import { setTimeout as wait } from 'node:timers/promises';
import { lookJson } from '../../support/admin.ts';
import type { TestDaemon } from '../../support/daemon.ts';

export interface Inside {
  readonly daemon: string;
  readonly connections: readonly string[];
  readonly processes: readonly string[];
}

interface View {
  readonly id: string;
  readonly state: string;
  readonly children: readonly View[];
}

/** Returns undefined if no daemon answers. */
export async function lookInside(daemon: TestDaemon): Promise<Inside | undefined> {
  try {
    const { body } = await lookJson<{ readonly daemon: View }>(daemon, '/state');
    const below = (id: string) =>
      body.daemon.children.find((child) => child.id === id)?.children.map(({ state }) => state) ?? [];
    return {
      daemon: body.daemon.state,
      connections: below('connections'),
      processes: below('processes'),
    };
  } catch {
    return undefined;
  }
}

/** Milliseconds; generous, for a busy machine. */
const PATIENCE = 30_000;

/** Polls until the state is as wanted. After `patience` throws the error that `complain` makes of the last state. */
export async function comesTo(
  daemon: TestDaemon,
  isSo: (inside: Inside | undefined) => boolean,
  complain: (inside: Inside | undefined) => Error,
  patience = PATIENCE,
): Promise<void> {
  const deadline = Date.now() + patience;
  for (;;) {
    const inside = await lookInside(daemon);
    if (isSo(inside)) return;
    if (Date.now() > deadline) throw complain(inside);
    await wait(5);
  }
}
