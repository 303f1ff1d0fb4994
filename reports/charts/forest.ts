/** Every comparison with its interval around the line of no difference: what is resolved, and what is not. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import type { Comparison } from '#bench/analysis/comparison/comparison.ts';
import { formatEstimate, formatInterval, formatQuantity, percent } from '#bench/analysis/words/quantity.ts';
import { pacedScenario } from '#bench/analysis/scenarios/reading-point.ts';
import { STRENGTHS } from '../strength.ts';
import { type Chart, type Drawing, TIP, tip } from './chart.ts';
import { timeOf } from '../overview.ts';
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
  return [cpuRatios(analysis), addedTime(analysis, '50'), addedTime(analysis, '99')];
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
    short: 'times the CPU per request',
    none: 1,
    floor: noiseFloor(analysis),
    why: 'No two plain proxies completed the same keep-alive rounds, so nothing can be set against anything; add --proxies l4-tcp,l7-http.',
  });
}

function addedTime({ scenarios, noise }: Analysis, p: '50' | '99'): Drawing {
  const paced = pacedScenario(scenarios);
  const time = timeOf(paced);
  const rows = (paced?.subjects ?? []).flatMap(({ subject, versusDirect }) =>
    versusDirect
      .filter(({ metric }) => metric === `${time}P${p}`)
      .map((comparison): Row => ({ label: subject, subject, comparison })),
  );
  const floors = noise?.comparisons
    .filter(
      ({ metric, kind, subject, estimate }) =>
        metric === `${time}P${p}` &&
        kind === 'difference' &&
        subject.scenario === paced?.scenario.name &&
        estimate.n > 1,
    )
    .map(({ floor }) => floor);
  return forestOf(rows, {
    title: `${time === 'response' ? 'Response' : 'Service'} time p${p} added to direct`,
    unit: 'µs',
    axis: `µs of ${time} time p${p} through the hop less direct, at equal offered load`,
    short: `µs of ${time} time p${p} added`,
    none: 0,
    floor: floors && floors.length > 0 ? Math.max(...floors) : null,
    why: paced
      ? `No round of ${paced.scenario.name} gave p${p} of both direct and a proxy with enough requests.`
      : 'No scenario offered the same rate to direct and to a proxy in the same round; add --scenarios http-small,http-paced-50.',
  });
}

interface Kind {
  readonly title: string;
  readonly unit: 'ratio' | 'µs';
  readonly axis: string;
  /** The same where there is little room. */
  readonly short: string;
  /** Where there is no difference. */
  readonly none: number;
  /** What the same subject differs from itself, relative or in the unit; null where it was not measured. */
  readonly floor: number | null;
  readonly why: string;
}

const DENSE = { from: 9, row: 24 } as const;

/** By what they are set against, then by size. */
const inOrder = (rows: readonly Row[]): Row[] => {
  const references = [...new Set(rows.map(({ comparison }) => comparison.reference.subject))];
  const place = ({ comparison }: Row): number => references.indexOf(comparison.reference.subject);
  return rows.toSorted((a, b) => place(a) - place(b) || a.comparison.estimate.value - b.comparison.estimate.value);
};

function forestOf(unordered: readonly Row[], { title, unit, axis, short, none, floor, why }: Kind): Drawing {
  const rows = inOrder(unordered);
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
  const band =
    floor === null
      ? []
      : [isLog ? { low: none / (1 + floor), high: none * (1 + floor) } : { low: none - floor, high: none + floor }];
  const ends = [
    ...values.flatMap(({ low, high }) => [low, high]),
    none,
    ...band.flatMap(({ low, high }) => [low, high]),
  ];
  const [least, most] = [Math.min(...ends), Math.max(...ends)];
  const strengths = (['claim', 'look', 'cannot tell'] as const).filter((one) =>
    rows.some(({ comparison }) => comparison.strength === one),
  );
  const size = floor === null ? '' : isLog ? percent(floor) : formatQuantity(floor, 'µs');
  const bandWords =
    floor === null
      ? 'The line stands at no difference'
      : `The band is what the same subject differs from itself, ±${size}`;
  return {
    state: 'drawn',
    title: `${title}: ${resolved === 1 && rows.length === 1 ? 'the difference is resolved' : resolved === rows.length ? `all ${rows.length} differences are resolved` : `${resolved} of ${rows.length} differences are resolved`}${floor === null ? '' : `; the grey band is noise, ±${size}`}`,
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
        ...sized(width, rows.length * (rows.length < DENSE.from ? 30 : DENSE.row) + 110),
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
                title: narrow ? short : axis,
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
                legend: { columns: narrow ? 2 : 3 },
                scale: {
                  domain: strengths.map((one) => STRENGTHS[one].label),
                  range: strengths.map((one) => SHAPES[one]),
                },
              },
              color: {
                field: 'strength',
                type: 'nominal',
                title: null,
                legend: { columns: narrow ? 2 : 3 },
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
