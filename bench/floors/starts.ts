/** Times starts from inside the jail, so that the figure excludes the start of the jail. Arguments: the number of
 * starts, and the command. Without `listening` each run is timed to its end. Prints the milliseconds as JSON. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { now } from '../load/clock.ts';

const [count, until, file, ...args] = process.argv.slice(2) as [string, string, string, ...string[]];

async function start(): Promise<number> {
  const begun = now();
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  if (until === 'listening') {
    let text = '';
    while (!text.includes('"msg":"listening"')) {
      const [piece] = await Promise.race([once(child.stderr, 'data'), exited.then(() => [undefined])]);
      if (piece === undefined) throw new Error(`it did not start: ${text}`);
      text += piece;
    }
    const took = now() - begun;
    child.kill('SIGTERM');
    await exited;
    return took;
  }
  await exited;
  return now() - begun;
}

const took: number[] = [];
for (let i = 0; i < Number(count); i++) took.push(await start());
console.log(JSON.stringify(took));
