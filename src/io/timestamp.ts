/** UTC text `YYYY-MM-DD HH:MM:SS.ffffff`: the one form that every reader of the shared table takes. */
export function timestamp(at: Date = new Date()): string {
  return `${at.toISOString().slice(0, 23).replace('T', ' ')}000`;
}
