/**
 * p99.9, which a single round seldom has the requests for: the rounds merged, its interval by drawing whole rounds anew. With a dozen
 * rounds that interval is too narrow for a claim (see `bootstrap`), so a tail is a figure to look at, never one to decide by. Pure.
 */
import type { CompletedTrial } from '#bench/model/record.ts';
import { bootstrap } from '#bench/stats/bootstrap.ts';
import type { Estimate } from '#bench/stats/estimate.ts';
import { decodeHistogram, type Histogram, samplesFor } from '#bench/stats/histogram.ts';
import { lagOf } from '../verdict/lag.ts';

const Q = 0.999;
const SEED = 1;
const RESAMPLES = 400;

export interface Tail {
  readonly kind: 'service' | 'response';
  /** Microseconds that the hop adds to direct at p99.9, rounds merged. */
  readonly estimate: Estimate;
}

/** The slowest requests of one round, enough of them for any draw of rounds; nanoseconds. */
interface Slowest {
  readonly total: number;
  readonly nanos: readonly number[];
}
export type TailRounds = ReadonlyMap<number, Slowest>;
export type TailsBy = Readonly<Record<Tail['kind'], TailRounds>>;

/** Of completed trials below saturation. Response times that the generator's lag spoils in any round are none. */
export function tailsOf(trials: readonly CompletedTrial[]): TailsBy {
  const responds = trials.every(({ load }) => lagOf(load)?.tells(Q));
  const slowest = (encoded: (trial: CompletedTrial) => string | undefined): TailRounds => {
    const rounds = new Map<number, Slowest>();
    for (const trial of trials) {
      const text = encoded(trial);
      if (text === undefined) continue;
      const own = slowestOf(decodeHistogram(text), trials.length);
      const other = rounds.get(trial.generation); // a gate's round holds several trials of a subject
      rounds.set(
        trial.generation,
        other ? { total: other.total + own.total, nanos: [...other.nanos, ...own.nanos] } : own,
      );
    }
    return rounds;
  };
  return {
    service: slowest(({ load }) => load.service),
    response: responds ? slowest(({ load }) => load.response) : new Map(),
  };
}

/** Were one round drawn alone, its share of the slowest would have to fill that of all. */
function slowestOf(histogram: Histogram, rounds: number): Slowest {
  const total = histogram.totalCount;
  const kept = Math.min(total, Math.ceil(rounds * (1 - Q) * total) + 1);
  return {
    total,
    nanos: Array.from({ length: kept }, (_, i) => histogram.getValueAtPercentile(100 * (1 - (i + 0.5) / total))),
  };
}

/** Microseconds at Q of some rounds together; a round may be drawn twice. */
function quantileOf(drawn: readonly Slowest[]): number {
  const beyond = Math.floor((1 - Q) * drawn.reduce((sum, { total }) => sum + total, 0));
  const nanos = drawn.flatMap((one) => one.nanos).toSorted((a, b) => b - a);
  return nanos[Math.min(beyond, nanos.length - 1)]! / 1e3;
}

const enough = (rounds: TailRounds): boolean =>
  [...rounds.values()].reduce((sum, { total }) => sum + total, 0) >= samplesFor(Q);

/** What a hop adds at p99.9: a difference of quantiles, the same rounds drawn on both sides. Null where either has too few requests. */
export function addedTail(of: TailsBy, direct: TailsBy, kind: Tail['kind']): Tail | null {
  const pairs = [...of[kind]].flatMap(([round, hop]) => {
    const other = direct[kind].get(round);
    return other ? [{ round, hop, direct: other }] : [];
  });
  if (!enough(new Map(pairs.map(({ round, hop }) => [round, hop])))) return null;
  if (!enough(new Map(pairs.map((pair) => [pair.round, pair.direct])))) return null;
  const difference = (drawn: typeof pairs): number =>
    quantileOf(drawn.map(({ hop }) => hop)) - quantileOf(drawn.map((pair) => pair.direct));
  return { kind, estimate: bootstrap(pairs, (drawn) => difference([...drawn]), { seed: SEED, resamples: RESAMPLES }) };
}
