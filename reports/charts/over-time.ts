/** Throughput along a trial with the discarded warm-up shaded, and latency along the window: was it steady where it was measured? */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { mainScenarioName } from '#bench/analysis/scenarios/roles.ts';
import type { OverTime } from '#bench/analysis/figures/over-time.ts';
import { formatQuantity, percent } from '#bench/analysis/words/quantity.ts';
import { pacedScenario } from '#bench/analysis/scenarios/reading-point.ts';
import { type Chart, type Drawing, OWN, own, TIP, tip } from './chart.ts';
import { isNarrow, logTicks, MICROS_LABEL, scaleOf, sized } from './frame.ts';
import { othersWords, thinLines, toldApart } from './groups.ts';
import { lagsIn, LAG_WORDS } from './lag-words.ts';
import { distinctLooks, type Look } from './palette.ts';

function draw(analysis: Analysis): Drawing[] {
  const plain = mainScenarioName(
    analysis.scenarios.map(({ scenario }) => scenario),
    false,
  );
  const closed = analysis.overTime.filter(({ scenario }) => scenario === plain);
  const paced = pacedScenario(analysis.scenarios);
  const open = analysis.overTime.filter(({ scenario }) => scenario === paced?.scenario.name);
  return [throughput(closed, analysis), latency(open, analysis, lagsIn(paced))];
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
/** How far the halves of the window lie apart, relative to the whole. */
const drift = ({ throughput: rates }: OverTime): number => {
  const half = Math.floor(rates.length / 2);
  return half === 0 ? 0 : (mean(rates.slice(-half)) - mean(rates.slice(0, half))) / mean(rates);
};
/** A step of the time axis: its middle, in seconds of the window. */
const seconds = (index: number, interval: number): number => ((index + 0.5) * interval) / 1_000;

function throughput(series: readonly OverTime[], analysis: Analysis): Drawing {
  const title = 'Throughput over time';
  if (series.length === 0)
    return { state: 'cannot tell', title, reason: 'No keep-alive trial completed; http-small gives it.' };
  const values = series.flatMap(({ subject, interval, throughput: rates, warmup }) => {
    const early = warmup ?? [];
    return [
      ...early.map((rate, i) => ({ at: seconds(i - early.length, interval), rate })),
      ...rates.map((rate, i) => ({ at: seconds(i, interval), rate })),
    ].map(({ at, rate }) => ({
      subject,
      at,
      rate,
      own: own(subject),
      tip: tip(subject, `${subject} at ${at.toFixed(2)} s: ${formatQuantity(rate, '/s')}`),
    }));
  });
  const names = series.map(({ subject }) => subject);
  const told = toldApart(analysis, names, (name) => Math.abs(drift(series.find(({ subject }) => subject === name)!)));
  const looks = distinctLooks(analysis, told);
  const shown = values.filter(({ subject }) => told.includes(subject));
  const others = values.filter(({ subject }) => !told.includes(subject));
  const start = Math.min(0, ...series.map(({ warmup, interval }) => (-(warmup?.length ?? 0) * interval) / 1_000));
  const end = Math.max(...series.map(({ throughput: { length }, interval }) => (length * interval) / 1_000));
  const most = Math.max(...values.map(({ rate }) => rate));
  const worst = series.toSorted((a, b) => Math.abs(drift(b)) - Math.abs(drift(a)))[0]!;
  const change = Math.abs(drift(worst));
  return {
    state: 'drawn',
    title: `${title} (${worst.scenario}): ${change < 0.02 ? 'steady, the halves of the window agree within 2 % in every subject' : `${worst.subject} moved most, by ${percent(drift(worst))} between the halves of the window`}`,
    description: `Lines, one a subject, the mean of its rounds in requests per second over the seconds of a trial; the measured window begins at 0.${start < 0 ? ' The shaded part before it is the warm-up, which is discarded.' : ''}${othersWords(names.length - told.length)}`,
    table: {
      columns: ['Subject', 'First half', 'Second half', 'Change', 'Rounds'],
      rows: series.map((one) => {
        const half = Math.floor(one.throughput.length / 2);
        return [
          one.subject,
          formatQuantity(mean(one.throughput.slice(0, half)), '/s'),
          formatQuantity(mean(one.throughput.slice(-half)), '/s'),
          percent(drift(one)),
          String(one.rounds),
        ];
      }),
    },
    spec: (width) => ({
      ...sized(width, 300),
      encoding: {
        x: {
          field: 'at',
          type: 'quantitative',
          title: 'seconds of the trial',
          scale: { domain: [start, end], nice: false },
          axis: { grid: false, tickCount: isNarrow(width) ? 5 : 9 },
        },
      },
      layer: [
        ...(start < 0
          ? [
              {
                data: { values: [{ from: start, to: 0 }] },
                mark: { type: 'rect' as const, color: 'var(--grid)', opacity: 1 },
                encoding: {
                  x: { field: 'from', type: 'quantitative' as const },
                  x2: { field: 'to' },
                  y: { value: 0 },
                  y2: { value: 'height' as const },
                },
              },
              {
                data: { values: [{ from: start, text: 'warm-up, discarded' }] },
                mark: {
                  type: 'text' as const,
                  align: 'left' as const,
                  baseline: 'top' as const,
                  dx: 5,
                  dy: 5,
                  color: 'var(--soft)',
                },
                encoding: {
                  x: { field: 'from', type: 'quantitative' as const },
                  y: { value: 0 },
                  text: { field: 'text' },
                },
              },
            ]
          : []),
        ...(others.length === 0 ? [] : [thinLines(others, 'rate')]),
        {
          data: { values: shown },
          mark: { type: 'line', strokeWidth: 2 },
          encoding: {
            y: {
              field: 'rate',
              type: 'quantitative',
              title: 'requests per second',
              // Room above the lines for what the shade is.
              scale: { domain: [0, 1.15 * most], nice: false },
              axis: { format: '~s', tickCount: 5 },
            },
            ...lineLook(looks, told, width),
            ...OWN,
          },
        },
        hoverPoints(shown, 'rate'),
      ],
    }),
  };
}

/** Nothing to see: where the pointer finds the value of a step. */
const hoverPoints = (values: { at: number; tip: string }[], field: string) =>
  ({
    data: { values },
    mark: { type: 'circle', color: 'transparent', opacity: 1, size: 160 },
    encoding: { x: { field: 'at', type: 'quantitative' }, y: { field, type: 'quantitative' }, ...TIP },
  }) as const;

const lineLook = (looks: ReadonlyMap<string, Look>, names: readonly string[], width: number) => {
  const legend = { columns: isNarrow(width) ? 2 : 4, labelLimit: 130, symbolStrokeWidth: 2 };
  return {
    color: { field: 'subject', type: 'nominal', title: null, scale: scaleOf(looks, names, 'colour'), legend },
    strokeDash: {
      field: 'subject',
      type: 'nominal',
      title: null,
      scale: scaleOf(looks, names, 'dash') as never,
      legend,
    },
  } as const;
};

function latency(series: readonly OverTime[], analysis: Analysis, lags: boolean): Drawing {
  const title = 'Response time over time';
  const values = series.flatMap(({ subject, latency: over }) =>
    (over?.p50 ?? []).flatMap((p50, i) => {
      const at = seconds(i, over!.interval);
      return [
        { quantile: 'p50', micros: p50 },
        { quantile: 'p99', micros: over!.p99[i]! },
      ].flatMap(({ quantile, micros }) =>
        micros === null
          ? []
          : [
              {
                subject,
                at,
                quantile,
                micros,
                line: `${subject} ${quantile}`,
                own: own(subject),
                tip: tip(subject, `${subject} ${quantile} at ${at.toFixed(2)} s: ${formatQuantity(micros, 'µs')}`),
              },
            ],
      );
    }),
  );
  if (values.length === 0)
    return {
      state: 'cannot tell',
      title,
      reason:
        series.length === 0
          ? 'No scenario offered a fixed rate; add --scenarios http-small,http-paced-50.'
          : 'The records hold no latency over time, or too few requests a step.',
    };
  const names = series.map(({ subject }) => subject).filter((name) => values.some(({ subject }) => subject === name));
  const peakOf = (name: string): number =>
    Math.max(...values.filter(({ subject }) => subject === name).map(({ micros }) => micros));
  const told = toldApart(analysis, names, peakOf);
  const looks = distinctLooks(analysis, told);
  const shown = values.filter(({ subject }) => told.includes(subject));
  const others = values
    .filter(({ subject, quantile }) => !told.includes(subject) && quantile === 'p50')
    .map((value) => ({ ...value, line: value.subject }));
  const quantiles = ['p50', 'p99'].filter((one) => values.some(({ quantile }) => quantile === one));
  const peak = values
    .filter(({ quantile }) => quantile === quantiles.at(-1))
    .toSorted((a, b) => b.micros - a.micros)[0]!;
  const lowest = Math.min(...values.map(({ micros }) => micros));
  return {
    state: 'drawn',
    title: `${title} (${series[0]!.scenario})${lags ? LAG_WORDS : ''}: the worst step is ${peak.quantile} ${formatQuantity(peak.micros, 'µs')} in ${peak.subject} at ${peak.at.toFixed(1)} s`,
    description: `Lines over the seconds of the measured window, rounds merged, in microseconds on a logarithmic scale: thin for p50, thick for p99 where a step has 1 000 requests. From buckets of at most 12.5 %.${othersWords(names.length - told.length)}`,
    table: {
      columns: ['Subject', 'p50 from', 'to', 'p99 from', 'to'],
      rows: names.map((name) => {
        const range = (quantile: string): string[] => {
          const micros = values
            .filter((one) => one.subject === name && one.quantile === quantile)
            .map((one) => one.micros);
          return micros.length === 0
            ? ['–', '–']
            : [Math.min(...micros), Math.max(...micros)].map((one) => formatQuantity(one, 'µs'));
        };
        return [name, ...range('p50'), ...range('p99')];
      }),
    },
    spec: (width) => ({
      ...sized(width, 320),
      encoding: {
        x: {
          field: 'at',
          type: 'quantitative',
          title: 'seconds of the window',
          axis: { grid: false, tickCount: isNarrow(width) ? 5 : 9 },
        },
        y: {
          field: 'micros',
          type: 'quantitative',
          title: 'response time',
          scale: { type: 'log', nice: false },
          axis: { values: logTicks(lowest, peak.micros, 8), labelExpr: MICROS_LABEL },
        },
      },
      layer: [
        ...(others.length === 0 ? [] : [thinLines(others, 'micros')]),
        {
          data: { values: shown },
          mark: { type: 'line' },
          encoding: {
            detail: { field: 'line', type: 'nominal' },
            strokeWidth: {
              field: 'quantile',
              type: 'ordinal',
              title: null,
              scale: { domain: quantiles, range: quantiles.map((one) => (one === 'p50' ? 1.2 : 2.8)) },
            },
            ...lineLook(looks, told, width),
            ...OWN,
          },
        },
        hoverPoints(shown, 'micros'),
      ],
    }),
  };
}

export const overTime: Chart = { name: 'over-time', draw };
