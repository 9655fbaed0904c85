import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Sample } from './prometheus.ts';

const QUANTILES = [0.5, 0.9, 0.99];
const RESOLUTION = 20;
/** Milliseconds after the last scrape: then nobody scrapes any more, and the daemon is idle again. */
const MEASURED_FOR = 600_000;

type Measured = ReturnType<typeof monitorEventLoopDelay>;

let measured: Measured | undefined;
let end: NodeJS.Timeout | undefined;

/** Seconds by which the loop was late since this was asked last. It is measured only while somebody asks. */
export function eventLoopDelay(): Sample[] {
  const found = measured;
  measured ??= monitorEventLoopDelay({ resolution: RESOLUTION });
  measured.enable();
  const samples = found && found.count > 0 ? samplesOf(found) : [];
  // What has not counted anything yet goes on: else who asks often would never hear anything.
  if (samples.length > 0) measured.reset();
  end ??= setTimeout(stop, MEASURED_FOR).unref();
  end.refresh();
  return samples;
}

function samplesOf(histogram: Measured): Sample[] {
  const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - RESOLUTION / 1_000);
  return [
    ...QUANTILES.map(
      (quantile): Sample => [{ quantile: String(quantile) }, late(histogram.percentile(quantile * 100))],
    ),
    [{ quantile: '1' }, late(histogram.max)],
  ];
}

function stop(): void {
  measured?.disable();
  measured = undefined;
  end = undefined;
}
