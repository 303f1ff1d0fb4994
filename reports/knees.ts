/** Searched knees as a table: a row a subject, as every report that people read shows it. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import type { KneeAnalysis } from '#bench/analysis/knees/knees.ts';
import { formatQuantity } from '#bench/analysis/words/quantity.ts';

interface KneeTable {
  readonly scenario: string;
  /** 'Highest rate with p99 < 2 ms (http-small)' */
  readonly title: string;
  readonly heads: readonly string[];
  readonly rows: readonly KneeRow[];
}

interface KneeRow {
  readonly subject: string;
  /** One each of `heads`. */
  readonly cells: readonly string[];
  readonly search: KneeAnalysis;
}

const HEADS = ['highest rate', 'between', 'held at', 'missed at', 'windows'] as const;
const rate = (value: number): string => formatQuantity(value, '/s');

/** One a scenario; none where no knee was searched. */
export const kneeTables = ({ knees }: Analysis): KneeTable[] =>
  [...Map.groupBy(knees?.searches ?? [], ({ scenario }) => scenario)].map(([scenario, searches]) => ({
    scenario,
    title: `Highest rate with ${knees!.objective} (${scenario})`,
    heads: HEADS,
    rows: searches.map((search) => ({ subject: search.subject, cells: cellsOf(search), search })),
  }));

function cellsOf({ state, rate: found, held, missed, windows }: KneeAnalysis): string[] {
  const figure = found ? rate(found.value) : state === 'never' ? 'none' : 'cannot tell';
  const between = found ? `${rate(found.low)}–${rate(found.high)}`.replaceAll('/s', '') : '–';
  return [figure, between, held ? rate(held.rate) : '–', missed ? rate(missed.rate) : '–', String(windows.length)];
}
