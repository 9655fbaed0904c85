import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Seconds. */
export interface Delay {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

const RESOLUTION = 20;
/** How long (ms) after the last scrape the delay is still measured. */
const MEASURED_FOR = 600_000;

type Measured = ReturnType<typeof monitorEventLoopDelay>;

let measured: Measured | undefined;
let end: NodeJS.Timeout | undefined;

/** Returns the delay of the event loop since the last call; undefined at first. It is measured only while it is scraped. */
export function eventLoopDelay(): Delay | undefined {
  const found = measured;
  measured ??= monitorEventLoopDelay({ resolution: RESOLUTION });
  measured.enable();
  const delay = found && found.count > 0 ? delayOf(found) : undefined;
  // A measurement without any sample goes on: otherwise frequent scrapes would never get a value.
  if (delay) measured.reset();
  end ??= setTimeout(stop, MEASURED_FOR).unref();
  end.refresh();
  return delay;
}

function delayOf(histogram: Measured): Delay {
  const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - RESOLUTION / 1_000);
  const [p50 = 0, p90 = 0, p99 = 0] = [50, 90, 99].map((percent) => late(histogram.percentile(percent)));
  return { p50, p90, p99, max: late(histogram.max) };
}

function stop(): void {
  measured?.disable();
  measured = undefined;
  end = undefined;
}
