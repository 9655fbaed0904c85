/** Whether the service may write where the config says. */
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../../io/config/schema.ts';
import { cronLogDirectory } from '../../io/fs/names.ts';
import { ancestors, isBelow, normalise } from '../../io/fs/paths.ts';
import { readUnit, type Settings } from '../../io/systemd/unit-file.ts';
import { type Finding, Notes } from './finding.ts';

/** What ProtectSystem= makes read-only. */
const PROTECTED: Readonly<Record<string, readonly string[]>> = {
  strict: ['/'],
  full: ['/usr', '/boot', '/efi', '/etc'],
  yes: ['/usr', '/boot', '/efi'],
};
const HOMES = ['/home', '/root', '/run/user'];
const TEMPORARY = ['/tmp', '/var/tmp'];
const RUNTIME = { RuntimeDirectory: '/run', StateDirectory: '/var/lib', LogsDirectory: '/var/log' };

export function unitFindings(config: Config, folders?: readonly string[]): Finding[] {
  const unit = readUnit(folders);
  if (!unit) return [new Notes('unit', null).ok('none is installed; nothing to hold the paths against')];
  const notes = new Notes('unit', unit.path);
  if (unit.masked)
    return [
      notes.warning(
        'it is masked: systemd does not start it',
        'run systemctl unmask dbcalm-cmd if it should',
      ),
    ];
  const wrong = writtenFolders(config).flatMap((path) => objectionTo(notes, unit.settings, path));
  return wrong.length > 0 ? wrong : [notes.ok('it lets the daemon write to all configured paths')];
}

function writtenFolders(config: Config): string[] {
  const files = [
    config.socket_path,
    config.admin_socket_path,
    config.database_path,
    config.state_path,
    config.cron_file,
    config.cmd_log_file,
    config.audit_log_file,
    ...(config.record === null ? [] : [config.record]),
  ];
  return [
    ...new Set([...files.map((file) => dirname(file)), cronLogDirectory(config), ...config.deletion_roots]),
  ];
}

export function objectionTo(notes: Notes, settings: Settings, given: string): Finding[] {
  const path = realPlace(given);
  const is = (key: string) => settings.get(key)?.at(-1)?.toLowerCase() ?? 'no';
  const dropIn = 'in a drop-in of the unit (systemctl edit dbcalm-cmd)';
  if (!isOff(is('PrivateTmp')) && within(path, TEMPORARY))
    return [
      notes.warning(
        `with PrivateTmp the daemon has a ${path} of its own, and nothing else is deleted there`,
        `set PrivateTmp=no and ReadWritePaths=${path} ${dropIn}, or do without this path`,
      ),
    ];
  const open = within(path, writable(settings));
  const home = is('ProtectHome');
  if (!isOff(home) && !(home === 'read-only' && open) && within(path, HOMES))
    return [notes.problem(`ProtectHome keeps the daemon from ${path}`, `set ProtectHome=no ${dropIn}`)];
  const protectedOnes = PROTECTED[isOn(is('ProtectSystem')) ? 'yes' : is('ProtectSystem')] ?? [];
  if (!within(path, protectedOnes) || open) return [];
  return [
    notes.problem(
      `it keeps the daemon from writing to ${path}: no ReadWritePaths has it`,
      `add ReadWritePaths=${path} ${dropIn}`,
    ),
  ];
}

function writable(settings: Settings): string[] {
  const words = (key: string) =>
    (settings.get(key) ?? []).flatMap((value) => value.match(/"[^"]*"|\S+/g) ?? []);
  const plain = (word: string) => normalise(word.replaceAll('"', '').replace(/^[-+]+/, ''));
  const made = Object.entries(RUNTIME).flatMap(([key, root]) =>
    words(key).map((name) => join(root, plain(name))),
  );
  return [...words('ReadWritePaths').map(plain), ...made].map(realPlace);
}

const isOn = (value: string) => ['yes', 'true', 'on', '1'].includes(value);
const isOff = (value: string) => ['no', 'false', 'off', '0'].includes(value);
const within = (path: string, folders: readonly string[]) =>
  folders.some((folder) => path === folder || isBelow(path, folder));

/** `/var/run` is `/run`; what is not there yet is where it will be. */
function realPlace(path: string): string {
  for (const folder of [path, ...ancestors(path)]) {
    try {
      return join(realpathSync.native(folder), path.slice(folder === '/' ? 0 : folder.length));
    } catch {
      // The one above it.
    }
  }
  return path;
}
