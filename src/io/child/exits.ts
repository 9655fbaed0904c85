/** Reports the exits of children that Node did not start itself. */
import koffi from 'koffi';

/** `signal`: the number of the one that ended it, 0 if none did. */
export interface Exit {
  readonly code: number;
  readonly signal: number;
}

/** How often (ms) all children are polled: one signal may stand for many exits, and a signal may be missed. The timer also
 * keeps the process from ending before its children. */
const FALLBACK = 1_000;
const WNOHANG = 1;
/** The wait status of a child that exited with 255. */
const UNKNOWN = 255 << 8;

type WaitPid = (pid: number, status: number[], options: number) => number;

let waitpid: WaitPid | undefined;
const awaited = new Map<number, (exit: Exit) => void>();
let fallback: NodeJS.Timeout | undefined;

/** Installs the handler of SIGCHLD, which may fail. Call it before a child is started. */
export function hearOfExits(): void {
  if (waitpid !== undefined) return;
  const found = koffi.load('libc.so.6').func('int waitpid(int pid, _Out_ int *status, int options)');
  process.on('SIGCHLD', lookAtAll);
  waitpid = found as WaitPid;
}

/** Calls `tell` once, when the child has ended; it is a zombie until then. To be called before the loop turns. */
export function onExit(pid: number, tell: (exit: Exit) => void): void {
  hearOfExits();
  awaited.set(pid, tell);
  fallback ??= setInterval(lookAtAll, FALLBACK);
  // The child may have ended before the handler was installed.
  setImmediate(look, pid);
}

function lookAtAll(): void {
  for (const pid of [...awaited.keys()]) look(pid);
}

function look(pid: number): void {
  const tell = awaited.get(pid);
  const status = [0];
  const found = tell && waitpid?.(pid, status, WNOHANG);
  if (!tell || found === 0) return;
  awaited.delete(pid);
  if (awaited.size === 0) {
    clearInterval(fallback);
    fallback = undefined;
  }
  // Other code has reaped the child: an unknown exit status is no success.
  const [word = 0] = found === pid ? status : [UNKNOWN];
  tell({ code: (word >> 8) & 0xff, signal: word & 0x7f });
}
