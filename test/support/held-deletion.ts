import { linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { childrenOf } from './children.ts';
import type { TestDaemon } from './daemon.ts';
import { until } from './until.ts';

export interface HeldDeletion {
  readonly commandId: string;
  readonly path: string;
  readonly pid: number;
  release(): void;
}

/** Starts a deletion whose `rm` is stopped in the middle of its work until the test releases it. */
export async function holdDeletion(daemon: TestDaemon, name: string, files = 3_000): Promise<HeldDeletion> {
  const path = join(daemon.at.backups, name);
  mkdirSync(path, { recursive: true });
  // Uses links: ext4 creates files slowly if many were removed in the last minute.
  const one = join(path, 'one');
  writeFileSync(one, '');
  for (let i = 0; i < files; i++) linkSync(one, join(path, String(i)));
  const known = new Set(childrenOf(daemon.pid));
  const { id } = await daemon.deletion(path);
  const commandId = id as string;
  const row = () => daemon.rows().find(({ command_id }) => command_id === commandId);
  // Polls without a pause, since `rm` is quick.
  for (let looks = 0; looks % 100 !== 0 || row()?.status === 'running'; looks++) {
    const pid = childrenOf(daemon.pid).find((child) => !known.has(child) && isRm(child));
    if (pid === undefined) continue;
    if (!(await stopped(pid))) break;
    await until('the pid of rm', () => row()?.pid === pid);
    return { commandId, path, pid, release: () => process.kill(pid, 'SIGCONT') };
  }
  // A file can have at most 65,000 names.
  if (files > 15_000) throw new Error('rm is always quicker than the test');
  return holdDeletion(daemon, name, files * 4);
}

/** Returns true once the child is `rm`: a daemon waits for its child to become the program that it starts. */
function isRm(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8') === 'rm\n';
  } catch {
    return false;
  }
}

async function stopped(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 'SIGSTOP');
    const state = () => /\) ([A-Zt]) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
    return (await until('rm to stop', () => /[TtZX]/.test(state() ?? '') && state())) === 'T';
  } catch {
    // The process has already ended.
    return false;
  }
}
