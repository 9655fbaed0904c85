/** CHANGELOG.md as Debian has it. */
import { textOf } from './project.ts';

/** `maintainer`: name and address. `date`: that of the newest version; older ones have theirs in the title. */
export function debianChangelog(maintainer: string, date: Date): string {
  const versions = textOf('CHANGELOG.md').split(/^## /m).slice(1);
  return versions
    .map((section) => {
      const [, version = '', day] = /^(\S+)(?: \((\d{4}-\d\d-\d\d)\))?\n/.exec(section) ?? [];
      const changes = section.split('\n').filter((line) => /^(- | {2}\S)/.test(line));
      const items = changes.map((line) => `  ${line.replace(/^- /, '* ')}`);
      const at = (day === undefined ? date : new Date(day)).toUTCString().replace('GMT', '+0000');
      return [
        `dbcalm-cmd (${version}) stable; urgency=medium\n`,
        `${items.join('\n')}\n`,
        ` -- ${maintainer}  ${at}\n`,
      ].join('\n');
    })
    .join('\n');
}
