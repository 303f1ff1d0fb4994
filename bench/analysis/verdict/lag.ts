/**
 * Did the generator keep its own schedule well enough for what is read from the trial? Open loop only. Pure.
 *
 * Service time starts at the actual send and does not contain the generator's own lag; response time starts at the scheduled send and does. So:
 *
 * | the generator's own lag | |
 * | --- | --- |
 * | at a quantile, up to a tenth of the response time at that quantile | the response time stands |
 * | above that | this quantile of the response time is withheld: it would tell of the generator |
 * | at p50, above the service time's p99 | the trial is invalid: the arrivals were not those asked for |
 *
 * What is due when the loop wakes is sent together, which makes no other pattern as long as few of it waited longer than the subject
 * takes. Where half of all requests did, they came in bursts of the generator's making.
 */
import type { LoadResult } from '#bench/model/load.ts';
import { decodeHistogram, type Histogram } from '#bench/stats/histogram.ts';

/** Share of a reading that the generator's own lag may make up. */
export const LAG_SHARE = 0.1;

export interface Lag {
  /** Microseconds at quantile q. */
  at(q: number): number;
  readonly serviceP99: number;
  /** Whether the response time at quantile q is the subject's own. */
  tells(q: number): boolean;
  /** Whether the arrivals were not those asked for. */
  readonly spoils: boolean;
}

/** Undefined for a closed loop and where nothing was sent. `service` is `load.service`, decoded. */
export function lagOf(load: LoadResult, service: Histogram = decodeHistogram(load.service)): Lag | undefined {
  // Records from before the two were told apart have the whole lag only.
  const encoded = load.generatorLag ?? load.scheduleLag;
  if (encoded === undefined || load.requests === 0) return undefined;
  const at = micros(decodeHistogram(encoded));
  const response = load.response === undefined ? undefined : micros(decodeHistogram(load.response));
  const serviceP99 = micros(service)(0.99);
  return {
    at,
    serviceP99,
    tells: (q) => response !== undefined && at(q) <= LAG_SHARE * response(q),
    spoils: at(0.5) > serviceP99,
  };
}

const micros =
  (histogram: Histogram) =>
  (q: number): number =>
    histogram.getValueAtPercentile(q * 100) / 1e3;

/**
 * How long requests waited for a connection because all of the generator's own were busy: microseconds at p99, beyond its lag. Undefined
 * where that cannot be told. Of no more than one request in a hundred nothing is said.
 */
export function waitedForConnection({ scheduleLag, generatorLag, requests }: LoadResult): number | undefined {
  if (scheduleLag === undefined || generatorLag === undefined || requests === 0) return undefined;
  const [whole, own] = [scheduleLag, generatorLag].map((encoded) => micros(decodeHistogram(encoded))(0.99));
  return Math.max(0, whole! - own!);
}

/**
 * Connections that are busy at once at the offered rate, by Little's law, where an answer takes its usual time (p50: a stall is the subject's
 * own and no reason to have more of them). Undefined for a closed loop.
 */
export function connectionsNeeded({ offered, service, requests }: LoadResult): number | undefined {
  if (offered === undefined || requests === 0) return undefined;
  return offered * (decodeHistogram(service).getValueAtPercentile(50) / 1e9);
}
