/** The contract as a model: the replies that clients may get, the rows of the table and the state of the disk. It
 * knows the contract, and nothing of the daemon under test. */

/** Directories and updates are identified by their numbers. */
export type Command =
  | { readonly kind: 'delete'; readonly folder: number }
  | { readonly kind: 'cleanup'; readonly folders: readonly number[] | null }
  | { readonly kind: 'update'; readonly update: number; readonly schedules: number };

export type Request = Command | { readonly kind: 'bad'; readonly code: 400 | 403; readonly bytes: string };

export interface Reply {
  readonly code: number;
  readonly id?: string | undefined;
}

export interface Row {
  readonly id: number;
  readonly command_id: string;
  readonly type: string;
  readonly command: string;
  readonly args: string;
  readonly status: string;
  readonly return_code: number | null;
  readonly error: string | null;
  readonly end_time: string | null;
}

/** The paths that the commands concern. */
export interface Places {
  readonly backups: string;
  readonly cronFile: string;
}

export interface CronFile {
  /** The update whose complete file this is, or undefined for any other file. */
  readonly update: number | undefined;
  readonly mode: number;
}

/** The observable state once every command has ended. */
export interface World {
  readonly rows: readonly Row[];
  /** The numbers of the existing directories. */
  readonly folders: ReadonlySet<number>;
  readonly cronFile: CronFile | undefined;
  readonly litter: readonly string[];
}

interface Sent {
  readonly command: Command;
  /** A daemon was killed after this command was sent, which is the only excuse for a failure. */
  killed: boolean;
}

interface Waiting {
  readonly request: Request;
  /** The request has been sent completely. */
  readonly whole: boolean;
}

const UPDATE = 'update_cron_schedules';

/** The name of a directory, and of the backup in it. */
export const nameOf = (folder: number): string => `f${folder}`;

const inWords = (type: string, command: string, args: unknown) =>
  `${type}: ${command} ${JSON.stringify(args)}`;

/** The content of a row. Of the command of an update, the contract specifies only the file that it replaces. */
const wordsOfRow = ({ type, command, args }: Row): string =>
  inWords(type, type === UPDATE ? (command.split(' ').at(-1) as string) : command, JSON.parse(args));

export class ContractModel {
  up = true;
  folders = 0;
  updates = 0;
  readonly clients = new Map<number, Waiting>();
  readonly #places: Places;
  /** By the id of the 202. */
  readonly #accepted = new Map<string, Sent>();
  /** Commands that were sent without a known outcome. */
  readonly #doubtful: Sent[] = [];
  /** By id: the row when it was first seen with its end. */
  readonly #ended = new Map<string, string>();

  constructor(places: Places) {
    this.#places = places;
  }

