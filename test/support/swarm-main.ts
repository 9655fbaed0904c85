/** Many concurrent clients in a process of their own; see other-user.ts. */
import { connect } from 'node:net';

export interface Swarm {
  readonly socket: string;
  readonly clients: number;
  /** The bytes that each of them sends. */
  readonly request: string;
}

/** The reply of a client, and the milliseconds until it. */
export interface Conversation {
  readonly code: number | undefined;
  readonly message: string | undefined;
  readonly tookMs: number;
}

let connected = 0;

function converse({ socket: path, clients, request }: Swarm): Promise<Conversation> {
  return new Promise((resolve) => {
    const begun = performance.now();
    let text = '';
    const socket = connect({ path }, () => {
      connected++;
      if (connected === clients) process.send?.(['connected', undefined]);
    });
    socket.on('data', (piece) => {
      text += piece;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      const { code, message } = text === '' ? {} : JSON.parse(text);
      resolve({ code, message, tookMs: performance.now() - begun });
    });
    if (request !== '') socket.write(request);
  });
}

// The swarm ends with the test.
process.on('disconnect', () => process.exit());
process.once('message', async (swarm: Swarm) => {
  const all = await Promise.all(Array.from({ length: swarm.clients }, () => converse(swarm)));
  process.send?.(['ended', all]);
});
