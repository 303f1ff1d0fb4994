/** Throughput along a trial with the discarded warm-up shaded, and latency along the window: was it steady where it was measured? */
import type { Analysis } from '#bench/analysis/analysis.ts';
import type { OverTime } from '#bench/analysis/figures/over-time.ts';
import { formatQuantity, percent } from '#bench/analysis/words/quantity.ts';
import { pacedScenario } from '#bench/analysis/scenarios/reading-point.ts';
import { mainScenarios } from '../content/main-scenario.ts';
import { lagsIn } from '../content/paced.ts';
import { type ChartDefinition, type Drawing, missing, tip } from './chart.ts';
import { band, hover, lines, words } from './marks.ts';
import { type Told, tellApart } from './many-lines.ts';
import { curveView, legendOf, logMicros, looks } from './views.ts';

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
/** First and second half of the window. */
const halves = ({ throughput: rates }: OverTime): readonly [number, number] => {
  const half = Math.max(1, rates.length >> 1);
  return [mean(rates.slice(0, half)), mean(rates.slice(-half))];
};
/** How far the halves lie apart, relative to the whole. */
const drift = (one: OverTime): number => (halves(one)[1] - halves(one)[0]) / mean(one.throughput);
/** The middle of a step of the time axis, in seconds of the window. */
const seconds = (index: number, interval: number): number => ((index + 0.5) * interval) / 1_000;
const STEADY = 0.02;

const colours = (told: Told<unknown>, width: number) => {
  const legend = legendOf(width);
  return {
    colour: looks(told.looks, told.names, 'colour', legend),
    dash: looks(told.looks, told.names, 'dash', legend),
  };
};
const unsaid = <T extends { readonly subject: string }>(data: readonly T[]) =>
  data.map((one) => ({ ...one, tip: tip(one.subject, '') }));

function drawThroughput(analysis: Analysis): Drawing[] {
  const { plain } = mainScenarios(analysis);
  const series = analysis.overTime.filter(({ scenario }) => scenario === plain?.scenario.name);
  if (series.length === 0) return missing('throughput over time', '--scenarios http-small');
  const steps = series.flatMap(({ subject, interval, throughput, warmup }) =>
    [...(warmup ?? []), ...throughput].map((rate, i) => {
      const at = seconds(i - (warmup?.length ?? 0), interval);
      return {
        subject,
        at,
        rate,
        tip: tip(subject, `${subject} at ${at.toFixed(2)} s: ${formatQuantity(rate, '/s')}`),
      };
    }),
  );
  const driftOf = new Map(series.map((one) => [one.subject, drift(one)]));
  const told = tellApart(analysis, steps, (name) => Math.abs(driftOf.get(name)!));
  const worst = series.toSorted((a, b) => Math.abs(drift(b)) - Math.abs(drift(a)))[0]!;
  const start = Math.min(0, ...steps.map(({ at }) => at));
  return [
    {
      state: 'drawn',
      question: 'Was the load steady while it was measured?',
      answer:
        Math.abs(drift(worst)) < STEADY
          ? `Yes: the halves of the window agree within ${percent(STEADY)} in every subject`
          : `${worst.subject} moved most, by ${percent(drift(worst))} between the halves of the window`,
      description: `Lines, one a subject, the mean of its rounds in requests per second over the seconds of a trial (${worst.scenario}); the measured window begins at 0, the shaded part before it is warm-up and discarded.${told.words}`,
      table: {
        kind: 'table',
        label: 'throughput over time',
        head: 'Subject',
        columns: [
          { title: 'First half', unit: '/s' },
          { title: 'Second half', unit: '/s' },
          { title: 'Change', unit: 'share', signed: true },
          { title: 'Rounds' },
        ],
        rows: series.map((one) => ({
          head: one.subject,
          cells: [...halves(one).map((value) => ({ value })), { value: drift(one) }, String(one.rounds)],
        })),
      },
      spec: (width) => {
        const x = {
          title: 'seconds',
          domain: [start, Math.max(...steps.map(({ at }) => at))] as const,
          ticks: 6,
          grid: false,
        };
        const y = {
          title: 'requests per second',
          domain: [0, 1.15 * Math.max(...steps.map(({ rate }) => rate))] as const,
          format: '~s',
        };
        const warm = start < 0 ? [{ low: start, high: 0, x: start, text: 'warm-up, discarded', tip: tip('', '') }] : [];
        return curveView(width, 260, { x, y }, [
          band(warm, 'var(--grid)', 1),
          words(warm, { x: 'x' }, { top: true, dx: 5, dy: 5, colour: 'var(--soft)' }),
          ...told.thin('at', 'rate'),
          lines(unsaid(told.shown), { x: 'at', y: 'rate' }, colours(told, width)),
          hover(told.shown, { x: 'at', y: 'rate' }),
        ]);
      },
    },
  ];
}

