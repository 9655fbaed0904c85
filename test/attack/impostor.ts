/** As a member of the group: listens at the names of the daemon's sockets and answers as the daemon would, until its
 * standard input ends. Prints a line once it listens, and one per piece that it receives. Arguments: the names. */
import { createServer } from 'node:net';
import { becomeMember } from '../support/member.ts';

const names = process.argv.slice(2);
becomeMember();

const REPLY = JSON.stringify({ code: 202, status: 'Accepted', id: '00000000-0000-4000-8000-000000000000' });
const HEAD = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${REPLY.length}\r\n\r\n`;

await Promise.all(
  names.map(
    (name) =>
      new Promise<void>((resolve) => {
        const server = createServer((socket) => {
          socket.on('error', () => {});
          socket.on('data', (piece: Buffer) => {
            console.log(JSON.stringify(piece.toString()));
            socket.end(/^(GET|POST) /.test(piece.toString()) ? HEAD + REPLY : REPLY);
          });
        });
        server.listen(name, resolve);
      }),
  ),
);
console.log('listening');
process.stdin.resume().on('end', () => process.exit());
