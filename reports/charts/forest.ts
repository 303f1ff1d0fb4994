/** Every comparison with its interval around the line of no difference: what is resolved, and what is not. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import type { Comparison } from '#bench/analysis/comparison.ts';
import { formatEstimate, formatInterval } from '#bench/analysis/quantity.ts';
import { STRENGTHS } from '../strength.ts';
import { type Chart, type Drawing, TIP, tip } from './chart.ts';
import { isNarrow, rowAxis, sized } from './frame.ts';
import { noiseFloor } from './noise.ts';

interface Row {
  readonly label: string;
  readonly subject: string;
  readonly comparison: Comparison;
}

/** How sure, as a shape: filled where the rounds point one way, open where they do not. */
const SHAPES = { claim: 'diamond', look: 'circle', 'cannot tell': 'cross' } as const;

function draw(analysis: Analysis): Drawing[] {
  return [cpuRatios(analysis), addedLatency(analysis)];
}

function cpuRatios(analysis: Analysis): Drawing {
  const title = 'CPU per request against the reference';
  const rows = analysis.comparisons
    .filter(({ kind, metric }) => kind === 'ratio' && metric === 'cpuPerRequest')
    .map((comparison): Row => ({
      label: `${comparison.subject.subject} ÷ ${comparison.reference.subject}`,
      subject: comparison.subject.subject,
      comparison,
    }));
  return forestOf(rows, {
    title,
    unit: 'ratio',
    axis: 'times the CPU per request of the reference',
    none: 1,
    floor: noiseFloor(analysis),
    why: 'No two plain proxies completed the same keep-alive rounds, so nothing can be set against anything; add --proxies l4-tcp,l7-http.',
  });
}

function addedLatency({ scenarios }: Analysis): Drawing {
  const paced = scenarios.filter(({ offered }) => offered !== null).toSorted((a, b) => a.offered! - b.offered!)[0];
  const rows = (paced?.subjects ?? []).flatMap(({ subject, versusDirect }) =>
    versusDirect
      .filter(({ metric }) => metric === 'responseP50' || metric === 'responseP99')
      .map((comparison): Row => ({
        label: `${subject} ${comparison.metric === 'responseP50' ? 'p50' : 'p99'}`,
        subject,
        comparison,
      })),
  );
  return forestOf(rows, {
    title: 'Response time added to direct',
    unit: 'µs',
    axis: 'µs of response time through the hop less direct, at equal offered load',
    none: 0,
    floor: null,
    why: 'No scenario offered the same rate to direct and to a proxy in the same round; add --scenarios http-small,http-paced-50.',
  });
}

interface Kind {
  readonly title: string;
  readonly unit: 'ratio' | 'µs';
  readonly axis: string;
  /** Where there is no difference. */
  readonly none: number;
  /** Relative difference that the same subject shows against itself; null where it was not measured. */
  readonly floor: number | null;
  readonly why: string;
}