  /** Takes a reply to a complete request. `draining`: the daemon may be about to stop. */
  hear(request: Request, reply: Reply | undefined, draining = false): void {
    if (reply === undefined && draining) return this.doubt(request);
    if (reply === undefined) throw new Error('expected a reply, got silence');
    if (reply.code === 503 && draining) return;
    const expected = request.kind === 'bad' ? request.code : 202;
    if (reply.code !== expected) throw new Error(`expected a ${expected}, got a ${reply.code}`);
    if (request.kind === 'bad') return;
    if (!reply.id) throw new Error('expected the id of the command with its 202, got none');
    if (this.#accepted.has(reply.id)) throw new Error(`expected an id of its own, got ${reply.id} again`);
    this.#accepted.set(reply.id, { command: request, killed: false });
  }

  /** The client left, or the daemon was killed. The command may or may not have been accepted. */
  doubt(request: Request): void {
    if (request.kind !== 'bad') this.#doubtful.push({ command: request, killed: false });
  }

  kill(): void {
    this.up = false;
    for (const sent of [...this.#accepted.values(), ...this.#doubtful]) sent.killed = true;
  }

  /** Checks what holds at any time: accepted commands are recorded, no others are, and an ended command does not
   * change. */
  check(rows: readonly Row[]): void {
    const known = new Map(rows.map((row) => [row.command_id, row]));
    for (const [id, { command }] of this.#accepted) {
      const row = known.get(id);
      if (!row) throw new Error(`expected a row for the 202 with ${id}, got none`);
      const [asked, told] = [this.#wordsOf(command), wordsOfRow(row)];
      if (told !== asked) throw new Error(`expected the row "${asked}", got "${told}"`);
    }
    this.#checkUnasked(rows);
    for (const [id, end] of this.#ended) {
      const now = JSON.stringify(known.get(id));
      if (now !== end) throw new Error(`expected what ended to stay ${end}, got ${now ?? 'no row'}`);
    }
    for (const row of rows.filter(({ status }) => status !== 'running')) {
      this.#checkEnd(row);
      this.#ended.set(row.command_id, JSON.stringify(row));
    }
  }

  /** Checks what holds at any time: the cron file is the complete file of an update, or missing. */
  checkCronFile(file: CronFile | undefined): void {
    if (file === undefined) return;
    if (file.update === undefined) throw new Error('expected the whole cron file of an update, got another');
    if (file.mode !== 0o644)
      throw new Error(`expected the cron file with mode 644, got ${file.mode.toString(8)}`);
  }

  /** Checks the state once all commands have ended. */
  checkSettled(world: World): void {
    this.check(world.rows);
    const open = world.rows.find(({ status }) => status === 'running');
    if (open) throw new Error(`expected an end of "${wordsOfRow(open)}", got running`);
    for (let folder = 0; folder < this.folders; folder++) this.#checkFolder(folder, world);
    this.checkCronFile(world.cronFile);
    this.#checkUpdate(world);
    if (world.litter.length > 0)
      throw new Error(`expected nothing beside the cron file, got ${world.litter}`);
  }

  #pathOf = (folder: number) => `${this.#places.backups}/${nameOf(folder)}`;

  /** Returns the content that the row of a command must have. */
  #wordsOf(command: Command): string {
    if (command.kind === 'update')
      return inWords(UPDATE, this.#places.cronFile, { schedule_count: command.schedules });
    if (command.kind === 'delete') {
      const path = this.#pathOf(command.folder);
      return inWords('delete_directory', `/bin/rm -rf ${path}`, { path });
    }
    const folders = command.folders ?? [];
    const argv = ['/bin/rm', '-rf', ...folders.map(this.#pathOf)];
    return inWords('cleanup_backups', argv.join(' '), { backup_ids: folders.map(nameOf) });
  }

  /** Returns all commands that may be recorded without a 202. */
  #unpromised(): Sent[] {
    const underWay = [...this.clients.values()].flatMap(({ request, whole }) =>
      whole && request.kind !== 'bad' ? [{ command: request, killed: false }] : [],
    );
    return [...this.#doubtful, ...underWay];
  }

  /** Returns the commands that a row may belong to. A command without a 202 is known only by its content. */
  #behind(row: Row): readonly Sent[] {
    const promised = this.#accepted.get(row.command_id);
    if (promised) return [promised];
    return this.#unpromised().filter(({ command }) => this.#wordsOf(command) === wordsOfRow(row));
  }

  #checkUnasked(rows: readonly Row[]): void {
    const asked = this.#unpromised().map(({ command }) => this.#wordsOf(command));
    for (const row of rows.filter(({ command_id: id }) => !this.#accepted.has(id))) {
      const told = wordsOfRow(row);
      if (!asked.includes(told)) throw new Error(`expected no row that nobody asked for, got "${told}"`);
      asked.splice(asked.indexOf(told), 1);
    }
  }

  /** A failure must have a reason that the contract allows: here only that its daemon was killed. */
  #checkEnd(row: Row): void {
    const { status, error, return_code: code } = row;
    if (status !== 'success' && status !== 'failed')
      throw new Error(`expected running, success or failed, got ${status}`);
    if (row.end_time === null) throw new Error('expected the time of its end, got none');
    if (status === 'success' && code !== 0) throw new Error(`expected the code 0 of a success, got ${code}`);
    if (status === 'success') return;
    if (!this.#behind(row).some(({ killed }) => killed))
      throw new Error(`expected success, got failed: ${error}`);
    if (code !== -1 || !/interrupted/.test(error ?? ''))
      throw new Error(`expected to be told of the restart, got ${error} with code ${code}`);
  }

  /** `check` has verified the rows, so a directory that a row names was requested to be removed. */
  #checkFolder(folder: number, { rows, folders }: World): void {
    const naming = rows.filter(({ command }) => command.split(' ').includes(this.#pathOf(folder)));
    const there = folders.has(folder);
    if (there && naming.some(({ status }) => status === 'success'))
      throw new Error(`expected folder ${folder} to be gone, got it still there`);
    if (!there && naming.length === 0)
      throw new Error(`expected folder ${folder}, which nobody named, to be there, got it gone`);
  }

  /** The last successful update, in order of acceptance, is in place. */
  #checkUpdate({ rows, cronFile }: World): void {
    const done = rows.filter(({ type, status }) => type === UPDATE && status === 'success');
    const last = done.toSorted((one, other) => one.id - other.id).at(-1);
    if (!last && cronFile) throw new Error(`expected no cron file, got that of update ${cronFile.update}`);
    if (!last) return;
    const wanted = this.#behind(last).flatMap(({ command }) =>
      command.kind === 'update' ? [command.update] : [],
    );
    if (!wanted.some((update) => update === cronFile?.update))
      throw new Error(`expected the cron file of update ${wanted}, got ${cronFile?.update ?? 'none'}`);
  }
}
