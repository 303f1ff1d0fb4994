/** A history in a terminal: where costs changed for good, by how much, and what lies in between. 80 columns. */
import {
  CHANGE_LEVEL,
  type HistoryChange,
  type HistorySeries,
  LEAST_RUNS,
  type SeriesVerdict,
} from '#bench/analysis/across-runs/change-points.ts';
import { formatEstimate, percent } from '#bench/analysis/words/quantity.ts';
import type { HistoryLine } from '#bench/model/history.ts';
import { painter, printable, WIDTH, wrap } from './columns.ts';

export interface HistoryReport {
  readonly lines: readonly HistoryLine[];
  readonly verdicts: readonly SeriesVerdict[];
  /** What git says of the commits after one and up to another; undefined where it cannot tell. */
  readonly commitsBetween?: (before: string | null, after: string | null) => readonly string[] | undefined;
}

const MOST_COMMITS = 8;
const day = (at: string): string => at.slice(0, 10);

export function renderHistory(
  { lines, verdicts, commitsBetween = () => undefined }: HistoryReport,
  { colour = false }: { readonly colour?: boolean } = {},
): string {
  const paint = painter(colour);
  const item = (indent: string, text: string): string[] =>
    wrap(printable(text), WIDTH - indent.length).map(
      (line, i) => `${i === 0 ? indent : ' '.repeat(indent.length)}${line}`,
    );
  const hosts = new Set(lines.map(({ fingerprint }) => fingerprint)).size;
  const [first, last] = [lines[0], lines.at(-1)];
  const span = first && last ? `, ${day(first.at)} to ${day(last.at)}` : '';
  const out = ['', ` ${paint('bold', `${lines.length} runs on ${hosts} ${hosts === 1 ? 'host' : 'hosts'}${span}`)}`];
  const tested = verdicts.filter((one) => one.tested);
  const told = new Set<string>();
  for (const { series, changes } of tested.filter((one) => one.changes.length > 0)) {
    out.push('', ...item(' ', seriesWords(series)));
    for (const change of changes) {
      const { ratio, p, before, after, along } = change;
      const isWorse = ratio.value > 1;
      const [label, ...more] = wrap(`${changeWords(change)}, p = ${p.toPrecision(1)}`, WIDTH - 12);
      out.push(
        `  ${paint(isWorse ? 'red' : 'green', isWorse ? 'dearer ' : 'cheaper')}  ${label}`,
        ...more.map((line) => `${' '.repeat(11)}${line}`),
      );
      out.push(...item('           ', `from ${placeWords(before)} to ${placeWords(after)}`));
      if (along.length > 0) out.push(...item('           ', `at the same time changed: ${along.join(', ')}`));
      // Several series change at one place: its commits are told once.
      const place = JSON.stringify([before.commit, after.commit]);
      const commits = told.has(place) ? [] : (commitsBetween(before.commit, after.commit) ?? []);
      told.add(place);
      out.push(...commits.slice(0, MOST_COMMITS).flatMap((commit) => item('           · ', commit)));
      if (commits.length > MOST_COMMITS) out.push(`           … and ${commits.length - MOST_COMMITS} more commits`);
    }
  }
  out.push('', ...item(' ', conclusion(verdicts)));
  return `${out.join('\n')}\n`;
}

export function seriesWords({ title, subject, scenario, duet, points }: HistorySeries): string {
  return `${title}, ${subject} in ${scenario}${duet ? ', beside base' : ''}: ${points.length} runs`;
}

export const changeWords = ({ ratio }: HistoryChange): string => formatEstimate(ratio, 'ratio');

const placeWords = ({ run, at, commit }: HistoryChange['before']): string =>
  `${commit === null ? run : commit.slice(0, 12)} (${day(at)})`;

/** What was looked at, and how far it may be trusted. */
export function conclusion(verdicts: readonly SeriesVerdict[]): string {
  const tested = verdicts.filter((one) => one.tested);
  const short = verdicts.length - tested.length;
  const points = tested.reduce((sum, { changes }) => sum + changes.length, 0);
  const expected = tested.length * CHANGE_LEVEL;
  const untested = short === 0 ? '' : ` ${short} more have less than ${LEAST_RUNS} runs, too few to tell.`;
  if (tested.length === 0) return `Nothing can be told yet: no series has ${LEAST_RUNS} runs.`;
  return `${points} change ${points === 1 ? 'point' : 'points'} in ${tested.length} series (E-divisive, each at ${percent(CHANGE_LEVEL)}: by chance alone about ${expected.toPrecision(1)} of them would show one). A size is found and measured in the same runs, and so a little too large.${untested}`;
}
