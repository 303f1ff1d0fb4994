/** From the cost of an L4 hop, part by part, to that of an L7 hop and of one with TLS. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { shareWords } from '#bench/analysis/ledger/findings.ts';
import { formatQuantity, formatSigned, scaleOf } from '#bench/analysis/words/quantity.ts';
import { decompose } from '../content/decomposition.ts';
import { type ChartDefinition, type Drawing, missing, tip } from './chart.ts';
import { bars as barMarks, by, words } from './marks.ts';
import { barsEnd, isNarrow, namedRows, rowsView } from './views.ts';

const KINDS = {
  measured: { label: 'measured whole', colour: 'var(--capacity)' },
  'micro-benchmark': { label: 'by micro-benchmark', colour: 'var(--user)' },
  difference: { label: 'by difference', colour: 'var(--series-4)' },
  rest: { label: 'not explained', colour: 'var(--none)' },
} as const;

function draw(analysis: Analysis): Drawing[] {
  const found = decompose(analysis);
  if (!found) return missing('the way from an L4 hop to an L7 hop', '--proxies l4-tcp,l7-http');
  const { steps, unit, l4, l7, tls } = found;
  const { factor, suffix } = scaleOf(unit, [l4.whole.value, l7.whole.value]);
  let level = 0;
  // Two steps may be called the same, one before the L7 hop and one after it: rows are known by their place.
  const bars = steps.map(({ name, kind, value, isTotal }, place) => {
    const from = isTotal ? 0 : level;
    level = isTotal ? value : level + value;
    const text = isTotal ? formatQuantity(value, unit) : formatSigned(value, unit);
    const ends = [from * factor, level * factor].toSorted((a, b) => a - b) as [number, number];
    return {
      row: String(place),
      name,
      kind: KINDS[kind].label,
      from: ends[0],
      to: ends[1],
      end: ends[1],
      text,
      tip: tip('', `${name}: ${text}, ${KINDS[kind].label}`),
    };
  });
  const present = Object.values(KINDS).filter(({ label }) => bars.some(({ kind }) => kind === label));
  return [
    {
      state: 'drawn',
      answer: `${formatSigned(l7.whole.value - l4.whole.value, unit)} from L4 to L7${tls ? `, ${formatSigned(tls.whole.value - l7.whole.value, unit)} for TLS` : ''}; the parts explain ${shareWords(l7)} of the L7 hop`,
      description: `A waterfall of CPU per request (${l4.subject}, ${l7.subject}${tls ? `, ${tls.subject}` : ''}): each part begins where the one before it ends. ${bars.map(({ name, text }) => `${name}: ${text}`).join('; ')}.`,
      table: {
        kind: 'table',
        label: 'from L4 to L7, part by part',
        head: 'Part',
        columns: [{ title: 'CPU per request', unit }, { title: 'How it is known' }, { title: 'What it is' }],
        rows: steps.map(({ name, kind, value, words: what }) => ({
          head: name,
          cells: [{ value }, KINDS[kind].label, what],
        })),
      },
      spec: (width) => {
        const narrow = isNarrow(width);
        const domain = [Math.min(0, ...bars.map(({ from }) => from)), barsEnd(bars, width)] as const;
        const rows = {
          ...namedRows(
            'row',
            bars.map(({ row }) => row),
            false,
          ),
          labels: bars.map(({ name }) => name),
        };
        const columns = narrow ? 1 : 2;
        const legend = { columns };
        return rowsView(
          width,
          rows,
          {
            title: `${suffix} of CPU per request`,
            domain,
            ticks: narrow ? 4 : 6,
            legends: Math.ceil(present.length / columns),
          },
          [
            barMarks(bars, {
              colour: by(
                'kind',
                present.map(({ label }) => label),
                present.map(({ colour }) => colour),
                legend,
              ),
            }),
            words(bars, { x: 'end' }, { bold: true, dx: 7 }),
          ],
        );
      },
    },
  ];
}

export const waterfall: ChartDefinition = {
  name: 'waterfall',
  question: 'Where does the step from L4 to L7 go?',
  draw,
};
