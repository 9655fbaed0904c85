/** The contract as a model: what clients may hear, what the table holds, and what the disk looks like. It knows the
 * contract and nothing of the daemon that is held against it. */

/** Folders go by their numbers. */
export type Request =
  | { readonly kind: 'delete'; readonly folder: number }
  | { readonly kind: 'cleanup'; readonly folders: readonly number[] | null }
  | { readonly kind: 'update'; readonly update: number }
  | { readonly kind: 'bad'; readonly code: 400 | 403; readonly bytes: string };

export interface Reply {
  readonly code: number;
  readonly id?: string | undefined;
}

export interface Row {
  readonly id: number;
  readonly command_id: string;
  readonly type: string;
  readonly command: string;
  readonly status: string;
  readonly return_code: number | null;
  readonly error: string | null;
  readonly end_time: string | null;
}

/** What is there to be seen when every command has its end. */
export interface World {
  readonly rows: readonly Row[];
  /** The numbers of the folders that are there. */
  readonly folders: ReadonlySet<number>;
  /** The update whose whole file is in place; undefined: no file. */
  readonly update: number | undefined;
  readonly litter: readonly string[];
}

interface Accepted {
  readonly request: Request;
  readonly id: string;
  /** A daemon was killed after it was accepted and before anybody saw its end. */
  killed: boolean;
}

interface Waiting {
  readonly request: Request;
  /** All of it is sent. */
  readonly whole: boolean;
}

const TYPES = {
  delete: 'delete_directory',
  cleanup: 'cleanup_backups',
  update: 'update_cron_schedules',
} as const;

export class ContractModel {
  up = true;
  folders = 0;
  updates = 0;
  readonly clients = new Map<number, Waiting>();
  readonly #accepted = new Map<string, Accepted>();
  /** Sent, and nobody heard what came of them. */
  readonly #doubtful: Request[] = [];
  readonly #ended = new Set<string>();

  /** A reply to a whole request. `draining`: the daemon may be about to stop. */
  hear(request: Request, reply: Reply | undefined, draining = false): void {
    if (reply === undefined) return this.#unheard(request, draining);
    const expected = request.kind === 'bad' ? request.code : 202;
    if (reply.code === 503 && draining) return;
    if (reply.code !== expected) throw new Error(`expected a ${expected}, got a ${reply.code}`);
    if (reply.code !== 202) return;
    if (!reply.id) throw new Error('expected the id of the command with its 202, got none');
    if (this.#accepted.has(reply.id)) throw new Error(`expected an id of its own, got ${reply.id} again`);
    this.#accepted.set(reply.id, { request, id: reply.id, killed: false });
  }

  /** The client left, or the daemon was killed: both may be, that it is accepted and that it is not. */
  doubt(request: Request): void {
    if (request.kind !== 'bad') this.#doubtful.push(request);
  }

  kill(): void {
    this.up = false;
    for (const accepted of this.#accepted.values()) accepted.killed ||= !this.#ended.has(accepted.id);
  }

  /** At any time: what was promised is on record, and what ended stays so. */
  check(rows: readonly Row[]): void {
    const known = new Map(rows.map((row) => [row.command_id, row]));
    for (const { id, request } of this.#accepted.values()) {
      const row = known.get(id);
      if (!row) throw new Error(`expected a row for the 202 with ${id}, got none`);
      if (request.kind !== 'bad' && row.type !== TYPES[request.kind])
        throw new Error(`expected a row of ${TYPES[request.kind]}, got one of ${row.type}`);
      if (row.status !== 'running' && row.end_time === null)
        throw new Error('expected the time of its end, got none');
      if (row.status === 'running' && this.#ended.has(id))
        throw new Error('expected an end to last, got running again');
    }
    const odd = rows.find(({ status }) => !['running', 'success', 'failed'].includes(status));
    if (odd) throw new Error(`expected running, success or failed, got ${odd.status}`);
    const under = [...this.clients.values()].filter(({ whole }) => whole).length;
    const most = this.#accepted.size + this.#doubtful.length + under;
    if (rows.length > most) throw new Error(`expected at most ${most} rows, got ${rows.length}`);
  }

  /** When all commands have their end. */
  checkSettled(world: World): void {
    this.check(world.rows);
    for (const row of world.rows) {
      this.#checkEnd(row);
      this.#ended.add(row.command_id);
    }
    for (let folder = 0; folder < this.folders; folder++) this.#checkFolder(folder, world);
    this.#checkUpdate(world);
    if (world.litter.length > 0)
      throw new Error(`expected nothing beside the cron file, got ${world.litter}`);
  }

  #unheard(request: Request, draining: boolean): void {
    if (!draining) throw new Error('expected a reply, got silence');
    this.doubt(request);
  }

  /** A failure has to have a reason that the contract knows: here only that its daemon was killed. */
  #checkEnd({ command_id: id, status, error, return_code: code }: Row): void {
    if (status === 'running') throw new Error('expected an end, got running');
    if (status === 'success' && code !== 0) throw new Error(`expected the code 0 of a success, got ${code}`);
    if (status === 'success') return;
    const accepted = this.#accepted.get(id);
    if (accepted && !accepted.killed) throw new Error(`expected success, got failed: ${error}`);
    if (code !== -1 || !/interrupted/.test(error ?? ''))
      throw new Error(`expected to be told of the restart, got ${error}`);
  }

  #checkFolder(folder: number, { rows, folders }: World): void {
    const about = ({ command }: Row) => command.split(' ').some((word) => word.endsWith(`/f${folder}`));
    const deleted = rows.filter(about);
    const there = folders.has(folder);
    if (there && deleted.some(({ status }) => status === 'success'))
      throw new Error(`expected folder ${folder} to be gone, got it still there`);
    if (!there && deleted.length === 0) throw new Error(`expected folder ${folder} to be there, got it gone`);
  }

  /** The last that succeeded, in the order of acceptance, is in place. */
  #checkUpdate({ rows, update }: World): void {
    const done = rows.filter(({ type, status }) => type === TYPES.update && status === 'success');
    const last = done.toSorted((one, other) => one.id - other.id).at(-1);
    if (!last) {
      if (update !== undefined) throw new Error(`expected no cron file, got that of update ${update}`);
      return;
    }
    const request = this.#accepted.get(last.command_id)?.request;
    const underWay = [...this.clients.values()].map((client) => client.request);
    const possible = request ? [request] : [...this.#doubtful, ...underWay];
    const numbers = possible.flatMap((one) => (one.kind === 'update' ? [one.update] : []));
    if (update === undefined || !numbers.includes(update))
      throw new Error(`expected the cron file of update ${numbers}, got ${update ?? 'none'}`);
  }
}
