import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Coverage } from '../driver/coverage.ts';
import { edgesOf } from '../driver/edges.ts';
import { covering, type Path, pathsOf } from '../driver/paths.ts';
import { walkAll } from '../driver/walk.ts';
import { CONNECTION, DAEMON, MODELLED, type Modelled, PROCESS, walkedBy } from '../machines.ts';
import * as connection from './connection.ts';
import { ConnectionDaemons } from './connection-daemons.ts';
import { doablePaths as doableConnectionPaths } from './connection-paths.ts';
import * as daemon from './daemon.ts';
import { doableDaemonPaths } from './daemon-scenario.ts';
import { Daemons } from './daemons.ts';
import { OUT_OF_REACH } from './out-of-reach.ts';
import * as process from './process.ts';
import { doablePaths as doableProcessPaths, scenarioOf } from './process-scenario.ts';

/** `MODEL_PATHS=all`: not only those that together walk each transition. */
const ALL = globalThis.process.env.MODEL_PATHS === 'all';
/** Most of the time they wait. */
const AT_ONCE = 4;

const coverage = new Coverage();

const holdsAChild = (path: Path) => {
  const scenario = scenarioOf(path);
  return scenario?.held || scenario?.occupied || false;
};

async function chosen(t: TestContext, machine: Modelled, paths: readonly Path[]): Promise<readonly Path[]> {
  const some = ALL ? paths : await covering(paths, (path) => walkedBy(machine, path));
  t.diagnostic(`${some.length} of ${paths.length} paths`);
  return some;
}

/** Daemons that are told of what they walked when the test is over. */
async function withDaemons(t: TestContext, walk: (daemons: Daemons) => Promise<void>): Promise<void> {
  const daemons = new Daemons(t);
  await walk(daemons).finally(() => daemons.addTo(coverage));
}

test('connection: with a real daemon every path ends as it must', (t) =>
  withDaemons(t, async (daemons) => {
    const clients = new ConnectionDaemons(daemons);
    const paths = await chosen(t, CONNECTION, doableConnectionPaths());
    await walkAll(
      paths,
      (path) => connection.realConnection(path, clients),
      connection.expectedInTheEnd,
      AT_ONCE,
    );
  }));

test('process: with a real daemon every path ends as it must', (t) =>
  withDaemons(t, async (daemons) => {
    const paths = await chosen(t, PROCESS, doableProcessPaths(pathsOf(PROCESS.vocabulary)));
    const walk = (some: readonly Path[], atOnce: number) =>
      walkAll(some, (path) => process.realProcess(path, daemons), process.expectedInTheEnd, atOnce);
    await walk(
      paths.filter((path) => !holdsAChild(path)),
      AT_ONCE,
    );
    // Catching an `rm` at work leaves this process no time for others' clients.
    await walk(paths.filter(holdsAChild), 1);
  }));

test('daemon: each path of a real one ends as it must', (t) =>
  withDaemons(t, async (daemons) => {
    const paths = await chosen(t, DAEMON, doableDaemonPaths(pathsOf(DAEMON.vocabulary)));
    await walkAll(paths, (path) => daemon.realDaemon(path, daemons), daemon.expectedInTheEnd, 2);
  }));

test('every transition was walked by a real daemon, but those that nobody outside can reach', () => {
  for (const { vocabulary } of MODELLED) {
    const { machine } = vocabulary;
    const reasons = OUT_OF_REACH[machine.id] ?? {};
    const gone = Object.keys(reasons).filter((edge) => !edgesOf(machine).includes(edge));
    assert.deepEqual(gone, [], `${machine.id}: in the list of those out of reach, and not there`);
    const walked = Object.keys(reasons).filter((edge) => coverage.has(machine.id, edge));
    assert.deepEqual(walked, [], `${machine.id}: in the list of those out of reach, and walked`);
    const missing = coverage.missing(machine).filter((edge) => !(edge in reasons));
    assert.deepEqual(missing, [], `${machine.id}: not walked, and not in the list of those out of reach`);
  }
});