function drawLatency(analysis: Analysis): Drawing[] {
  const paced = pacedScenario(analysis.scenarios);
  const series = analysis.overTime.filter(({ scenario }) => scenario === paced?.scenario.name);
  const steps = series.flatMap(({ subject, latency }) =>
    (['p50', 'p99'] as const).flatMap((quantile) =>
      (latency?.[quantile] ?? []).flatMap((micros, i) => {
        if (micros === null) return [];
        const at = seconds(i, latency!.interval);
        const said = `${subject} ${quantile} at ${at.toFixed(2)} s: ${formatQuantity(micros, 'µs')}`;
        return [{ subject, at, quantile, micros, line: `${subject} ${quantile}`, tip: tip(subject, said) }];
      }),
    ),
  );
  if (steps.length === 0) return missing('response time over time', '--scenarios http-small,http-paced-50');
  const of = (name: string, quantile: string) =>
    steps.filter((one) => one.subject === name && one.quantile === quantile).map(({ micros }) => micros);
  const quantiles = ['p50', 'p99'].filter((one) => steps.some(({ quantile }) => quantile === one));
  const told = tellApart(analysis, steps, (name) => Math.max(...of(name, 'p50')));
  const peak = steps
    .filter(({ quantile }) => quantile === quantiles.at(-1))
    .toSorted((a, b) => b.micros - a.micros)[0]!;
  return [
    {
      state: 'drawn',
      question: 'Was the response time steady?',
      answer: `The worst step: ${peak.quantile} ${formatQuantity(peak.micros, 'µs')} in ${peak.subject} at ${peak.at.toFixed(1)} s${lagsIn(paced) ? ', the generator’s own lag included' : ''}`,
      description: `Lines over the seconds of the measured window (${series[0]!.scenario}), rounds merged, logarithmic: thin for p50, thick for p99 where a step has 1,000 requests. From buckets of at most 12.5 %.${told.words}`,
      table: {
        kind: 'table',
        label: 'response time over time',
        head: 'Subject',
        columns: ['p50 from', 'p50 to', 'p99 from', 'p99 to'].map((title) => ({ title, unit: 'µs' })),
        rows: [...new Set(steps.map(({ subject }) => subject))].map((head) => ({
          head,
          cells: ['p50', 'p99'].flatMap((quantile) => {
            const micros = of(head, quantile);
            return micros.length === 0
              ? [null, null]
              : [{ value: Math.min(...micros) }, { value: Math.max(...micros) }];
          }),
        })),
      },
      spec: (width) => {
        const x = { title: 'seconds of the window', ticks: 6, grid: false };
        const thickness = {
          field: 'quantile',
          names: quantiles,
          range: quantiles.map((one) => (one === 'p50' ? 1.2 : 2.8)),
        };
        return curveView(
          width,
          280,
          {
            x,
            y: logMicros(
              'response time',
              steps.map(({ micros }) => micros),
            ),
          },
          [
            ...told.thin('at', 'micros'),
            lines(
              unsaid(told.shown),
              { x: 'at', y: 'micros' },
              { ...colours(told, width), detail: 'line', width: thickness },
            ),
            hover(told.shown, { x: 'at', y: 'micros' }),
          ],
        );
      },
    },
  ];
}

export const overTime: ChartDefinition = {
  name: 'over-time',
  question: 'Was it steady?',
  draw: (analysis) => [...drawThroughput(analysis), ...drawLatency(analysis)],
};
