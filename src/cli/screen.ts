/** The whole terminal, for output that is refreshed. Its previous content is restored at the end. */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const TO_END_OF_LINE = '\u001b[K';
const TO_END = '\u001b[J';

export class Screen {
  constructor() {
    process.stdout.write(ENTER);
    // Also after an exception: otherwise the terminal would have no cursor.
    process.once('exit', () => process.stdout.write(LEAVE));
  }

  /** `text` without controls but for colours. Longer lines are cut by the terminal, more lines here. */
  show(text: string): void {
    process.stdout.write(frame(text, process.stdout.rows));
  }
}

/** Without a blank moment in between, which would flicker. A terminal that does not know its height says 0. */
export function frame(text: string, rows = 0): string {
  const lines = text.split('\n');
  const left = rows > 0 ? lines.length - rows : 0;
  const shown = left > 0 ? [...lines.slice(0, rows - 1), `… ${left + 1} more lines`] : lines;
  return HOME + shown.map((line) => line + TO_END_OF_LINE).join('\r\n') + TO_END;
}
