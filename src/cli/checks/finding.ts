/** What a check found, and what to do about it. */
import { messageOf } from '../../errors.ts';

/** `unchecked`: whether it is well could not be seen. */
export type Level = 'ok' | 'warning' | 'problem' | 'unchecked';

export interface Finding {
  readonly level: Level;
  /** The thing that was checked. */
  readonly subject: string;
  readonly path: string | null;
  readonly found: string;
  readonly remedy: string | null;
}

/** Of one subject at one path. */
export class Notes {
  readonly #subject: string;
  readonly #path: string | null;

  constructor(subject: string, path: string | null) {
    this.#subject = subject;
    this.#path = path;
  }

  ok(found: string): Finding {
    return this.#note('ok', found, null);
  }

  warning(found: string, remedy: string): Finding {
    return this.#note('warning', found, remedy);
  }

  problem(found: string, remedy: string): Finding {
    return this.#note('problem', found, remedy);
  }

  unchecked(found: string, remedy: string): Finding {
    return this.#note('unchecked', found, remedy);
  }

  /** Returns the finding for an error of the file system. The user that runs the check may see less than the daemon. */
  failed(error: unknown, remedy: string): Finding {
    const { code } = error as NodeJS.ErrnoException;
    const denied = (code === 'EACCES' || code === 'EPERM') && process.geteuid?.() !== 0;
    return denied
      ? this.unchecked(messageOf(error), 'run it as the user that the daemon runs as')
      : this.problem(messageOf(error), remedy);
  }

  #note(level: Level, found: string, remedy: string | null): Finding {
    return { level, subject: this.#subject, path: this.#path, found, remedy };
  }
}
