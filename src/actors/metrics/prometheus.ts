/** The counters in the text format of Prometheus. */
import { Counter, Gauge, type Metric, Registry } from 'prom-client';
import type { Reading } from '../../io/os/histogram.ts';

type Labels = Readonly<Record<string, string>>;

export type Sample = readonly [Labels, number];

interface Named {
  /** Without the daemon's prefix. */
  readonly name: string;
  readonly help: string;
}

export type Family = Named &
  (
    | { readonly type: 'counter' | 'gauge'; readonly samples: readonly Sample[] }
    | { readonly type: 'histogram'; readonly readings: readonly (readonly [Labels, Reading])[] }
  );

const PREFIX = 'dbcalm_cmd_';

export async function renderMetrics(
  families: readonly Family[],
): Promise<{ text: string; contentType: string }> {
  const registry = new Registry();
  for (const family of families) {
    // The library would tell of one that has none, and has labels, a 0 without labels.
    if ('samples' in family && family.samples.length === 0) continue;
    const name = PREFIX + family.name;
    if (family.type === 'histogram') {
      registry.registerMetric(histogram(name, family.help, family.readings));
      continue;
    }
    const labelNames = [...new Set(family.samples.flatMap(([labels]) => Object.keys(labels)))];
    const options = { name, help: family.help, labelNames, registers: [registry] };
    const metric = family.type === 'counter' ? new Counter(options) : new Gauge(options);
    for (const [labels, value] of family.samples) metric.inc(labels, value);
  }
  return { text: await registry.metrics(), contentType: registry.contentType };
}

/** The library's own only takes one value after the other. */
function histogram(name: string, help: string, readings: readonly (readonly [Labels, Reading])[]): Metric {
  const values = readings.flatMap(([labels, { bounds, counts, sum }]) => {
    let count = 0;
    const buckets = counts.map((within, index) => {
      count += within;
      return bucket(name, { ...labels, le: String(bounds[index] ?? '+Inf') }, count);
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  });
  const get = async () => ({ name, help, type: 'histogram', aggregator: 'sum', values });
  return { name, get } as unknown as Metric;
}

function bucket(name: string, labels: Labels, value: number) {
  return { metricName: `${name}_bucket`, labels, value };
}
