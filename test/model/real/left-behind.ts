/** A command that the previous daemon had accepted when it was killed. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout, TestDaemon } from '../../support/daemon.ts';
import type { Path } from '../driver/paths.ts';
import { daemonScenarioOf } from './daemon-scenario.ts';
import type { Daemons } from './daemons.ts';
import { comesTo } from './inside.ts';

export const NOTHING_LEFT = 'nothing was left';
export const CARRIED_OUT = 'what was left is done and on record';

/** Whether the path reads it, and nothing delays that. */
export function isLeft(path: Path): boolean {
  const scenario = daemonScenarioOf(path);
  const isHeld = scenario.held.includes('recovering') || scenario.config !== 'good';
  return path.events.includes('all that is left is read') && !isHeld;
}

export class LeftBehind {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async by(daemons: Daemons, at: Layout): Promise<LeftBehind> {
    const first = await daemons.launch(at, { fault: 'accept.committed kill' });
    const folder = join(at.backups, 'left');
    mkdirSync(join(folder, 'inner'), { recursive: true });
    await first.deletion(folder).catch(() => {});
    await first.exited;
    rmSync(at.log);
    return new LeftBehind(folder);
  }

  /** Waits until the next daemon has carried it out, and has nothing more to write. */
  async carriedOut(daemon: TestDaemon): Promise<void> {
    await comesTo(
      daemon,
      (inside) => inside?.daemon === 'serving.open.listening' && inside.processes.length === 0,
      (inside) => new Error(`expected what was left to be carried out, got ${inside?.daemon ?? 'no daemon'}`),
    );
  }

  look(daemon: TestDaemon): string {
    // The record is the journal; the shared row follows.
    const [row] = daemon.query(
      'SELECT status FROM process WHERE id IN (SELECT process_id FROM cmd_transition)',
    ) as { readonly status: string }[];
    const isDone = row?.status === 'success' && !existsSync(this.#folder);
    return isDone ? CARRIED_OUT : `what was left has a row that says ${row?.status}`;
  }
}
