/**
 * What the same subject differs from itself in this run: its A/A twin in the same round, or, in a run without twins, its neighbouring
 * rounds taken in pairs as if they were two subjects. Nothing smaller can be called a difference.
 */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { percent } from '#bench/analysis/words/quantity.ts';
import { type Chart, type Drawing } from './chart.ts';
import { isNarrow, sized } from './frame.ts';

interface Pair {
  readonly subject: string;
  readonly scenario: string;
  /** ln(later ÷ earlier) of CPU per request. */
  readonly difference: number;
}

/** Each twin against its original in the same round. */
function twinsOf({ noise: measured, trials }: Analysis): Pair[] {
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
function neighboursOf({ trials }: Analysis): Pair[] {
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

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

const LEAST_PAIRS = 3;
const LEAST_DRAWN = 8;

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

const STEPS = [0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25];
const MOST_BINS = 24;

function draw(analysis: Analysis): Drawing[] {
  const twins = twinsOf(analysis);
  const isTwins = twins.length >= LEAST_DRAWN;
  const pairs = isTwins ? twins : neighboursOf(analysis);
  const what = isTwins
    ? 'A/A pairs: the same subject twice in a round'
    : 'pairs of neighbouring rounds of the same subject';
  if (pairs.length < LEAST_DRAWN)
    return [
      {
        state: 'cannot tell',
        title: 'Noise: the same subject against itself',
        reason: `The noise of this host shows in pairs of rounds of the same subject; this run has ${pairs.length}, and a histogram needs ${LEAST_DRAWN}. --preset standard has 12 rounds.`,
      },
    ];
  const relative = pairs.map(({ difference }) => Math.expm1(difference));
  const largest = Math.max(...relative.map(Math.abs));
  const step = STEPS.find((one) => (2 * largest) / one <= MOST_BINS) ?? 0.5;
  const counts = Map.groupBy(relative, (value) => Math.floor(value / step));
  const [least, most] = [Math.min(...counts.keys()), Math.max(...counts.keys())];
  const bins = Array.from({ length: most - least + 1 }, (_, i) => {
    const bin = least + i;
    return { from: bin * step, to: (bin + 1) * step, pairs: counts.get(bin)?.length ?? 0 };
  });
  const typical = median(relative.map(Math.abs));
  const floor = noiseFloor(analysis);
  return [
    {
      state: 'drawn',
      title: `Noise: half of the ${isTwins ? 'A/A pairs' : 'pairs of rounds of the same subject'} differ by less than ${percent(typical)} in CPU per request`,
      description: `Histogram of ${pairs.length} ${what}: relative difference of CPU per request. The largest is ${percent(largest)}.${floor === null ? '' : ` Below ${percent(floor)} nothing is called different.`}`,
      table: {
        columns: ['Difference', 'Pairs'],
        rows: bins.map(({ from, to, pairs: count }) => [`${percent(from)} to ${percent(to)}`, String(count)]),
      },
      spec: (width) => ({
        ...sized(width, 240),
        data: {
          values: bins.map((bin) => ({
            ...bin,
            tip: `\u2063${percent(bin.from)} to ${percent(bin.to)}: ${bin.pairs} pairs`,
          })),
        },
        layer: [
          {
            mark: { type: 'bar', color: 'var(--user)', binSpacing: 1 },
            encoding: {
              x: {
                field: 'from',
                type: 'quantitative',
                bin: 'binned',
                title: isTwins
                  ? 'one ÷ the other of the same subject − 1'
                  : 'later round ÷ earlier round of the same subject − 1',
                axis: { format: '+.1~%', tickCount: isNarrow(width) ? 5 : 9, grid: false },
              },
              x2: { field: 'to' },
              y: {
                field: 'pairs',
                type: 'quantitative',
                title: 'pairs of rounds',
                axis: { tickMinStep: 1, tickCount: 5 },
              },
              description: { field: 'tip', type: 'nominal' },
            },
          },
          {
            data: { values: [{ none: 0 }] },
            mark: { type: 'rule', color: 'var(--ink)', strokeDash: [3, 3] },
            encoding: { x: { field: 'none', type: 'quantitative' } },
          },
        ],
      }),
    },
  ];
}

export const noise: Chart = { name: 'noise', draw };
