/** What the same subject differs from itself in this run: its A/A twin in the same round, or its neighbouring rounds. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { counted, percent } from '#bench/analysis/words/quantity.ts';
import { neighboursOf, noiseFloor, twinsOf } from '../content/noise-floor.ts';
import { type ChartDefinition, type Drawing, missing, tip } from './chart.ts';
import { columns, guide } from './marks.ts';
import { curveView, isNarrow } from './views.ts';

const LEAST_DRAWN = 8;
const STEPS = [0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25];
const MOST_BINS = 24;

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

function draw(analysis: Analysis): Drawing[] {
  const twins = twinsOf(analysis);
  const isTwins = twins.length >= LEAST_DRAWN;
  const pairs = isTwins ? twins : neighboursOf(analysis);
  if (pairs.length < LEAST_DRAWN) return missing('this host’s noise', '--preset standard');
  const relative = pairs.map(({ difference }) => Math.expm1(difference));
  const largest = Math.max(...relative.map(Math.abs));
  const step = STEPS.find((one) => (2 * largest) / one <= MOST_BINS) ?? 0.5;
  const counts = Map.groupBy(relative, (value) => Math.floor(value / step));
  const [least, most] = [Math.min(...counts.keys()), Math.max(...counts.keys())];
  const bins = Array.from({ length: most - least + 1 }, (_, i) => {
    const [from, to] = [(least + i) * step, (least + i + 1) * step];
    const count = counts.get(least + i)?.length ?? 0;
    return { from, to, count, tip: tip('', `${percent(from)} to ${percent(to)}: ${counted(count, 'pair')}`) };
  });
  const floor = noiseFloor(analysis);
  return [
    {
      state: 'drawn',
      answer: `Half of ${counted(pairs.length, isTwins ? 'A/A pair' : 'pair of rounds', isTwins ? undefined : 'pairs of rounds')} differ by less than ${percent(median(relative.map(Math.abs)))} in CPU per request`,
      description: `Histogram of ${pairs.length} pairs: relative difference of CPU per request of the same subject. The largest is ${percent(largest)}.${floor === null ? '' : ` Below ${percent(floor)} nothing is called different.`}`,
      table: {
        kind: 'table',
        label: 'differences of the same from the same',
        head: 'Difference',
        columns: [{ title: 'Pairs' }],
        rows: bins.map(({ from, to, count }) => ({
          head: `${percent(from)} to ${percent(to)}`,
          cells: [String(count)],
        })),
      },
      spec: (width) => {
        const x = {
          title: isTwins ? 'one ÷ the other − 1' : 'later ÷ earlier round − 1',
          domain: [least * step, (most + 1) * step] as const,
          format: '+.1~%',
          ticks: isNarrow(width) ? 4 : 7,
          grid: false,
        };
        const y = {
          title: 'pairs',
          domain: [0, Math.max(...bins.map(({ count }) => count)) * 1.05] as const,
          ticks: 4,
          format: 'd',
        };
        return curveView(width, 220, { x, y }, [columns(bins, 'count'), guide([{ at: 0, tip: tip('', '') }], 'x')]);
      },
    },
  ];
}

export const noise: ChartDefinition = { name: 'noise', question: 'How far is a proxy from itself?', draw };
