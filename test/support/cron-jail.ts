import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './until.ts';

const CRON = '/usr/sbin/cron';
const BWRAP = '/usr/bin/bwrap';
const NETCAT = '/usr/bin/nc';

/** Returns why cron cannot run here, or false. */
export function noCron(): string | false {
  if (process.getuid?.() !== 0) return 'cron runs only as root';
  const missing = [CRON, BWRAP, NETCAT].find((file) => !existsSync(file));
  return missing === undefined ? false : `${missing} is missing`;
}

export interface CronJail {
  /** The messages of cron to syslog, in the form "Nov 24 22:53:01 CRON[11]: (root) CMD (…)". */
  readonly messages: () => string[];
  /** The arguments of all calls of /usr/bin/dbcalm so far. */
  readonly calls: () => string[];
  readonly stop: () => Promise<void>;
}

/** Starts Debian's cron with the subdirectories cron.d and log of the given directory as its /etc/cron.d and
 * /var/log. It does not see the schedules of the machine and cannot write elsewhere. Its jobs find only a shell and a
 * /usr/bin/dbcalm that records its calls. Resolves when its files are loaded. */
export async function startCron(folder: string): Promise<CronJail> {
  const calls = join(folder, 'calls');
  const syslog = join(folder, 'syslog');
  makePrograms(join(folder, 'bin'), calls);
  for (const file of [calls, join(folder, 'empty')]) writeFileSync(file, '');

  // Node has no Unix datagram sockets.
  const listener = spawn(NETCAT, ['-lkuU', syslog], { stdio: ['ignore', 'pipe', 'inherit'] });
  let heard = '';
  listener.stdout?.on('data', (piece: Buffer) => {
    heard += piece;
  });
  await until('the listener for syslog', () => existsSync(syslog));
  const cron = spawn(BWRAP, [...jail(folder, syslog), '--', CRON, '-f', '-L', LOG_ALL], { stdio: 'ignore' });
  const messages = () => heard.split(/<\d+>(?=[A-Z][a-z]{2} [ \d]\d )/).slice(1);
  const stop = async () => {
    await kill(cron);
    await kill(listener);
  };
  try {
    await until('the end of loading', () => messages().some((message) => message.includes('@reboot jobs')));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    messages,
    calls: () => readFileSync(calls, 'utf8').split('\n').slice(0, -1),
    stop,
  };
}

/** Logs the start, the end and the failure of each job. */
const LOG_ALL = '15';

function makePrograms(bin: string, calls: string): void {
  mkdirSync(bin);
  copyFileSync('/bin/sh', join(bin, 'sh'));
  writeFileSync(join(bin, 'dbcalm'), `#!/bin/sh\necho called\necho "$*" >> ${calls}\n`, { mode: 0o755 });
}

function jail(folder: string, syslog: string): string[] {
  return [
    ...['--unshare-pid', '--unshare-net', '--unshare-ipc', '--die-with-parent', '--new-session'],
    ...['--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev', '--symlink', syslog, '/dev/log'],
    ...['--tmpfs', '/run', '--tmpfs', '/tmp', '--tmpfs', '/var/spool/cron', '--bind', folder, folder],
    ...['--bind', join(folder, 'cron.d'), '/etc/cron.d', '--bind', join(folder, 'log'), '/var/log'],
    ...(existsSync('/etc/crontab') ? ['--ro-bind', join(folder, 'empty'), '/etc/crontab'] : []),
    ...['--ro-bind', join(folder, 'bin'), '/usr/bin'],
  ];
}

/** All processes in a jail end with it. */
async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await closed;
}
