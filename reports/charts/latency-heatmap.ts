/** Where the requests of each moment lie: a stall or a second hump that no percentile shows is seen here. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import type { OverTime } from '#bench/analysis/figures/over-time.ts';
import { formatQuantity, percent } from '#bench/analysis/words/quantity.ts';
import { pacedScenario } from '#bench/analysis/scenarios/reading-point.ts';
import { type Chart, type Drawing, tip } from './chart.ts';
import { isNarrow, logTicks, MICROS_LABEL } from './frame.ts';
import { toldApart } from './groups.ts';
import { lagsIn, LAG_WORDS } from './lag-words.ts';
import { CONFIG } from './palette.ts';

const MOST_STEPS = 12;
const MOST_SUBJECTS = 6;
/** Rows of the map: two an octave. */
const rowOf = (micros: number): number => Math.floor(2 * Math.log2(Math.max(1, micros)));
const microsOf = (row: number): number => 2 ** (row / 2);

interface Cell {
  readonly subject: string;
  readonly from: number;
  readonly to: number;
  readonly low: number;
  readonly high: number;
  readonly share: number;
  readonly tip: string;
}

/** Neighbouring steps are joined until few enough are left to see. */
function cellsOf({ subject, latency }: OverTime): Cell[] {
  const { counts, interval } = latency!;
  const joined = Math.ceil(counts.length / MOST_STEPS);
  return Array.from({ length: Math.ceil(counts.length / joined) }, (_, step): Cell[] => {
    const buckets = counts.slice(step * joined, (step + 1) * joined).flat();
    const total = buckets.reduce((sum, { requests }) => sum + requests, 0);
    const rows = Map.groupBy(buckets, ({ micros }) => rowOf(micros));
    const [from, to] = [step * joined, Math.min(counts.length, (step + 1) * joined)].map(
      (at) => (at * interval) / 1_000,
    );
    return [...rows].map(([row, own]) => {
      const share = own.reduce((sum, { requests }) => sum + requests, 0) / total;
      const [low, high] = [microsOf(row), microsOf(row + 1)];
      const words = `${from!.toFixed(1)}–${to!.toFixed(1)} s, ${formatQuantity(low, 'µs')} to ${formatQuantity(high, 'µs')}: ${percent(share)}`;
      return { subject, from: from!, to: to!, low, high, share, tip: tip(subject, words) };
    });
  }).flat();
}

function draw(analysis: Analysis): Drawing[] {
  const { scenarios, overTime } = analysis;
  const paced = pacedScenario(scenarios);
  const all = overTime.filter(
    ({ scenario, latency }) => scenario === paced?.scenario.name && latency?.counts.some(({ length }) => length > 0),
  );
  const slowest = (name: string): number =>
    Math.max(
      ...all
        .find(({ subject }) => subject === name)!
        .latency!.counts.flatMap((step) => step.map(({ micros }) => micros)),
    );
  const shown = toldApart(
    analysis,
    all.map(({ subject }) => subject),
    slowest,
  ).slice(0, MOST_SUBJECTS);
  const title = 'Map of response times';
  if (all.length === 0)
    return [
      {
        state: 'cannot tell',
        title,
        reason: paced
          ? `No trial of ${paced.scenario.name} completed with its latency over time recorded.`
          : 'No scenario offered a fixed rate, and the times of a saturated loop are those of its queue; add --scenarios http-small,http-paced-50.',
      },
    ];
  const everyCell = all.flatMap(cellsOf);
  const cells = everyCell.filter(({ subject }) => shown.includes(subject));
  const names = shown;
  const rows = all.map(({ subject: name }) => {
    const own = everyCell.filter(({ subject }) => subject === name);
    const main = own.toSorted((a, b) => b.share - a.share)[0]!;
    const top = own.toSorted((a, b) => b.high - a.high)[0]!;
    return { name, main, top };
  });
  const worst = rows.toSorted((a, b) => b.top.high - a.top.high)[0]!;
  return [
    {
      state: 'drawn',
      title: `${title} (${all[0]!.scenario})${lagsIn(paced) ? LAG_WORDS : ''}: the slowest requests, up to ${formatQuantity(worst.top.high, 'µs')}, are those of ${worst.name} at ${worst.top.from.toFixed(1)} s`,
      description: `One map a subject: seconds of the window across, response time upwards on a logarithmic scale, darker where more of that moment’s requests lie. Rounds merged.${all.length > shown.length ? ` Drawn are ${shown.length} of ${all.length} subjects, the table has them all.` : ''}`,
      table: {
        columns: ['Subject', 'Most requests between', 'Slowest up to', 'at'],
        rows: rows.map(({ name, main, top }) => [
          name,
          `${formatQuantity(main.low, 'µs')} and ${formatQuantity(main.high, 'µs')}`,
          formatQuantity(top.high, 'µs'),
          `${top.from.toFixed(1)} s`,
        ]),
      },
      spec: (width) => {
        const narrow = isNarrow(width);
        const columns = narrow ? 1 : Math.min(3, names.length);
        const [lowest, highest] = [
          Math.min(...cells.map(({ low }) => low)),
          Math.max(...cells.map(({ high }) => high)),
        ];
        return {
          config: CONFIG,
          data: { values: cells },
          facet: {
            field: 'subject',
            type: 'nominal',
            sort: [...names],
            title: null,
            header: { labelAnchor: 'start', labelLimit: narrow ? 240 : 200 },
          },
          columns,
          spacing: narrow ? 18 : 22,
          spec: {
            width: Math.floor((width - (narrow ? 74 : 96) - 22 * (columns - 1)) / columns),
            height: narrow ? 110 : 150,
            mark: { type: 'rect', color: 'var(--user)' },
            encoding: {
              x: {
                field: 'from',
                type: 'quantitative',
                title: 'seconds of the window',
                scale: { nice: false },
                axis: { grid: false, tickCount: 4 },
              },
              x2: { field: 'to' },
              y: {
                field: 'low',
                type: 'quantitative',
                title: narrow ? null : 'response time',
                scale: { type: 'log', domain: [lowest, highest], nice: false },
                axis: { values: logTicks(lowest, highest, 5), labelExpr: MICROS_LABEL },
              },
              y2: { field: 'high' },
              fillOpacity: {
                field: 'share',
                type: 'quantitative',
                scale: { type: 'sqrt', domain: [0, 1], range: [0.06, 1] },
                legend: null,
              },
              description: { field: 'tip', type: 'nominal' },
            },
          },
        };
      },
    },
  ];
}

export const latencyHeatmap: Chart = { name: 'latency-heatmap', draw };
