/** A real daemon in its jail and its clients, for the steps of a sequence. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { converse, hear } from '../../support/client.ts';
import { type Layout, launchDaemon, type Program, prepare, type TestDaemon } from '../../support/daemon.ts';
import { refusable } from '../../support/refusable.ts';
import { schedulesOf, updateIn } from '../../support/schedules.ts';
import { type CronFile, nameOf, type Reply, type Request, type Row, type World } from './contract-model.ts';

interface Client {
  readonly socket: Socket;
  readonly heard: Promise<Reply | undefined>;
  readonly rest: Buffer;
  readonly since: number;
}

export class RealWorld {
  readonly at: Layout;
  readonly #program: Program;
  readonly #clients = new Map<number, Client>();
  #daemon: TestDaemon | undefined;

  private constructor(at: Layout, program: Program) {
    this.at = at;
    this.#program = program;
  }

  static async begin(program: Program = {}): Promise<RealWorld> {
    const folder = mkdtempSync(join(realpathSync(tmpdir()), 'dbcalm-cmd-model-'));
    const world = new RealWorld(prepare(folder, { max_running: 2 }), program);
    await world.start();
    return world;
  }

  async start(): Promise<void> {
    this.#daemon = await launchDaemon(this.at, this.#program);
  }

  async kill(): Promise<void> {
    await this.#daemon?.kill();
  }

  /** Returns the exit code. */
  async stop(): Promise<number | null> {
    return (await (this.#daemon as TestDaemon).stop()).code;
  }

  async end(): Promise<void> {
    for (const { socket } of this.#clients.values()) socket.destroy();
    await this.kill();
    rmSync(this.at.folder, { recursive: true, force: true });
  }

  put(folder: number, files: number): void {
    const path = this.#pathOf(folder);
    mkdirSync(path, { recursive: true });
    for (let file = 0; file < files; file++) writeFileSync(join(path, String(file)), '');
  }

  async ask(request: Request): Promise<Reply | undefined> {
    return replyIn((await converse(this.at.socket, this.#bytesOf(request))).text);
  }

  /** Sends `part` (0 to 1) of a request, and does not wait. */
  send(client: number, request: Request, part: number): void {
    const bytes = Buffer.from(this.#bytesOf(request));
    const first = Math.ceil(bytes.length * part);
    const socket = connect({ path: this.at.socket, allowHalfOpen: true });
    const heard = hear(socket).then(({ text }) => replyIn(text));
    socket.write(bytes.subarray(0, first));
    this.#clients.set(client, { socket, heard, rest: bytes.subarray(first), since: Date.now() });
  }

  /** Sends the rest of the request that `send` began. Returns how long (ms) it had waited for it. */
  finish(client: number): number {
    const { socket, rest, since } = this.#of(client);
    if (socket.writable) socket.write(rest);
    return Date.now() - since;
  }

  async heard(client: number): Promise<Reply | undefined> {
    const reply = await this.#of(client).heard;
    this.#clients.delete(client);
    return reply;
  }

  leave(client: number): void {
    this.#of(client).socket.destroy();
    this.#clients.delete(client);
  }

  rows(): readonly Row[] {
    return (this.#daemon as TestDaemon).rows();
  }

  /** Resolves when every command has an end. No row was added or changed while the disk was read, so both belong
   * together. */
  async settled(folders: number): Promise<World> {
    const daemon = this.#daemon as TestDaemon;
    for (;;) {
      const rows = await daemon.settled();
      const disk = this.#disk(folders);
      if (isDeepStrictEqual(daemon.rows(), rows)) return { rows, ...disk };
    }
  }

  cronFile(): CronFile | undefined {
    const { cronFile } = this.at;
    if (!existsSync(cronFile)) return undefined;
    return { update: updateIn(readFileSync(cronFile, 'utf8')), mode: statSync(cronFile).mode & 0o7777 };
  }

  /** Requests that the contract refuses; each names the daemon's own directory at the most. */
  refusable(index: number): Request {
    const all = refusable(this.at);
    const [code, bytes] = all[index % all.length] as (typeof all)[number];
    return { kind: 'bad', code: code as 400 | 403, bytes };
  }

  #disk(folders: number): Omit<World, 'rows'> {
    const all = Array.from({ length: folders }, (_, folder) => folder);
    return {
      folders: new Set(all.filter((folder) => existsSync(this.#pathOf(folder)))),
      cronFile: this.cronFile(),
      litter: readdirSync(dirname(this.at.cronFile)).filter((name) => name !== basename(this.at.cronFile)),
    };
  }

  #pathOf = (folder: number) => join(this.at.backups, nameOf(folder));

  #of = (client: number) => this.#clients.get(client) as Client;

  #bytesOf(request: Request): string {
    const of = (cmd: string, args: object) => JSON.stringify({ cmd, args });
    switch (request.kind) {
      case 'bad':
        return request.bytes;
      case 'delete':
        return of('delete_directory', { path: this.#pathOf(request.folder) });
      case 'cleanup':
        return of('cleanup_backups', {
          backup_ids: request.folders?.map(nameOf) ?? null,
          folders: request.folders?.map(this.#pathOf) ?? null,
        });
      case 'update':
        return of('update_cron_schedules', { schedules: schedulesOf(request.update) });
    }
  }
}

const replyIn = (text: string) => (text === '' ? undefined : (JSON.parse(text) as Reply));
