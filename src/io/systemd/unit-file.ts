/** A systemd unit as it is installed, with its drop-ins. Source: systemd.unit(5), systemd.exec(5). */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const UNIT = 'dbcalm-cmd.service';

/** The first that has the unit wins; drop-ins come from all. Source: systemd.unit(5), "Unit File Load Path". */
const FOLDERS = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
];

export interface UnitFile {
  readonly path: string;
  /** True for an empty file or a symlink to /dev/null: systemd does not start such a unit. */
  readonly masked: boolean;
  readonly settings: Settings;
}

/** All values of a key, since it was last set to nothing. */
export type Settings = ReadonlyMap<string, readonly string[]>;

export function readUnit(folders: readonly string[] = FOLDERS, unit = UNIT): UnitFile | undefined {
  const path = folders.map((folder) => join(folder, unit)).find((file) => existsSync(file));
  if (path === undefined) return undefined;
  const dropIns = new Map<string, string>();
  for (const folder of folders.toReversed()) {
    const place = join(folder, `${unit}.d`);
    for (const name of existsSync(place) ? readdirSync(place) : [])
      if (name.endsWith('.conf')) dropIns.set(name, join(place, name));
  }
  const files = [path, ...[...dropIns].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, file]) => file)];
  const texts = files.map((file) => readFileSync(file, 'utf8'));
  return { path, masked: texts[0] === '', settings: settingsOf(texts.join('\n')) };
}

export function settingsOf(text: string): Settings {
  const settings = new Map<string, string[]>();
  for (const line of text.replace(/\\\n/g, ' ').split('\n')) {
    const [, key = '', value = ''] = /^\s*([A-Za-z]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key === '') continue;
    if (value === '') settings.delete(key);
    else settings.set(key, [...(settings.get(key) ?? []), value]);
  }
  return settings;
}
