import { existsSync } from 'node:fs';
import { styleText } from 'node:util';
import type { Command } from 'commander';
import { DaemonError } from '../errors.ts';
import { CONFIG_FILES, type LoadedConfig } from '../io/config/load.ts';
import { cronLogDirectory } from '../io/fs/names.ts';
import { cronFindings, cronLogFinding } from './checks/cron.ts';
import { journalFindings, sharedFindings } from './checks/database.ts';
import { type Finding, type Level, Notes } from './checks/finding.ts';
import { logFinding, rootFinding } from './checks/places.ts';
import { siblingFindings } from './checks/siblings.ts';
import { socketDirectoryFindings, socketFinding } from './checks/socket.ts';
import { unitFindings } from './checks/unit.ts';
import { type ConfigOptions, readConfigFiles, withConfig } from './config-option.ts';
import { printable, printableJson } from './printable.ts';
import { EXIT, perform, withExamples, withJson } from './verb.ts';

interface CheckOptions extends ConfigOptions {
  readonly json?: boolean;
}

/** `check`: looks at all that the daemon needs, and changes nothing. */
export function addCheck(root: Command): void {
  const verb = root
    .command('check')
    .description('check config, database, sockets, cron file, logs, roots and unit; exits 1 on a problem');
  withExamples(
    withConfig(withJson(verb)),
    'check',
    `check --json | jq '.findings[] | select(.level != "ok")'`,
  ).action((options: CheckOptions) => perform(() => check(options)));
}

async function check(options: CheckOptions): Promise<number> {
  const findings = await findingsOf(options);
  const exit = exitOf(findings);
  console.log(
    options.json ? printableJson({ ok: exit === EXIT.ok, findings }, 2) : findings.map(line).join('\n'),
  );
  return exit;
}

async function findingsOf(options: ConfigOptions): Promise<Finding[]> {
  const notes = new Notes('config', fileOf(options) ?? null);
  let loaded: LoadedConfig;
  try {
    loaded = readConfigFiles(options);
  } catch (error) {
    if (!(error instanceof DaemonError)) throw error;
    return [notes.problem(error.message, error.remedy)];
  }
  const { config, warnings } = loaded;
  return [
    notes.ok(fileOf(options) === undefined ? 'no file; the defaults hold' : 'valid'),
    ...warnings.map(({ message, remedy }) => notes.warning(message, remedy)),
    ...(config.shadow
      ? [notes.warning('shadow mode: nothing is carried out', 'set shadow to false after the trial')]
      : []),
    ...journalFindings(config.state_path),
    ...sharedFindings(config.database_path),
    await socketFinding('socket', config.socket_path, 'socket_path'),
    await socketFinding('admin socket', config.admin_socket_path, 'admin_socket_path'),
    ...socketDirectoryFindings([config.socket_path, config.admin_socket_path]),
    ...cronFindings(config.cron_file),
    await cronLogFinding(cronLogDirectory(config), config.cron_file),
    logFinding('log', config.cmd_log_file, 'cmd_log_file'),
    logFinding('audit log', config.audit_log_file, 'audit_log_file'),
    ...(config.record === null ? [] : [logFinding('record', config.record, 'record')]),
    ...config.deletion_roots.map((root) => rootFinding(root, config.unsafe_deletion_roots)),
    ...unitFindings(config),
    ...siblingFindings(config),
  ];
}

function fileOf({ config, development }: ConfigOptions): string | undefined {
  if (config !== undefined) return config;
  return development ? 'config/development.yml' : CONFIG_FILES.find((file) => existsSync(file));
}

export function exitOf(findings: readonly Finding[]): number {
  const has = (level: Level) => findings.some((finding) => finding.level === level);
  if (has('problem')) return EXIT.failed;
  return has('unchecked') ? EXIT.impossible : EXIT.ok;
}

const COLOURS = { ok: 'green', warning: 'yellow', problem: 'red', unchecked: 'magenta' } as const;

function line({ level, subject, path, found, remedy }: Finding): string {
  const advice = remedy === null ? '' : `. What to do: ${remedy}`;
  const what = `${path === null ? '' : `${path}: `}${found}${advice}`;
  return `${styleText(COLOURS[level], level.padEnd(9))}  ${subject.padEnd(15)}  ${printable(what)}`;
}
