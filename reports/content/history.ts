/** A history: where costs changed for good, by how much, and what lies in between. */
import {
  CHANGE_LEVEL,
  type HistoryChange,
  type HistorySeries,
  LEAST_RUNS,
  type SeriesVerdict,
} from '#bench/analysis/across-runs/change-points.ts';
import { counted, formatEstimate, percent } from '#bench/analysis/words/quantity.ts';
import type { HistoryLine } from '#bench/model/history.ts';
import { type Block, type Item, paragraph } from '../document/tree.ts';

export interface HistoryReport {
  readonly lines: readonly HistoryLine[];
  readonly verdicts: readonly SeriesVerdict[];
  /** What git says of the commits after one and up to another; undefined where it cannot tell. */
  readonly commitsBetween?: (before: string | null, after: string | null) => readonly string[] | undefined;
}

const MOST_COMMITS = 8;
const day = (at: string): string => at.slice(0, 10);

export function historyBlocks({ lines, verdicts, commitsBetween = () => undefined }: HistoryReport): Block[] {
  const hosts = new Set(lines.map(({ fingerprint }) => fingerprint)).size;
  const [first, last] = [lines[0], lines.at(-1)];
  const span = first && last ? `, ${day(first.at)} to ${day(last.at)}` : '';
  const told = new Set<string>();
  /** Several series change at one place: its commits are told once. */
  const commitsOf = ({ before, after }: HistoryChange): readonly string[] => {
    const place = JSON.stringify([before.commit, after.commit]);
    const commits = told.has(place) ? [] : (commitsBetween(before.commit, after.commit) ?? []);
    told.add(place);
    return commits;
  };
  const changed = verdicts.filter(({ tested, changes }) => tested && changes.length > 0);
  return [
    paragraph([{ strong: `${counted(lines.length, 'run')} on ${counted(hosts, 'host')}${span}` }]),
    ...changed.flatMap(({ series, changes }): Block[] => [
      paragraph(seriesWords(series)),
      { kind: 'items', items: changes.flatMap((change) => changeItems(change, commitsOf(change))) },
    ]),
    paragraph(conclusion(verdicts)),
  ];
}

function changeItems(change: HistoryChange, commits: readonly string[]): Item[] {
  const { ratio, p, before, after, along } = change;
  const more = commits.length - MOST_COMMITS;
  return [
    {
      badge: ratio.value > 1 ? { word: 'more expensive', tone: 'bad' } : { word: 'cheaper', tone: 'good' },
      text: `${formatEstimate(ratio, 'ratio')}, p = ${p.toPrecision(1)}, from ${placeWords(before)} to ${placeWords(after)}${along.length > 0 ? `; at the same time changed: ${along.join(', ')}` : ''}`,
    },
    ...commits.slice(0, MOST_COMMITS).map((commit): Item => ({ text: `· ${commit}` })),
    ...(more > 0 ? [{ text: `… and ${counted(more, 'more commit', 'more commits')}` }] : []),
  ];
}

const seriesWords = ({ title, subject, scenario, duet, points }: HistorySeries): string =>
  `${title}, ${subject} in ${scenario}${duet ? ', beside base' : ''}: ${counted(points.length, 'run')}`;

const placeWords = ({ run, at, commit }: HistoryChange['before']): string =>
  `${commit === null ? run : commit.slice(0, 12)} (${day(at)})`;

/** What was looked at, and how far it may be trusted. */
function conclusion(verdicts: readonly SeriesVerdict[]): string {
  const tested = verdicts.filter((one) => one.tested);
  if (tested.length === 0) return `Nothing can be told yet: no series has ${LEAST_RUNS} runs.`;
  const short = verdicts.length - tested.length;
  const points = tested.reduce((sum, { changes }) => sum + changes.length, 0);
  const expected = tested.length * CHANGE_LEVEL;
  const untested = short === 0 ? '' : ` ${short} more have fewer than ${LEAST_RUNS} runs, too few to tell.`;
  return `${counted(points, 'change point')} in ${tested.length} series (E-divisive, each at ${percent(CHANGE_LEVEL)}: by chance alone about ${expected.toPrecision(1)} of them would show one). A size is found and measured in the same runs, and so a little too large.${untested}`;
}
