/** UTC text `YYYY-MM-DD HH:MM:SS.ffffff`: the one form that every reader of the shared table takes. */
export function timestamp(at: Date = new Date()): string {
  return `${at.toISOString().slice(0, 23).replace('T', ' ')}000`;
}

/** Parses a time that a user gives: ISO 8601 to the day or closer, or the format of the table; UTC unless it says otherwise.
 * Undefined if it is no time. */
export function instantOf(text: string): Date | undefined {
  const parts = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text);
  if (!parts) return undefined;
  const [, day, time = '00:00', zone = 'Z'] = parts;
  const at = new Date(`${day}T${time}${zone}`);
  return Number.isNaN(at.getTime()) ? undefined : at;
}
