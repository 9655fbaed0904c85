import {
  createServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { DaemonError, messageOf } from '../../errors.ts';
import { listenAt } from '../socket/listen.ts';

export interface Question {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** The route that needs the body reads it, and limits its size. */
  readonly body: Readable;
  /** By which name it was asked for. */
  readonly host: string | undefined;
}

export type Answer =
  | { readonly status: number; readonly body: unknown; readonly allow?: string }
  | { readonly status: number; readonly text: string; readonly contentType: string }
  /** Goes on until the reader leaves. */
  | { readonly contentType: string; readonly stream: (out: ServerResponse) => void };

export type Answerer = (question: Question) => Answer | Promise<Answer>;

export interface AdminServer {
  close(): void;
}

/** Connections of operators at once; further ones are closed. */
export const MAX_CONNECTIONS = 64;
const MAX_HEADER_BYTES = 8_192;
/** Milliseconds for a request and its response, so that a slow client does not keep a connection: a dry run reads a body
 * and many directories. A stream has no such limit. */
export const ANSWER_LIMIT = 30_000;

/** A web page can make a host name of its own resolve to the loopback address, and read the responses from there. */
const LOOPBACK = /^(localhost|127\.0\.0\.1)(:\d+)?$/i;

export interface AdminSocketOptions {
  readonly answerLimit?: number;
  /** Hears of what another user had put at the path. */
  readonly onSetAside?: (error: DaemonError) => void;
}

/** For the daemon's own user alone, from the first moment. Throws ADMIN_UNUSABLE. */
export async function openAdminSocket(
  path: string,
  answer: Answerer,
  { answerLimit = ANSWER_LIMIT, onSetAside }: AdminSocketOptions = {},
): Promise<AdminServer> {
  const room = new Room(answer, answerLimit);
  const access = { mode: 0o600, owner: null, group: null };
  try {
    const listening = await listenAt(path, access, (socket) => room.enter(socket), onSetAside);
    return closing(listening, room);
  } catch (error) {
    throw new DaemonError('ADMIN_UNUSABLE', messageOf(error), error);
  }
}

const MISDIRECTED: Answer = { status: 421, body: { error: 'ask for localhost or 127.0.0.1' } };

/** On the loopback alone. Throws ADMIN_UNUSABLE. */
export async function openLoopbackPort(port: number, answer: Answerer): Promise<AdminServer> {
  const room = new Room(
    (question) => (LOOPBACK.test(question.host ?? 'localhost') ? answer(question) : MISDIRECTED),
    ANSWER_LIMIT,
  );
  const server = createTcpServer({ allowHalfOpen: true }, (socket) => room.enter(socket));
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
  } catch (error) {
    throw new DaemonError('ADMIN_UNUSABLE', messageOf(error), error);
  }
  server.removeAllListeners('error').on('error', () => {});
  return closing(server, room);
}

function closing(listening: { close(): unknown }, room: Room): AdminServer {
  return {
    close: () => {
      listening.close();
      room.close();
    },
  };
}

/** HTTP for sockets that are handed in. An HTTP server that listens itself would keep a timer. */
class Room {
  readonly #answer: Answerer;
  readonly #answerLimit: number;
  /** Each with what sends it away when its time is over. */
  readonly #inside = new Map<Socket, NodeJS.Timeout>();

  #http: HttpServer | undefined;

  constructor(answer: Answerer, answerLimit: number) {
    this.#answer = answer;
    this.#answerLimit = answerLimit;
  }

  enter(socket: Socket): void {
    socket.on('error', () => {});
    if (this.#inside.size >= MAX_CONNECTIONS) return void socket.destroy();
    this.#inside.set(
      socket,
      setTimeout(() => socket.destroy(), this.#answerLimit),
    );
    socket.once('close', () => {
      clearTimeout(this.#inside.get(socket));
      this.#inside.delete(socket);
    });
    // Created for the first client, so that the start does not wait for it.
    this.#http ??= this.#serve();
    this.#http.emit('connection', socket);
  }

  #serve(): HttpServer {
    const http = createServer({ maxHeaderSize: MAX_HEADER_BYTES, keepAlive: false }, (request, response) => {
      reply(request, response, this.#answer, () => this.#stay(request.socket)).catch(() =>
        response.destroy(),
      );
    });
    // A client may half-close after its request, as `nc -N` does, and still gets the response.
    return Object.assign(http, { httpAllowHalfOpen: true });
  }

  /** Until it leaves; that it only closed its side cannot be told from that before something is written. */
  #stay(socket: Socket): void {
    clearTimeout(this.#inside.get(socket));
    if (socket.readableEnded) socket.destroy();
    else socket.once('end', () => socket.destroy());
  }

  close(): void {
    for (const socket of this.#inside.keys()) socket.destroy();
  }
}

async function reply(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answerer,
  stay: () => void,
): Promise<void> {
  // A client that disconnects during a response is no error of the daemon.
  response.on('error', () => {});
  response.sendDate = false;
  response.setHeader('Connection', 'close');
  const found = await answer(questionOf(request));
  if (response.destroyed) return;
  if ('stream' in found) {
    response.writeHead(200, { 'Content-Type': found.contentType }).flushHeaders();
    if (request.method === 'HEAD') return void response.end();
    stay();
    return found.stream(response);
  }
  const [text, contentType] =
    'text' in found
      ? [found.text, found.contentType]
      : [`${JSON.stringify(found.body)}\n`, 'application/json; charset=utf-8'];
  if ('allow' in found) response.setHeader('Allow', found.allow);
  response.writeHead(found.status, { 'Content-Type': contentType }).end(text);
}

function questionOf(request: IncomingMessage): Question {
  const { method = '', url = '', headers } = request;
  const at = url.indexOf('?');
  const path = at === -1 ? url : url.slice(0, at);
  const query = new URLSearchParams(at === -1 ? '' : url.slice(at + 1));
  return { method, path, query, host: headers.host, body: request };
}
