/** The floors: the cost of the bare minimum in Node, measured in the same run. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ask } from '../test/support/client.ts';
import { launch, output } from './launch.ts';
import { now } from './load/clock.ts';
import type { Running } from './subjects.ts';

const FLOORS = join(import.meta.dirname, 'floors');

const IDLE = `setInterval(() => {}, 60_000);
process.stderr.write(JSON.stringify({ pid: process.pid, msg: 'listening' }))`;

export type FloorMode = 'reply' | 'spawn';

/** Starts a bare server of the same Node in the same kind of jail. */
export async function startFloor(mode: FloorMode, folder: string): Promise<Running> {
  mkdirSync(join(folder, 'backups'), { recursive: true });
  const socket = join(folder, 'floor.sock');
  const { pid, stop } = await launch(folder, [
    process.execPath,
    join(FLOORS, 'bare-server.ts'),
    socket,
    join(folder, 'backups'),
    mode,
  ]);
  const settled = async () => {
    await ask(socket, { cmd: 'settle' });
    return now();
  };
  const name = mode === 'spawn' ? 'spawn floor' : 'socket floor';
  return { name, pid, socket, backups: join(folder, 'backups'), settled, stop };
}

/** Returns how many files per second replace another, synced before and after. `mv`: a child renames each. */
export function cronFloor(folder: string, count: number, renamer: 'rename' | 'mv'): number {
  mkdirSync(folder, { recursive: true });
  return Number(
    output(folder, [process.execPath, join(FLOORS, 'replacements.ts'), folder, String(count), renamer]),
  );
}

/** Starts a bare Node, to measure its memory. */
export async function startIdle(folder: string): Promise<{ readonly pid: number; stop(): Promise<void> }> {
  mkdirSync(folder, { recursive: true });
  return launch(folder, [process.execPath, '-e', IDLE]);
}

/** Returns the durable commits of one row per second. */
export function commitFloor(folder: string, count: number): number {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'floor.sqlite3');
  return Number(output(folder, [process.execPath, join(FLOORS, 'commits.ts'), file, String(count)]));
}
