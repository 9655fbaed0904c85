import { connect } from 'node:net';

/** Longer than any client of the contract waits. */
const REPLY_TIMEOUT = 30_000;

/** Sends one request as the API servers do (without closing its side) and resolves with the reply. */
export function call(socketPath: string, request: unknown): Promise<unknown> {
  return callWith(socketPath, JSON.stringify(request));
}

/** The same with a request as it is to be sent. */
export function callWith(socketPath: string, request: string | Buffer): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    const pieces: Buffer[] = [];
    socket.setTimeout(REPLY_TIMEOUT, () =>
      socket.destroy(new Error(`no reply within ${REPLY_TIMEOUT / 1000} s`)),
    );
    socket.on('data', (piece) => pieces.push(piece));
    socket.on('error', reject);
    socket.on('end', () => {
      try {
        resolve(JSON.parse(Buffer.concat(pieces).toString('utf8')));
      } catch {
        reject(new Error('the daemon closed the connection without a reply'));
      }
    });
    socket.write(request);
  });
}
