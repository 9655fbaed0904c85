/** The page over HTTP: on the loopback address only, for requests with its token. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { messageOf } from '../../errors.ts';
import type { CommandHistory } from '../../io/history/rows.ts';
import { readAsset } from './assets.ts';
import { pathOf } from './chart-path.ts';
import type { Drawing } from './drawing.ts';
import type { Feed } from './feed.ts';
import { admitted, newToken, PROTECTION } from './gate.ts';
import { Reader } from './reader.ts';

export interface PageInput {
  readonly feed: Feed;
  readonly drawings: readonly Drawing[];
  /** Rejects where the daemon does not tell. */
  readonly command: (id: string) => Promise<CommandDetail>;
}

/** The fields of /processes/ID, and the user name of the client. */
export interface CommandDetail extends CommandHistory {
  readonly user: string | null;
}

/** Tabs, and what they ask for. */
const MAX_CONNECTIONS = 64;
const MAX_HEADER_BYTES = 8_192;

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly content: string | Buffer;
}

/** `port` 0: any that is free. Resolves with the URL when it listens; rejects where it cannot. */
export function servePage(port: number, input: PageInput): Promise<{ url: string; server: Server }> {
  const token = newToken();
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    answer(request, response, token, input).catch(() => response.destroy());
  });
  server.maxConnections = MAX_CONNECTIONS;
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', () => {
      const { port: bound } = server.address() as { port: number };
      resolve({ url: `http://127.0.0.1:${bound}/${token}/`, server });
    });
  });
}

async function answer(request: IncomingMessage, response: ServerResponse, token: string, input: PageInput) {
  response.on('error', () => {});
  for (const [name, value] of Object.entries(PROTECTION)) response.setHeader(name, value);
  const path = admitted(request, token);
  if (path === undefined) return send(response, words(403, 'Only by the URL that was printed.'));
  if (request.method !== 'GET') {
    response.setHeader('Allow', 'GET');
    return send(response, words(405, 'There is only something to GET here.'));
  }
  if (path === '/feed') return tell(response, input.feed);
  try {
    send(response, (await found(path, input)) ?? words(404, 'There is no such thing here.'));
  } catch (error) {
    send(response, words(502, messageOf(error)));
  }
}

function tell(response: ServerResponse, feed: Feed): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
  response.once('close', feed.add(new Reader(response)));
}

async function found(path: string, { feed, drawings, command }: PageInput): Promise<Answer | undefined> {
  const [, folder = '', key] = /^\/(commands|trails)\/([\w-]{1,64})$/.exec(path) ?? [];
  if (key === undefined) {
    if (path === '/charts') return json(drawings);
    const asset = await readAsset(path === '/' ? 'index.html' : path.slice(1));
    return asset && { status: 200, ...asset };
  }
  const over = (machine: string, states: readonly string[], whole: boolean) =>
    pathOf(drawings.find(({ name }) => name === machine) as Drawing, states, whole);
  if (folder === 'commands') {
    const detail = await command(key);
    const states = detail.transitions.map(({ to_state }) => to_state);
    return json({ ...detail, path: over('process', states, false) });
  }
  const trail = feed.trails.of(key);
  if (!trail) return json(null);
  const states = trail.steps.map(({ state }) => state);
  return json({ ...trail, path: over(trail.machine, states, trail.whole) });
}

function json(value: unknown): Answer {
  return { status: 200, type: 'application/json; charset=utf-8', content: JSON.stringify(value) };
}

function words(status: number, text: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', content: `${text}\n` };
}

function send(response: ServerResponse, { status, type, content }: Answer): void {
  response.writeHead(status, { 'Content-Type': type }).end(content);
}
