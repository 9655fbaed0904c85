/** All deeds of the random attacker, one function each. A deed throws if the system refuses it, which is the usual
 * case. */
import { linkSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { JOURNALS, LOCKS, ROWS, SCHEMA } from './attacker-databases.ts';
import { BYTES, FILES } from './attacker-files.ts';
import { type Attacker, clear, type Deeds, FLIPS, MAX_HOLD_MS, noise } from './attacker-ground.ts';

const BACKUPS: Deeds = {
  ownDirectory({ ground, random }) {
    const path = join(ground.backups, 'mine', String(random.below(5)), 'inner');
    mkdirSync(path, { recursive: true, mode: 0o777 });
    writeFileSync(join(path, 'file'), '');
  },
  linkOut({ ground, random }) {
    const path = join(ground.backups, 'mine', 'link');
    mkdirSync(dirname(path), { recursive: true });
    rmSync(path, { recursive: true, force: true });
    symlinkSync(dirname(random.pick(ground.canaries)), path);
  },
  swapDirectory({ ground, random }) {
    const mine = join(ground.backups, 'mine');
    const link = join(ground.backups, 'mine-link');
    const aside = join(ground.backups, 'mine-aside');
    rmSync(link, { force: true });
    symlinkSync(dirname(random.pick(ground.canaries)), link);
    rmSync(aside, { recursive: true, force: true });
    for (let flips = 0; flips < FLIPS; flips++) {
      renameSync(mine, aside);
      renameSync(link, mine);
      renameSync(mine, link);
      renameSync(aside, mine);
    }
  },
  deleteThroughLink(attacker) {
    const { ground, random } = attacker;
    const name = basename(random.pick(ground.canaries));
    const path = join(ground.backups, 'mine', random.pick(['link', '', 'link/..', '1/inner']), name);
    say(attacker, JSON.stringify({ cmd: 'delete_directory', args: { path } }));
  },
  deleteOwn(attacker) {
    const { ground, random } = attacker;
    const path = join(ground.backups, 'mine', String(random.below(5)));
    say(attacker, JSON.stringify({ cmd: 'delete_directory', args: { path } }));
  },
};

function say({ ground, random, holdFor }: Attacker, text: string | Buffer): void {
  const socket = connect({
    path: random.chance(0.95) ? ground.socket : ground.adminSocket,
    allowHalfOpen: true,
  });
  socket.on('error', () => {});
  socket.resume();
  socket.write(text);
  holdFor(random.below(MAX_HOLD_MS), () => socket.destroy());
}

const SOCKETS: Deeds = {
  babble(attacker) {
    say(attacker, noise(attacker.random));
  },
  halfRequest(attacker) {
    say(attacker, '{"cmd":"delete_directory","args":{"path":"');
  },
  /** Names only paths outside the roots: the attacker has the right to delete below a root. */
  deleteCanary(attacker) {
    const { ground, random } = attacker;
    const outside = ground.canaries.filter((path) => !path.startsWith(ground.backups));
    say(attacker, JSON.stringify({ cmd: 'delete_directory', args: { path: random.pick(outside) } }));
  },
  badSchedule(attacker) {
    const schedule = { id: '1; x', backup_type: 'full', frequency: 'hourly', enabled: true, minute: 1 };
    say(attacker, JSON.stringify({ cmd: 'update_cron_schedules', args: { schedules: [schedule] } }));
  },
  /** Listens in place of the daemon, and closes every connection. */
  squat({ ground, random, holdFor }) {
    const path = random.pick([ground.socket, ground.adminSocket, `${ground.socket}.new`]);
    clear(path, random);
    const server = createServer((socket) => socket.on('error', () => {}).destroy());
    server.on('error', () => {});
    server.listen(path);
    holdFor(random.below(MAX_HOLD_MS), () => server.close());
  },
};

const LOGS: Deeds = {
  /** Takes a name of the daemon's logs as soon as it is free. */
  takeLogName({ ground, random }) {
    const logs = [ground.log, join(dirname(ground.log), 'cmd-audit.log')];
    const end = performance.now() + random.below(MAX_HOLD_MS);
    const canary = random.pick(ground.canaries);
    const put = random.pick<(path: string) => void>([
      (path) => symlinkSync(canary, path),
      (path) => symlinkSync(`${ground.log}.1`, path),
      (path) => writeFileSync(path, '', { flag: 'wx', mode: random.pick([0, 0o640, 0o666]) }),
      (path) => mkdirSync(join(path, 'inner'), { recursive: true }),
      (path) => linkSync(random.pick([`${ground.log}.own`, `${ground.log}.1`]), path),
    ]);
    let had = 0;
    while (performance.now() < end) {
      for (const path of logs) {
        try {
          put(path);
          had++;
          if (random.chance(0.5)) rmSync(path, { recursive: true });
        } catch {
          // The name is not free.
        }
      }
    }
    if (had === 0) throw new Error('neither name was free');
  },
  ownLog({ ground }) {
    writeFileSync(`${ground.log}.own`, '');
  },
};

/** The deeds by family: each spell of an attack uses some of them. */
export const FAMILIES: Readonly<Record<string, Deeds>> = {
  files: FILES,
  bytes: BYTES,
  rows: ROWS,
  schema: SCHEMA,
  locks: LOCKS,
  journals: JOURNALS,
  backups: BACKUPS,
  sockets: SOCKETS,
  logs: LOGS,
};
