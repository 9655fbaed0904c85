/** The outcome of a dry run as text. */
import type { AdmissionPreview, DryRun } from '../actors/admin/dry-runs.ts';
import type { PlanPreview } from '../actors/process/steps/preview.ts';
import type { CronPreview } from '../actors/process/steps/preview-replacement.ts';
import type { PathPreview, RemovalPreview, Size } from '../actors/process/steps/survey-removal.ts';
import { faint, sized, strong } from './looks.ts';
import { printable, printableBlock, printableJson } from './printable.ts';
import { cut } from './show-text.ts';

/** The reply first, as `call` prints it. */
export function dryRunText({ code, status, message, admission, plan }: DryRun): string {
  const reply = printableJson({ code, status, ...(message === undefined ? {} : { message }) });
  if (!admission || !plan) return reply;
  return [reply, ...planLines(plan), whenText(admission), 'Nothing was done.'].join('\n');
}

function planLines({ does, command, warnings, paths, total, cron }: PlanPreview): string[] {
  if (does === 'nothing') return ['There is nothing to do.'];
  return [
    `It would run: ${printable(cut(command))}`,
    ...(paths && total ? removalLines({ paths, total }) : []),
    ...(cron ? cronLines(cron) : []),
    ...warnings.map((warning) => `Note: ${printable(warning)}`),
  ];
}

function removalLines({ paths, total }: RemovalPreview): string[] {
  const lines = paths.map((found) => `  ${printable(found.path)}: ${stateText(found)}`);
  return paths.length > 1 ? [...lines, strong(`  all together: ${sizeText(total)}`)] : lines;
}

function stateText(found: PathPreview): string {
  switch (found.state) {
    case 'there':
      return sizeText(found) + (found.why === undefined ? '' : ` (${printable(found.why)})`);
    case 'missing':
      return 'is missing';
    case 'within':
      return `goes with ${printable(found.within)}`;
    case 'unseen':
      return `was not looked at (${printable(found.why)})`;
  }
}

function sizeText({ entries, apparent_bytes, freed_bytes, complete }: Omit<Size, 'why'>): string {
  const count = `${entries} ${entries === 1 ? 'entry' : 'entries'}`;
  return `${complete ? '' : 'at least '}${count}, ${sized(apparent_bytes)}, frees ${sized(freed_bytes)}`;
}

function cronLines({ file, unread, refused, diff, time_zone, lines }: CronPreview): string[] {
  const moment = (time: string) => time.slice(0, 16).replace('T', ' ');
  const times = lines.flatMap(({ line, next }) => [
    `  ${printable(line)}`,
    `    ${next.map((time) => printable(moment(time))).join(', ')}`,
  ]);
  return [
    ...(unread === undefined ? [] : [`${printable(file)} cannot be compared: ${printable(unread)}`]),
    ...(refused === undefined ? [] : [`It would fail: ${printable(refused)}`]),
    printableBlock(diff).trimEnd(),
    strong(`When cron would run each line next (${printable(time_zone)})`),
    ...times,
  ];
}

function whenText({ at_once, behind, running, max_running }: AdmissionPreview): string {
  if (at_once) return 'It would start at once.';
  if (behind.length === 0)
    return `It would wait for a free place: ${running} of ${max_running} commands run.`;
  return `It would wait for ${behind.map((id) => faint(printable(id))).join(', ')}, on the same paths.`;
}
