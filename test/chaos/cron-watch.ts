import { readFileSync, statSync } from 'node:fs';
import type { Row } from '../support/daemon.ts';
import { scheduleCount, updateIn } from '../support/schedules.ts';
import type { Ledger } from './ledger.ts';

/** Compares the cron file with the rows of its updates. */
export class CronWatch {
  readonly #file: string;
  readonly #ledger: Ledger;
  /** By update: its row. */
  readonly #rows = new Map<number, number>();
  #lastSuccess = 0;
  /** The update whose file is in place. */
  #update: number | undefined;

  constructor(file: string, ledger: Ledger) {
    this.#file = file;
    this.#ledger = ledger;
  }

  /** Reads the file. Returns what is wrong with the file itself. */
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

  /** Finds the update of a row. Of an update that was not acknowledged, only the count is recorded. */
  note({ id, command_id, type, status, args }: Row): void {
    if (type !== 'update_cron_schedules') return;
    if (status === 'success') this.#lastSuccess = Math.max(this.#lastSuccess, id);
    const { schedule_count: count } = JSON.parse(args) as { schedule_count: number };
    const update =
      this.#ledger.updates.get(command_id) ??
      [...this.#ledger.unanswered].find((each) => scheduleCount(each) === count);
    if (update !== undefined && !this.#rows.has(update)) this.#rows.set(update, id);
  }

  /** Returns whether the file of an update, or of a later one, is in place. */
  holds(rowId: number): boolean {
    return this.#rowInPlace() >= rowId;
  }

  /** Returns what is wrong once everything has ended: the file must be that of the last success. */
  disorder(): string | undefined {
    const inPlace = this.#rowInPlace();
    if (inPlace === this.#lastSuccess) return undefined;
    return `the last success is row ${this.#lastSuccess}, the cron file is that of row ${inPlace}`;
  }

  #rowInPlace(): number {
    return this.#update === undefined ? 0 : (this.#rows.get(this.#update) ?? 0);
  }
}
