import { realpathSync } from 'node:fs';

/** The name of the machine's time zone, which cron lives in, whatever TZ the daemon was started with. It is read anew each
 * time, since it may be changed meanwhile. Source: localtime(5). */
export function systemTimeZone(link = '/etc/localtime'): string {
  const ours = Intl.DateTimeFormat().resolvedOptions().timeZone;
  try {
    const [, name] = /\/zoneinfo\/(?:posix\/|right\/)?(.+)$/.exec(realpathSync(link)) ?? [];
    return new Intl.DateTimeFormat('en', { timeZone: name ?? ours }).resolvedOptions().timeZone;
  } catch {
    // Without the file it is UTC; a name that Node does not know is a zone of somebody's own.
    return 'UTC';
  }
}
