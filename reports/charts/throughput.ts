/** What each subject carried, and what one core of it could: a bar is a capacity only where the subject itself was the limit. */
import type { TopLevelSpec } from 'vega-lite';
import type { Analysis, ScenarioAnalysis } from '#bench/analysis/analysis.ts';
import { mainScenarioName } from '#bench/analysis/scenarios/roles.ts';
import { formatEstimate, formatQuantity } from '#bench/analysis/words/quantity.ts';
import { boundWords, groupOf } from '../overview.ts';
import { type Chart, type Drawing, TIP, tip } from './chart.ts';
import { barsEnd, isNarrow, sized } from './frame.ts';
import { rowChannel, rowsOf } from './groups.ts';

function draw({ scenarios }: Analysis): Drawing[] {
  const all = scenarios.map(({ scenario }) => scenario);
  const names = [mainScenarioName(all, false), mainScenarioName(all, true)];
  const drawings = scenarios.filter(({ scenario }) => names.includes(scenario.name)).map(drawScenario);
  if (drawings.length > 0) return drawings;
  return [{ state: 'cannot tell', title: 'Throughput', reason: 'No keep-alive scenario was part of this run.' }];
}

function drawScenario({ scenario, subjects }: ScenarioAnalysis): Drawing {
  const measured = subjects
    .filter(({ metrics }) => metrics.throughput !== undefined)
    .toSorted((a, b) => b.metrics.throughput!.value - a.metrics.throughput!.value);
  const [first] = measured;
  if (!first)
    return { state: 'cannot tell', title: `Throughput in ${scenario.name}`, reason: 'No trial of it completed.' };
  const bars = measured.map((of) => {
    const { value, low, high } = of.metrics.throughput!;
    const own = of.bound === 'proxy' || (of.layer === 'direct' && of.bound === 'origin');
    const derived = of.capacity?.kind === 'derived per core' ? of.capacity.estimate.value : null;
    const figure = formatQuantity(value, '/s');
    return {
      label: of.subject,
      group: groupOf(of),
      kind: own ? OWN : LIMITED,
      value,
      low,
      high,
      derived,
      end: Math.max(high, derived ?? 0),
      text: `${figure}, ${derived === null ? boundWords(of) : `one core could ${formatQuantity(derived, '/s')}`}`,
      short: figure,
      tip: tip(
        of.subject,
        `${of.subject}: ${figure}, ${boundWords(of)}${derived === null ? '' : `, one core could carry ${formatQuantity(derived, '/s')}`}`,
      ),
      words: `${figure}, ${boundWords(of)}${derived === null ? '' : `, one core could carry ${formatQuantity(derived, '/s')}`}`,
    };
  });
  const kinds = [OWN, LIMITED].filter((kind) => bars.some((bar) => bar.kind === kind));
  const rows = rowsOf(bars);
  const own = bars.filter(({ kind }) => kind === OWN).length;
  return {
    state: 'drawn',
    title: `Throughput in ${scenario.name}: ${limitWords(own, bars.length)}`,
    description: `Horizontal bars, one a subject, in requests per second; strong where the subject itself was the limit, pale where something else was. A dashed outline reaches to what one core could carry, derived from CPU per request. ${bars.map(({ label, words }) => `${label}: ${words}`).join('; ')}.`,
    table: {
      columns: ['Subject', 'Throughput', 'Limit', 'One core could carry'],
      rows: measured.map((of, i) => [
        of.subject,
        formatEstimate(of.metrics.throughput!, '/s'),
        boundWords(of),
        bars[i]!.derived === null ? '–' : formatQuantity(bars[i]!.derived!, '/s'),
      ]),
    },
    spec: (width) => {
      const narrow = isNarrow(width);
      return {
        ...sized(width, rows.height + 60 + 24 * (kinds.length + 1)),
        data: { values: bars },
        resolve: { scale: { color: 'independent' } },
        encoding: {
          y: rowChannel('label', rows, width),
          ...TIP,
        },
        layer: [
          {
            mark: { type: 'bar', height: { band: 0.62 } },
            encoding: {
              x: {
                field: 'value',
                type: 'quantitative',
                title: 'requests per second',
                // Room for the words at the end of the longest bar.
                scale: {
                  domain: [
                    0,
                    barsEnd(
                      bars.map((bar) => ({ ...bar, text: narrow ? bar.short : bar.text })),
                      width,
                    ),
                  ],
                  nice: false,
                },
                axis: { tickCount: narrow ? 3 : 6, domain: false, ticks: false, format: '~s' },
              },
              color: {
                field: 'kind',
                type: 'nominal',
                title: null,
                scale: {
                  domain: kinds,
                  range: kinds.map((kind) => (kind === OWN ? 'var(--capacity)' : 'var(--pale)')),
                },
                legend: { labelLimit: width, columns: 1 },
              },
            },
          },
          ...(bars.some(({ derived }) => derived !== null) ? [OUTLINE] : []),
          {
            mark: { type: 'rule', color: 'var(--ink)', strokeWidth: 1.5 },
            encoding: { x: { field: 'low', type: 'quantitative' }, x2: { field: 'high' } },
          },
          {
            mark: { type: 'text', align: 'left', dx: 7, fontWeight: 'bold', limit: 460 },
            encoding: { x: { field: 'end', type: 'quantitative' }, text: { field: narrow ? 'short' : 'text' } },
          },
        ],
      };
    },
  };
}

const OWN = 'capacity: itself the limit';
const LIMITED = 'carried: the limit was elsewhere';
const DERIVED = 'one core could carry, derived';
/** Reaches to what one core could carry. */
const OUTLINE: Extract<TopLevelSpec, { layer: unknown }>['layer'][number] = {
  transform: [{ filter: 'datum.derived !== null' }, { calculate: `'${DERIVED}'`, as: 'outline' }],
  mark: { type: 'bar', height: { band: 0.62 }, fill: 'transparent', strokeWidth: 1.2, strokeDash: [4, 3] },
  encoding: {
    x: { field: 'derived', type: 'quantitative' },
    stroke: {
      field: 'outline',
      type: 'nominal',
      title: null,
      scale: { domain: [DERIVED], range: ['var(--capacity)'] },
      legend: { symbolType: 'square', symbolFillColor: 'transparent', labelLimit: 300, columns: 1 },
    },
  },
};

const limitWords = (own: number, all: number): string => {
  if (own === 0) return 'something else was always the limit, so no bar is a capacity';
  if (own === all) return 'every subject was itself the limit';
  return `${own} of ${all} subjects ${own === 1 ? 'was itself' : 'were themselves'} the limit`;
};

export const throughput: Chart = { name: 'throughput', draw };
