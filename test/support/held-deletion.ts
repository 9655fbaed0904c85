import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestDaemon } from './daemon.ts';
import { until } from './until.ts';

export interface HeldDeletion {
  readonly commandId: string;
  readonly path: string;
  readonly pid: number;
  release(): void;
}

/** A deletion whose `rm` is stopped in the middle of its work, for as long as the test wants. */
export async function holdDeletion(daemon: TestDaemon, name: string, files = 20_000): Promise<HeldDeletion> {
  const path = join(daemon.at.backups, name);
  mkdirSync(path, { recursive: true });
  for (let i = 0; i < files; i++) writeFileSync(join(path, String(i)), '');
  const { id: commandId } = await daemon.deletion(path);
  const row = () => daemon.rows().find(({ command_id }) => command_id === commandId);
  const pid = await until('the pid of rm', () => row()?.pid || (row()?.status !== 'running' && -1));
  if (pid > 0 && (await stopped(pid))) {
    return { commandId: commandId as string, path, pid, release: () => process.kill(pid, 'SIGCONT') };
  }
  if (files > 1_000_000) throw new Error('rm is always quicker than the test');
  return holdDeletion(daemon, name, files * 3);
}

async function stopped(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 'SIGSTOP');
    const state = () => /\) ([A-Zt]) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
    return (await until('rm to stop', () => /[TtZX]/.test(state() ?? '') && state())) === 'T';
  } catch {
    // It had ended before.
    return false;
  }
}
