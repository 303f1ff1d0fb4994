/** Micro-benchmarks → what one proxied request needs of each suite. */
import type { MicroRecord } from '#bench/model/record.ts';
import type { Estimate } from '#bench/stats/estimate.ts';

export interface LedgerSuite {
  readonly suite: string;
  readonly lines: readonly (Pick<MicroRecord, 'task' | 'perRequest' | 'median' | 'low' | 'high' | 'samples'> & {
    /** Nanoseconds in one proxied request: median × operations per request. */
    readonly nanosPerRequest: number;
  })[];
  readonly nanosPerRequest: number;
}

/** Suite by suite, dearest first. */
export function suitesOf(micro: readonly MicroRecord[]): LedgerSuite[] {
  const suites = Map.groupBy(micro, ({ suite }) => suite);
  return [...suites]
    .map(([suite, records]): LedgerSuite => {
      const lines = records
        .map(({ task, perRequest, median, low, high, samples }) => ({
          task,
          perRequest,
          median,
          low,
          high,
          samples,
          nanosPerRequest: median * perRequest,
        }))
        .toSorted((a, b) => b.nanosPerRequest - a.nanosPerRequest || b.median - a.median);
      return { suite, lines, nanosPerRequest: lines.reduce((sum, line) => sum + line.nanosPerRequest, 0) };
    })
    .toSorted((a, b) => b.nanosPerRequest - a.nanosPerRequest);
}

/** Of the medians over batches, not over rounds: one figure for the whole run. */
const COVERAGE = 0.95;

/** Microseconds of a request in all of these suites together; undefined where none of their tasks is in the records. */
export function microsIn(names: readonly string[], micro: readonly MicroRecord[]): Estimate | undefined {
  const needed = micro.filter(({ suite, perRequest }) => names.includes(suite) && perRequest > 0);
  if (needed.length === 0) return undefined;
  const sum = (of: (record: MicroRecord) => number): number =>
    needed.reduce((total, record) => total + (of(record) * record.perRequest) / 1e3, 0);
  return {
    value: sum(({ median }) => median),
    low: sum(({ low }) => low),
    high: sum(({ high }) => high),
    coverage: COVERAGE,
    n: Math.min(...needed.map(({ samples }) => samples)),
  };
}

/** What is left of one when others are in it already; the interval is as wide as both allow. */
export function less(whole: Estimate, ...contained: readonly (Estimate | undefined)[]): Estimate {
  return contained.reduce<Estimate>(
    (left, one) =>
      one
        ? {
            ...left,
            value: left.value - one.value,
            low: left.low - one.high,
            high: left.high - one.low,
            n: Math.min(left.n, one.n),
          }
        : left,
    whole,
  );
}
