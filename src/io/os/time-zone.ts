import { realpathSync } from 'node:fs';

/** Returns the name of the machine's time zone, which cron uses, independent of the daemon's TZ. It is read on each call,
 * since it may change. Source: localtime(5). */
export function systemTimeZone(link = '/etc/localtime'): string {
  const ours = Intl.DateTimeFormat().resolvedOptions().timeZone;
  try {
    const [, name] = /\/zoneinfo\/(?:posix\/|right\/)?(.+)$/.exec(realpathSync(link)) ?? [];
    return new Intl.DateTimeFormat('en', { timeZone: name ?? ours }).resolvedOptions().timeZone;
  } catch {
    // Without the file it is UTC. A name that Node does not know is a custom zone.
    return 'UTC';
  }
}
