/** Starts a program with no free file descriptor, then with one, two and so on, until it runs. Prints the refusals,
 * and the number of descriptors that stayed open. */
import { closeSync, openSync, readdirSync } from 'node:fs';
import { startChild } from '../../src/io/child/child.ts';

function start(): Promise<string | undefined> {
  return new Promise((resolve) => {
    startChild({ file: '/bin/true', args: [], fds: [], names: new Map() }, 1_024, {
      spawned: () => {},
      ended: () => resolve(undefined),
      refused: ({ message }) => resolve(message),
    });
  });
}

/** Opens as many file descriptors as possible. */
function starve(): number[] {
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch {
    return taken;
  }
}

const openNow = () => readdirSync('/proc/self/fd').length;

// Descriptors that are created once and kept do not count.
await start();
const before = openNow();
const refusals: string[] = [];
for (let free = 0; ; free++) {
  const taken = starve();
  for (const fd of taken.splice(0, free)) closeSync(fd);
  const refusal = await start();
  for (const fd of taken) closeSync(fd);
  if (refusal === undefined) break;
  refusals.push(refusal);
}
console.log(JSON.stringify({ refusals, leaked: openNow() - before }));
