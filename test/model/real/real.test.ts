import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Coverage } from '../driver/coverage.ts';
import { edgesOf } from '../driver/edges.ts';
import { covering, type Path } from '../driver/paths.ts';
import { type WalkOptions, walkAll } from '../driver/walk.ts';
import { inWords } from '../driver/words.ts';
import { CONNECTION, DAEMON, type Modelled, PROCESS, SHADOW, walkedBy } from '../machines.ts';
import { realConnection } from './connection.ts';
import { ConnectionDaemons } from './connection-daemons.ts';
import { chooseConnectionPaths } from './connection-paths.ts';
import { expectedInTheEnd as expectedOfClient } from './connection-sight.ts';
import * as daemon from './daemon.ts';
import { chooseDaemonPaths } from './daemon-paths.ts';
import { Daemons } from './daemons.ts';
import type { Choice } from './left-out.ts';
import { OUT_OF_REACH } from './out-of-reach.ts';
import { realProcess } from './process.ts';
import { chooseProcessPaths } from './process-paths.ts';
import { scenarioOf } from './process-scenario.ts';
import { expectedInTheEnd } from './process-sight.ts';
import { chooseShadowPaths } from './shadow-process.ts';

/** `all`, or a pattern for the words of paths. By default, the paths that together walk each transition. */
const WANTED = process.env.MODEL_PATHS;
/** They spend most of the time waiting. */
const AT_ONCE = 4;

const walked = new Coverage();
/** Of daemons whose own end is compared with the daemon machine, not only that of a client or a command. */
const watched = new Coverage();
/** Of daemons in shadow mode, whose process machine has the same name. */
const shadows = new Coverage();

let found = 0;

const holdsAChild = (path: Path) => {
  const { held, occupied } = scenarioOf(path);
  return held || occupied;
};

async function chosen(t: TestContext, machine: Modelled, choice: Choice): Promise<readonly Path[]> {
  const { paths, merged, leftOut } = choice;
  const some = await wanted(machine, paths);
  found += some.length;
  t.diagnostic(`${some.length} of ${paths.length} paths`);
  t.diagnostic(`${merged} more end like one of them, ${leftOut.length} are left out`);
  return some;
}

async function wanted(machine: Modelled, paths: readonly Path[]): Promise<readonly Path[]> {
  if (WANTED === undefined) return covering(paths, (path) => walkedBy(machine, path));
  return WANTED === 'all' ? paths : paths.filter((path) => new RegExp(WANTED).test(inWords(path)));
}

/** Prints the progress and the failures of a run of many paths, which takes minutes. */
function progressOf(machine: string, all: number): NonNullable<WalkOptions['tell']> {
  if (WANTED === undefined) return () => {};
  return (walked, failure) => {
    if (failure !== undefined) console.error(`failed: ${failure}`);
    if (walked % 10 === 0 || walked === all) console.error(`${machine}: ${walked} of ${all} paths walked`);
  };
}

/** Adds the transitions that the daemons have walked once the test is over. */
async function withDaemons(
  t: TestContext,
  coverage: Coverage,
  walk: (daemons: Daemons) => Promise<void>,
): Promise<void> {
  const daemons = new Daemons(t);
  await walk(daemons).finally(() => daemons.addTo(coverage));
}

test('connection: a real daemon ends every path as expected', (t) =>
  withDaemons(t, walked, async (daemons) => {
    const clients = new ConnectionDaemons(daemons);
    const paths = await chosen(t, CONNECTION, chooseConnectionPaths());
    await walkAll(paths, (path) => realConnection(path, clients), expectedOfClient, {
      atOnce: AT_ONCE,
      tell: progressOf('connection', paths.length),
    });
  }));

test('process: a real daemon ends every path as expected', (t) =>
  withDaemons(t, walked, async (daemons) => {
    const paths = await chosen(t, PROCESS, chooseProcessPaths());
    await walkAll(paths, (path) => realProcess(path, daemons), expectedInTheEnd, {
      atOnce: AT_ONCE,
      // Catching an `rm` at work leaves this process no time for the clients of other paths.
      alone: holdsAChild,
      tell: progressOf('process', paths.length),
    });
  }));

test('daemon: a real daemon ends every path as expected', (t) =>
  withDaemons(t, watched, async (daemons) => {
    const paths = await chosen(t, DAEMON, chooseDaemonPaths());
    await walkAll(paths, (path) => daemon.realDaemon(path, daemons), daemon.expectedInTheEnd, {
      atOnce: 2,
      tell: progressOf('daemon', paths.length),
    });
  }));

test('shadow process: a real daemon in shadow mode ends every path as expected', (t) =>
  withDaemons(t, shadows, async (daemons) => {
    const paths = await chosen(t, SHADOW, chooseShadowPaths());
    await walkAll(paths, (path) => realProcess(path, daemons, true), expectedInTheEnd, {
      atOnce: AT_ONCE,
      tell: progressOf('shadow process', paths.length),
    });
  }));

const skip = WANTED !== undefined && WANTED !== 'all' && 'only some paths were wanted';

for (const [{ name, vocabulary }, coverage] of [
  [CONNECTION, walked],
  [PROCESS, walked],
  [DAEMON, watched],
  [SHADOW, shadows],
] as const) {
  test(`${name}: a real daemon walks every transition except those that are out of reach`, {
    skip,
  }, () => {
    const { machine } = vocabulary;
    const reasons = OUT_OF_REACH[name] ?? {};
    const gone = Object.keys(reasons).filter((edge) => !edgesOf(machine).includes(edge));
    assert.deepEqual(gone, [], 'in the list of those out of reach, and not there');
    const reached = Object.keys(reasons).filter((edge) => coverage.has(machine.id, edge));
    assert.deepEqual(reached, [], 'in the list of those out of reach, and walked');
    const missing = coverage.missing(machine).filter((edge) => !(edge in reasons));
    assert.deepEqual(missing, [], 'not walked, and not in the list of those out of reach');
  });
}

test('`MODEL_PATHS` matches at least one path', () => assert.ok(found > 0, WANTED));
