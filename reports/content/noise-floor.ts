/**
 * What the same subject differs from itself in this run: its A/A twin in the same round, or, in a run without twins, its neighbouring
 * rounds taken in pairs as if they were two subjects. Nothing smaller can be called a difference.
 */
import type { Analysis } from '#bench/analysis/analysis.ts';

interface Pair {
  readonly subject: string;
  readonly scenario: string;
  /** ln(later ÷ earlier) of CPU per request. */
  readonly difference: number;
}

/** Each twin against its original in the same round. */
export function twinsOf({ noise: measured, trials }: Analysis): Pair[] {
  const cost = (scenario: string, subject: string): Map<number, number> =>
    new Map(
      trials
        .filter((row) => row.state === 'completed' && row.scenario === scenario && row.subject === subject)
        .flatMap(({ round, figures: { cpuPerRequest } }): [number, number][] =>
          cpuPerRequest !== undefined && cpuPerRequest > 0 ? [[round, cpuPerRequest]] : [],
        ),
    );
  return (measured?.comparisons ?? [])
    .filter(({ metric, kind }) => metric === 'cpuPerRequest' && kind === 'ratio')
    .flatMap(({ subject: twin, reference }) => {
      const original = cost(reference.scenario, reference.subject);
      return [...cost(twin.scenario, twin.subject)].flatMap(([round, value]): Pair[] => {
        const other = original.get(round);
        return other === undefined
          ? []
          : [{ scenario: twin.scenario, subject: reference.subject, difference: Math.log(value / other) }];
      });
    });
}

/** Rounds 0 and 1, 2 and 3, …: no round stands in two pairs. Closed loops only: at a fixed rate the figure is another one. */
export function neighboursOf({ trials }: Analysis): Pair[] {
  const series = Map.groupBy(
    trials.filter(
      ({ state, offered, figures }) => state === 'completed' && offered === null && (figures.cpuPerRequest ?? 0) > 0,
    ),
    ({ scenario, subject }) => JSON.stringify([scenario, subject]),
  );
  return [...series.values()].flatMap((own) =>
    own
      .filter(({ round }) => round % 2 === 0)
      .flatMap(({ scenario, subject, round, figures: { cpuPerRequest } }): Pair[] => {
        const next = own.find((one) => one.round === round + 1)?.figures.cpuPerRequest;
        return next === undefined ? [] : [{ scenario, subject, difference: Math.log(next / cpuPerRequest!) }];
      }),
  );
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

const LEAST_PAIRS = 3;

/**
 * Relative difference of CPU per request below which nothing is called different: what the intervals of the A/A twins allow, or the
 * largest median difference of any subject's neighbouring rounds; null where no subject has three pairs of them.
 */
export function noiseFloor(analysis: Analysis): number | null {
  const twins = analysis.noise?.comparisons.filter(
    ({ metric, kind }) => metric === 'cpuPerRequest' && kind === 'ratio',
  );
  if (twins && twins.length > 0) return Math.expm1(Math.max(...twins.map(({ floor }) => floor)));
  const groups = Map.groupBy(neighboursOf(analysis), ({ scenario, subject }) => JSON.stringify([scenario, subject]));
  const medians = [...groups.values()]
    .filter(({ length }) => length >= LEAST_PAIRS)
    .map((own) => Math.abs(median(own.map(({ difference }) => difference))));
  return medians.length === 0 ? null : Math.expm1(Math.max(...medians));
}
