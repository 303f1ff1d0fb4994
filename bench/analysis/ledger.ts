/** Micro-benchmarks → where the time of one proxied request goes, suite by suite, dearest first. */
import type { MicroRecord } from '#bench/model/record.ts';
import type { LedgerSuite } from './analysis.ts';

export function ledgerOf(micro: readonly MicroRecord[]): LedgerSuite[] {
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
