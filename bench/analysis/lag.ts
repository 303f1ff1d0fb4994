/**
 * Did the generator keep its own schedule well enough for what is read from the trial? Open loop only. Pure.
 *
 * Service time starts at the actual send and does not contain the lag; response time starts at the scheduled send and does. So:
 *
 * | the generator's own lag, p99 | service time | response time |
 * | --- | --- | --- |
 * | up to the service time's p50 | stands | stands |
 * | up to `BORNE` mean gaps between arrivals | stands | withheld: it would tell of the generator |
 * | above both | the trial is invalid | |
 *
 * Why the mean gap: what is sent a gap late is sent together with its successor, in a burst that nobody asked for. Up to one such
 * request in a hundred leaves the p99 of service time to the subject. Poisson arrivals make bursts themselves: four within one mean
 * gap happen in 1.9 % of gaps, so a hundredth more of them, which three gaps of lag make, is no other pattern. Below the service time
 * displacement makes no burst that a subject could tell, however close the arrivals. Quantiles beyond p99 are held to their own share.
 */
import type { LoadResult } from '#bench/model/load.ts';
import type { Loop, Scenario } from '#bench/model/scenario.ts';
import { decodeHistogram, type Histogram } from '#bench/stats/histogram.ts';

export type Arrivals = Extract<Loop, { kind: 'open' }>['arrivals'];

/** Mean gaps of lag that leave the arrivals what they were. */
const BORNE: Readonly<Record<Arrivals, number>> = { uniform: 1, poisson: 3 };

export interface Lag {
  /** Microseconds. */
  readonly p99: number;
  readonly serviceP50: number;
  readonly meanGap: number;
  readonly resolves: 'service and response' | 'service' | 'nothing';
  /** Whether the service time at quantile q is the subject's own, for what the arrivals are concerned. */
  carries(q: number): boolean;
}

/** Undefined for a closed loop and where nothing was sent. `service` is `load.service`, decoded. */
export function lagOf(
  load: LoadResult,
  arrivals: Arrivals | undefined,
  service: Histogram = decodeHistogram(load.service),
): Lag | undefined {
  // Records from before the two were told apart have the whole lag only.
  const encoded = load.generatorLag ?? load.scheduleLag;
  if (encoded === undefined || arrivals === undefined || load.requests === 0) return undefined;
  const lag = decodeHistogram(encoded);
  const at = (q: number): number => lag.getValueAtPercentile(q * 100) / 1e3;
  const serviceP50 = service.getValueAtPercentile(50) / 1e3;
  const meanGap = load.offered ? 1e6 / load.offered : Infinity;
  const p99 = at(0.99);
  const harmless = Math.max(BORNE[arrivals] * meanGap, serviceP50);
  return {
    p99,
    serviceP50,
    meanGap,
    resolves: p99 <= serviceP50 ? 'service and response' : p99 <= harmless ? 'service' : 'nothing',
    carries: (q) => at(Math.max(0.99, q)) <= harmless,
  };
}

/** Undefined for a closed loop. */
export const arrivalsOf = (loop: Scenario['loop'] | undefined): Arrivals | undefined =>
  loop === undefined || loop.kind === 'closed' ? undefined : loop.arrivals;
