import { readFileSync, statSync } from 'node:fs';
import type { Row } from '../support/daemon.ts';
import { scheduleCount, updateIn } from '../support/schedules.ts';
import type { Ledger } from './ledger.ts';

/** The cron file, held against the rows of its updates. */
export class CronWatch {
  readonly #file: string;
  readonly #ledger: Ledger;
  /** By update: the row that it is on record in. */
  readonly #rows = new Map<number, number>();
  #lastSuccess = 0;
  /** The update whose file is in place. */
  #update: number | undefined;

  constructor(file: string, ledger: Ledger) {
    this.#file = file;
    this.#ledger = ledger;
  }

  /** Looks at the file; says what is wrong with it in itself. */
  read(): string | undefined {
    let text: string;
    try {
      text = readFileSync(this.#file, 'utf8');
    } catch {
      return this.#update === undefined ? undefined : 'the cron file is gone';
    }
    this.#update = updateIn(text);
    if (this.#update === undefined) return `no update has this cron file: ${text.slice(0, 200)}`;
    const mode = statSync(this.#file).mode & 0o7777;
    return mode === 0o644 ? undefined : `the cron file has mode ${mode.toString(8)}`;
  }

  /** Finds out which update a row is of. Of one that was not acknowledged only the count is on record. */
  note({ id, command_id, type, status, args }: Row): void {
    if (type !== 'update_cron_schedules') return;
    if (status === 'success') this.#lastSuccess = Math.max(this.#lastSuccess, id);
    const { schedule_count: count } = JSON.parse(args) as { schedule_count: number };
    const update =
      this.#ledger.updates.get(command_id) ??
      [...this.#ledger.unanswered].find((each) => scheduleCount(each) === count);
    if (update !== undefined && !this.#rows.has(update)) this.#rows.set(update, id);
  }

  /** Whether what the row of an update wanted is there: its file, or one that came after. */
  holds(rowId: number): boolean {
    return this.#rowInPlace() >= rowId;
  }

  /** What is wrong where everything has ended: the file must be that of the last success. */
  disorder(): string | undefined {
    const inPlace = this.#rowInPlace();
    if (inPlace === this.#lastSuccess) return undefined;
    return `the last success is row ${this.#lastSuccess}, the cron file is that of row ${inPlace}`;
  }

  #rowInPlace(): number {
    return this.#update === undefined ? 0 : (this.#rows.get(this.#update) ?? 0);
  }
}
