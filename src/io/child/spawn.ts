/** posix_spawn(3) of the C library. Node's own spawn forks, that is, it copies the page tables of the whole daemon for
 * each child: several times the work, and the more the larger the daemon is. It returns when the kernel has loaded the
 * program, so it is called in libuv's pool: the loop goes on meanwhile. */
import { closeSync, constants } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';

export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
  /** Where it begins. */
  readonly folder: string;
  /** Where its output goes. */
  readonly stdout: number;
  readonly stderr: number;
  /** Become its file descriptors 3, 4, …. It has no others, and an empty standard input. */
  readonly fds: readonly number[];
}

export interface Pipe {
  readonly read: number;
  readonly write: number;
}

/** Room for types that the C library keeps to itself; each is smaller on 64 bits. */
const OPAQUE_BYTES = 512;
/** sigset_t: a bit a signal. */
const SIGNAL_SET_BYTES = 128;
/** Linux's numbers. Source: spawn.h, fcntl.h. */
const SETSIGDEF = 0x04;
const SETSIGMASK = 0x08;
const O_CLOEXEC = 0o2000000;
const F_DUPFD_CLOEXEC = 1030;
/** The first descriptor of a program that is not one of its standard streams. */
export const FIRST_FD = 3;

type Library = ReturnType<typeof load>;
let loaded: Library | undefined;

function load() {
  const c = koffi.load('libc.so.6');
  const attributes = Buffer.alloc(OPAQUE_BYTES);
  check('attributes', c.func('int posix_spawnattr_init(void *a)')(attributes));
  // Node ignores SIGPIPE: a child that inherited this would not end when its pipe has no reader.
  c.func('int posix_spawnattr_setflags(void *a, short flags)')(attributes, SETSIGDEF | SETSIGMASK);
  const all = Buffer.alloc(SIGNAL_SET_BYTES, 0xff);
  c.func('int posix_spawnattr_setsigdefault(void *a, const void *set)')(attributes, all);
  const none = Buffer.alloc(SIGNAL_SET_BYTES);
  c.func('int posix_spawnattr_setsigmask(void *a, const void *set)')(attributes, none);
  return {
    attributes,
    pipe: c.func('int pipe2(_Out_ int *fds, int flags)'),
    fcntl: c.func('int fcntl(int fd, int command, ...)'),
    spawn: c.func(
      'int posix_spawn(_Out_ int *pid, const char *file, void *actions, void *attributes, const char **argv, const char **envp)',
    ),
    initActions: c.func('int posix_spawn_file_actions_init(void *a)'),
    addOpen: c.func(
      'int posix_spawn_file_actions_addopen(void *a, int fd, const char *path, int flags, unsigned int mode)',
    ),
    addDup: c.func('int posix_spawn_file_actions_adddup2(void *a, int from, int to)'),
    addFolder: c.func('int posix_spawn_file_actions_addchdir_np(void *a, const char *path)'),
    destroyActions: c.func('int posix_spawn_file_actions_destroy(void *a)'),
  };
}

/** What the first program would wait for. */
export function loadPosixSpawn(): Library {
  loaded ??= load();
  return loaded;
}

/** For the output of a program; the caller closes both ends. No child inherits them. */
export function openPipe(): Pipe {
  const c = loadPosixSpawn();
  const fds = [0, 0];
  if (c.pipe(fds, O_CLOEXEC) !== 0) check('a pipe', koffi.errno());
  const [read, write] = fds as [number, number];
  return { read, write };
}

/** Starts a program and gives its pid; it runs when this resolves. Rejects with what keeps it from running. Closes nothing:
 * what it is handed must stay open until then. */
export async function posixSpawn(program: Program): Promise<number> {
  const { file, args, env, stdout, stderr, fds } = program;
  for (const word of [file, ...args]) {
    if (word.includes('\0')) throw new Error(`spawn ${file}: an argument holds null bytes`);
  }
  const c = loadPosixSpawn();
  const moved: number[] = [];
  const actions = Buffer.alloc(OPAQUE_BYTES);
  check(file, c.initActions(actions));
  try {
    const ends = [stdout, stderr, ...fds].map((fd) => outOfTheWay(c, fd, FIRST_FD + fds.length, moved));
    check(file, c.addOpen(actions, 0, '/dev/null', constants.O_RDONLY, 0));
    for (const [index, fd] of ends.entries()) check(file, c.addDup(actions, fd, index + 1));
    check(file, c.addFolder(actions, program.folder));
    const pid = [0];
    const words = [file, ...args, null];
    check(file, await inThePool(c.spawn, pid, file, actions, c.attributes, words, [...env, null]));
    return pid[0] as number;
  } finally {
    c.destroyActions(actions);
    for (const fd of moved) closeSync(fd);
  }
}

function inThePool(call: Library['spawn'], ...args: unknown[]): Promise<number> {
  return new Promise((resolve, reject) => {
    call.async(...args, (error: unknown, errno: number) => (error ? reject(error) : resolve(errno)));
  });
}

/** Descriptors are put in place one after the other: one whose number is another's place is moved before. */
function outOfTheWay(c: Library, fd: number, first: number, moved: number[]): number {
  if (fd >= first) return fd;
  const found = c.fcntl(fd, F_DUPFD_CLOEXEC, 'int', first) as number;
  if (found < 0) check('a descriptor', koffi.errno());
  moved.push(found);
  return found;
}

function check(file: string, errno: number): void {
  if (errno === 0) return;
  const code = getSystemErrorName(-errno);
  throw Object.assign(new Error(`spawn ${file} ${code}`), { code });
}
