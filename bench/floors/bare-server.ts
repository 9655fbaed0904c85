/** The socket floor: replies with a constant when the object is complete. With `spawn` it is the spawn floor, which
 * also runs /bin/rm on a missing path and waits for it. It has no database and no machines. Arguments: socket,
 * directory, mode. */
import { type SpawnOptionsWithStdioTuple, type StdioNull, type StdioPipe, spawn } from 'node:child_process';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { ObjectScanner } from '../../src/io/socket/framing.ts';

const [socketPath, folder, mode] = process.argv.slice(2) as [string, string, string];

const REPLY = Buffer.from('{"code":202,"status":"Accepted","id":"00000000-0000-4000-8000-000000000000"}');
const OPTIONS: SpawnOptionsWithStdioTuple<StdioNull, StdioPipe, StdioPipe> = {
  cwd: '/',
  env: { PATH: '/usr/bin:/bin', LANG: 'C' },
  stdio: ['ignore', 'pipe', 'pipe'],
};

/** The number of commands that a daemon runs at once. */
const MAX_RUNNING = 8;

let waiting = 0;
let running = 0;
let idle: (() => void)[] = [];

function pump(): void {
  while (waiting > 0 && running < MAX_RUNNING) {
    waiting--;
    running++;
    const child = spawn('/bin/rm', ['-rf', '--', join(folder, 'missing')], OPTIONS);
    child.stdout.resume();
    child.stderr.resume();
    child.once('close', () => {
      running--;
      pump();
    });
  }
  if (running > 0) return;
  for (const resolve of idle) resolve();
  idle = [];
}

function answer(socket: Socket, text: Buffer): void {
  if (text.includes('"settle"')) {
    idle.push(() => socket.end(REPLY));
    return pump();
  }
  socket.end(REPLY);
  if (mode !== 'spawn') return;
  waiting++;
  pump();
}

const server = createServer({ allowHalfOpen: true }, (socket) => {
  const scanner = new ObjectScanner(1_048_576);
  socket.on('error', () => {});
  socket.on('data', (piece: Buffer) => {
    const scan = scanner.push(piece);
    if (scan.kind === 'complete') answer(socket, scan.text);
  });
});
server.listen({ path: socketPath, backlog: 4_096 }, () => {
  process.stderr.write(`{"pid":${process.pid},"msg":"listening"}\n`);
});
