import { existsSync, lstatSync, readFileSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { crontabObjection } from '../../commands/cron/crontab-reader.ts';
import { ERRORS } from '../../errors.ts';
import { cronLogsObjection } from '../../io/fs/cron-logs.ts';
import { closedObjection } from '../../io/fs/trusted-path.ts';
import { type Finding, Notes } from './finding.ts';
import { folderFinding } from './places.ts';

const AGAIN = 'send update_cron_schedules with all schedules: it replaces the file';

export function cronFindings(path: string): Finding[] {
  const folder = folderFinding('cron folder', dirname(path), false);
  if (folder.level !== 'ok') return [folder];
  const objection = closedObjection(dirname(path));
  if (objection === undefined) return [folder, ...fileFindings(path)];
  const notes = new Notes('cron folder', dirname(path));
  return [notes.problem(objection, ERRORS.CRON_DIRECTORY_UNSAFE.remedy)];
}

/** The log files that the present lines of the cron file append to, and their directory. */
export async function cronLogFinding(directory: string, cronFile: string): Promise<Finding> {
  const notes = new Notes('cron logs', directory);
  const objection = await cronLogsObjection({ directory, names: logsNamedIn(cronFile) });
  if (objection === undefined) {
    return notes.ok(
      existsSync(directory) ? 'only root can replace them' : 'not there; the daemon makes them',
    );
  }
  const cause = firstCauseOf(objection);
  return 'errno' in cause
    ? notes.failed(cause, objection.remedy)
    : notes.problem(objection.message, objection.remedy);
}

function logsNamedIn(cronFile: string): string[] {
  try {
    const found = readFileSync(cronFile, 'utf8').matchAll(/ >> \/var\/log\/[^/ ]+\/([^/ ]+) 2>&1$/gm);
    return [...found].map(([, name]) => name as string);
  } catch {
    return [];
  }
}

function firstCauseOf(error: Error): Error {
  return error.cause instanceof Error ? firstCauseOf(error.cause) : error;
}

function fileFindings(path: string): Finding[] {
  const notes = new Notes('cron file', path);
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (!found) return [notes.ok('not there; the first update_cron_schedules makes it')];
    if (!found.isFile()) return [notes.problem('it is no plain file', `move it away, then ${AGAIN}`)];
    const objection = crontabObjection(readFileSync(path, 'utf8'));
    const wrong = [
      ...statusFindings(notes, found, process.geteuid?.() ?? 0),
      ...(objection === undefined ? [] : [notes.problem(objection, AGAIN)]),
    ];
    return wrong.length > 0 ? wrong : [notes.ok('mode 0644, owned by root, every line is one of ours')];
  } catch (error) {
    return [notes.failed(error, AGAIN)];
  }
}

/** cron ignores a file that others could have written. Source: cron(8) of Debian. */
export function statusFindings(
  notes: Notes,
  { mode, uid, nlink }: Pick<Stats, 'mode' | 'uid' | 'nlink'>,
  checker: number,
): Finding[] {
  const bits = mode & 0o7777;
  const shown = `mode 0${bits.toString(8).padStart(3, '0')}, not 0644`;
  const findings: Finding[] = [];
  if (bits & 0o022) findings.push(notes.problem(`${shown}: cron ignores it`, 'chmod 0644 it'));
  else if (bits !== 0o644) findings.push(notes.warning(shown, 'chmod 0644 it'));
  const owned = `owned by uid ${uid}, not root: cron ignores it`;
  // An unprivileged daemon, as in development, can have no other.
  if (uid !== 0 && uid === checker)
    findings.push(notes.warning(owned, 'nothing if it is for development; else chown root it'));
  else if (uid !== 0) findings.push(notes.problem(owned, 'chown root it'));
  if (nlink !== 1) findings.push(notes.problem(`it has ${nlink} hard links: cron ignores it`, AGAIN));
  return findings;
}
