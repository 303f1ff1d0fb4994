/** Where the requests of each moment lie: a stall or a second hump that no percentile shows is seen here. */
import type { TopLevelSpec } from 'vega-lite';
import type { Analysis } from '#bench/analysis/analysis.ts';
import type { OverTime } from '#bench/analysis/figures/over-time.ts';
import { formatQuantity, percent } from '#bench/analysis/words/quantity.ts';
import { pacedScenario } from '#bench/analysis/scenarios/reading-point.ts';
import { type ChartDefinition, type Drawing, missing, tip } from './chart.ts';
import { tellApart } from './many-lines.ts';
import { CONFIG } from './palette.ts';
import { isNarrow, logMicros } from './views.ts';

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
    const [from, to] = [step * joined, Math.min(counts.length, (step + 1) * joined)].map(
      (at) => (at * interval) / 1_000,
    ) as [number, number];
    return [...Map.groupBy(buckets, ({ micros }) => rowOf(micros))].map(([row, own]) => {
      const share = own.reduce((sum, { requests }) => sum + requests, 0) / total;
      const [low, high] = [microsOf(row), microsOf(row + 1)];
      const said = `${from.toFixed(1)}–${to.toFixed(1)} s, ${formatQuantity(low, 'µs')} to ${formatQuantity(high, 'µs')}: ${percent(share)}`;
      return { subject, from, to, low, high, share, tip: tip(subject, said) };
    });
  }).flat();
}

function draw(analysis: Analysis): Drawing[] {
  const paced = pacedScenario(analysis.scenarios);
  const all = analysis.overTime.filter(
    ({ scenario, latency }) => scenario === paced?.scenario.name && latency?.counts.some(({ length }) => length > 0),
  );
  if (all.length === 0) return missing('a map of response times', '--scenarios http-small,http-paced-50');
  const cells = all.flatMap(cellsOf);
  const rows = all.map(({ subject }) => {
    const own = cells.filter((cell) => cell.subject === subject);
    return {
      subject,
      main: own.toSorted((a, b) => b.share - a.share)[0]!,
      top: own.toSorted((a, b) => b.high - a.high)[0]!,
    };
  });
  const worst = rows.toSorted((a, b) => b.top.high - a.top.high)[0]!;
  const { names } = tellApart(analysis, all, (name) => rows.find(({ subject }) => subject === name)!.top.high);
  const shown = names.slice(0, MOST_SUBJECTS);
  return [
    {
      state: 'drawn',
      answer: `The slowest requests, up to ${formatQuantity(worst.top.high, 'µs')}, are those of ${worst.subject} at ${worst.top.from.toFixed(1)} s`,
      description: `One map a subject (${paced!.scenario.name}): seconds of the window across, response time upwards on a logarithmic scale, darker where more of that moment’s requests lie. Rounds merged.${all.length > shown.length ? ` Drawn are ${shown.length} of ${all.length} subjects, the table has them all.` : ''}`,
      table: {
        kind: 'table',
        label: 'map of response times',
        head: 'Subject',
        columns: [
          { title: 'Most requests from', unit: 'µs' },
          { title: 'to', unit: 'µs' },
          { title: 'Slowest up to', unit: 'µs' },
          { title: 'At second' },
        ],
        rows: rows.map(({ subject, main, top }) => ({
          head: subject,
          cells: [{ value: main.low }, { value: main.high }, { value: top.high }, top.from.toFixed(1)],
        })),
      },
      spec: (width) => specOf(shown, cells, width),
    },
  ];
}

/** A map a subject, side by side where there is room. */
function specOf(shown: readonly string[], cells: readonly Cell[], width: number): TopLevelSpec {
  const columns = isNarrow(width) ? 1 : Math.min(2, shown.length);
  const drawn = cells.filter(({ subject }) => shown.includes(subject));
  const { ticks, label } = logMicros(
    '',
    drawn.flatMap(({ low, high }) => [low, high]),
    5,
  );
  const domain = [Math.min(...drawn.map(({ low }) => low)), Math.max(...drawn.map(({ high }) => high))];
  return {
    config: CONFIG,
    data: { values: drawn },
    facet: {
      field: 'subject',
      type: 'nominal',
      sort: [...shown],
      title: null,
      header: { labelAnchor: 'start', labelLimit: 200 },
    },
    columns,
    spacing: 18,
    spec: {
      width: Math.floor((width - 84 - 18 * (columns - 1)) / columns),
      height: 110,
      mark: { type: 'rect', color: 'var(--user)' },
      encoding: {
        x: {
          field: 'from',
          type: 'quantitative',
          title: 'seconds',
          scale: { nice: false },
          axis: { grid: false, tickCount: 4 },
        },
        x2: { field: 'to' },
        y: {
          field: 'low',
          type: 'quantitative',
          title: null,
          scale: { type: 'log', domain, nice: false },
          axis: { values: [...(ticks as number[])], labelExpr: label! },
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
}

export const latencyHeatmap: ChartDefinition = {
  name: 'latency-heatmap',
  question: 'Did requests stall at some moment?',
  draw,
};