function forestOf(rows: readonly Row[], { title, unit, axis, none, floor, why }: Kind): Drawing {
  if (rows.length === 0) return { state: 'cannot tell', title, reason: why };
  const values = rows.map(({ label, subject, comparison: { estimate, strength } }) => ({
    label,
    subject,
    strength: STRENGTHS[strength].label,
    value: estimate.value,
    low: estimate.low,
    high: estimate.high,
    text: formatEstimate(estimate, unit),
    tip: tip(subject, `${label}: ${formatEstimate(estimate, unit)}, ${STRENGTHS[strength].label}`),
  }));
  const order = values.map(({ label }) => label);
  const resolved = rows.filter(({ comparison }) => comparison.strength !== 'cannot tell').length;
  const isLog = unit === 'ratio';
  const ends = [...values.flatMap(({ low, high }) => [low, high]), none];
  const [least, most] = [Math.min(...ends), Math.max(...ends)];
  const strengths = (['claim', 'look', 'cannot tell'] as const).filter((one) =>
    rows.some(({ comparison }) => comparison.strength === one),
  );
  const band = floor === null ? [] : [{ low: none / (1 + floor), high: none * (1 + floor) }];
  const bandWords =
    floor === null
      ? 'The line stands at no difference'
      : `The band is what the same subject differs from itself, ±${(floor * 100).toFixed(1)} %`;
  return {
    state: 'drawn',
    title: `${title}: ${resolved === 1 && rows.length === 1 ? 'the difference is resolved' : resolved === rows.length ? `all ${rows.length} differences are resolved` : `${resolved} of ${rows.length} differences are resolved`}`,
    description: `One row a comparison: estimate and interval. ${bandWords}. ${values.map(({ label, text, strength }) => `${label}: ${text}, ${strength}`).join('; ')}.`,
    table: {
      columns: ['Comparison', 'Estimate', 'Interval', 'Rounds', 'Strength'],
      rows: rows.map(({ label, comparison: { estimate, strength } }) => [
        label,
        formatEstimate(estimate, unit).split('\u0020(')[0]!,
        formatInterval(estimate, unit),
        String(estimate.n),
        STRENGTHS[strength].label,
      ]),
    },
    spec: (width) => {
      const narrow = isNarrow(width);
      const spread = narrow ? 0.12 : 0.3;
      const domain = isLog
        ? [least / 1.15, most * (most / least) ** spread * 1.1]
        : [least - (most - least) * 0.04, most + (most - least) * spread];
      return {
        ...sized(width, rows.length * 30 + 110),
        data: { values },
        encoding: {
          y: {
            field: 'label',
            type: 'nominal',
            sort: order,
            axis: { ...rowAxis(width), labelLimit: narrow ? 130 : 260 },
          },
        },
        layer: [
          ...(band.length > 0
            ? [
                {
                  data: { values: band },
                  mark: { type: 'rect' as const, color: 'var(--rule)', opacity: 0.55 },
                  encoding: {
                    y: { value: 0 },
                    y2: { value: 'height' as const },
                    x: { field: 'low', type: 'quantitative' as const },
                    x2: { field: 'high' },
                  },
                },
              ]
            : []),
          {
            data: { values: [{ none }] },
            mark: { type: 'rule', color: 'var(--ink)', strokeDash: [3, 3] },
            encoding: { x: { field: 'none', type: 'quantitative' }, y: { value: 0 }, y2: { value: 'height' } },
          },
          {
            mark: { type: 'rule', color: 'var(--soft)', strokeWidth: 2 },
            encoding: {
              x: {
                field: 'low',
                type: 'quantitative',
                title: narrow ? axis.split(',')[0]!.replace(' of the reference', '') : axis,
                scale: isLog ? { type: 'log', domain, nice: false } : { domain, nice: false },
                axis: { tickCount: narrow ? 4 : 7, format: '~r', domain: false, ticks: false },
              },
              x2: { field: 'high' },
              ...TIP,
            },
          },
          {
            mark: { type: 'point', filled: true, size: 110, opacity: 1 },
            encoding: {
              x: { field: 'value', type: 'quantitative' },
              shape: {
                field: 'strength',
                type: 'nominal',
                title: null,
                scale: {
                  domain: strengths.map((one) => STRENGTHS[one].label),
                  range: strengths.map((one) => SHAPES[one]),
                },
              },
              color: {
                field: 'strength',
                type: 'nominal',
                title: null,
                scale: {
                  domain: strengths.map((one) => STRENGTHS[one].label),
                  range: strengths.map((one) => (one === 'cannot tell' ? 'var(--none)' : 'var(--series-1)')),
                },
              },
              ...TIP,
            },
          },
          ...(narrow
            ? []
            : [
                {
                  mark: { type: 'text' as const, align: 'left' as const, dx: 9 },
                  encoding: { x: { field: 'high', type: 'quantitative' as const }, text: { field: 'text' }, ...TIP },
                },
              ]),
        ],
      };
    },
  };
}

export const forest: Chart = { name: 'forest', draw };
