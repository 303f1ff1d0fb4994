/**
 * A history → where its costs changed for good. A gate sees one change at a time and lets every small one pass; over many runs a level that
 * moved by less than any of them may show. Only ratios are looked at, to what took its turns in the same seconds: an absolute cost is one of the
 * host as well, which is another one within the hour. They run through all hosts. Pure.
 */
import type { HistoryEntry, HistoryLine } from '#bench/model/history.ts';
import { CHANGE_DEFAULTS, eDivisive } from '#bench/stats/e-divisive.ts';
import { type Estimate, transform } from '#bench/stats/estimate.ts';
import { shiftBetween } from '#bench/stats/mann-whitney.ts';
import { CONFIDENCE } from '../comparison/comparison.ts';

export interface SeriesPoint {
  readonly run: string;
  readonly at: string;
  readonly commit: string | null;
  readonly figure: Pick<Estimate, 'value' | 'low' | 'high'>;
}

/** A figure of one subject in one scenario, from run to run. */
export interface HistorySeries {
  readonly scenario: string;
  readonly subject: string;
  readonly kind: 'to reference' | 'to origin' | 'to direct';
  /** 'CPU per request ÷ l4-tcp' */
  readonly title: string;
  /** Of runs in which head shared its core with base. */
  readonly duet: boolean;
  readonly main: boolean;
  /** Oldest first. */
  readonly points: readonly SeriesPoint[];
}

export interface HistoryChange {
  /** The last run of the old level and the first of the new one. */
  readonly before: SeriesPoint;
  readonly after: SeriesPoint;
  /** New level ÷ old one, over the runs of the two levels. Found and measured in the same runs: a little too large. */
  readonly ratio: Estimate;
  readonly p: number;
  /** What else changed between the two runs: 'host', 'Node v26.1.0 → v26.2.0'. */
  readonly along: readonly string[];
}

export interface SeriesVerdict {
  readonly series: HistorySeries;
  readonly changes: readonly HistoryChange[];
  /** Enough runs to be tested. */
  readonly tested: boolean;
}

/** With fewer no permutation test can reach its level, or hardly. */
export const LEAST_RUNS = 10;
/** Of each series: how often one without any change is called changed. */
export const CHANGE_LEVEL = CHANGE_DEFAULTS.level;

export function changesOf(lines: readonly HistoryLine[]): SeriesVerdict[] {
  return seriesOf(lines).map((series) => {
    const { points } = series;
    const tested = points.length >= LEAST_RUNS;
    if (!tested) return { series, changes: [], tested };
    const logs = points.map(({ figure }) => Math.log(figure.value));
    const at = eDivisive(logs);
    const edges = [0, ...at.map((one) => one.at), points.length];
    const changes = at.map((one, i): HistoryChange => {
      const [before, after] = [points[one.at - 1]!, points[one.at]!];
      const shift = shiftBetween(logs.slice(one.at, edges[i + 2]), logs.slice(edges[i], one.at), CONFIDENCE);
      return {
        before,
        after,
        ratio: transform(shift, Math.exp),
        p: one.p,
        along: alongWith(lines, series, before, after),
      };
    });
    return { series, changes, tested };
  });
}

type Read = (entry: HistoryEntry) => Pick<Estimate, 'value' | 'low' | 'high'> | undefined;

const KINDS: readonly {
  readonly kind: HistorySeries['kind'];
  readonly title: (entry: HistoryEntry) => string;
  readonly of: Read;
}[] = [
  {
    kind: 'to reference',
    title: ({ toReference }) => `CPU per request ÷ ${toReference?.reference ?? 'the reference'}`,
    of: ({ toReference }) => toReference,
  },
  {
    kind: 'to origin',
    title: () => 'CPU per request ÷ the origin’s',
    // The next best where no proxy was there to be divided by.
    of: ({ toReference, toOrigin }) => (toReference ? undefined : toOrigin),
  },
  {
    kind: 'to direct',
    title: () => 'service time p50 ÷ direct',
    of: ({ toDirect }) => toDirect?.serviceP50,
  },
];

/** Every series with a positive figure in some run, the main scenario's first. */
export function seriesOf(lines: readonly HistoryLine[]): HistorySeries[] {
  const series = new Map<string, HistorySeries & { points: SeriesPoint[] }>();
  for (const { kind, title, of } of KINDS)
    for (const { run, at, commit, duet, entries } of lines)
      for (const entry of entries) {
        const figure = of(entry);
        if (figure === undefined || !(figure.value > 0)) continue;
        const name = title(entry);
        const key = JSON.stringify([kind, name, entry.scenario, entry.subject, duet]);
        const known = series.get(key) ?? {
          scenario: entry.scenario,
          subject: entry.subject,
          kind,
          title: name,
          duet,
          main: entry.main,
          points: [],
        };
        const { value, low, high } = figure;
        known.points.push({ run, at, commit, figure: { value, low, high } });
        series.set(key, known);
      }
  return [...series.values()].toSorted((a, b) => Number(b.main) - Number(a.main));
}

function alongWith(
  lines: readonly HistoryLine[],
  { subject }: HistorySeries,
  before: SeriesPoint,
  after: SeriesPoint,
): string[] {
  const [a, b] = [before, after].map(({ run }) => lines.find((line) => line.run === run)!) as [
    HistoryLine,
    HistoryLine,
  ];
  const differs = (what: string, x: string | undefined, y: string | undefined): string[] =>
    x === undefined || y === undefined || x === y ? [] : [`${what} ${x} → ${y}`];
  return [
    ...(a.fingerprint === b.fingerprint ? [] : ['host']),
    ...differs('Node', a.node, b.node),
    ...differs('hopcost', a.hopcost, b.hopcost),
    ...(a.versions[subject] === a.node ? [] : differs(subject, a.versions[subject], b.versions[subject])),
  ];
}
