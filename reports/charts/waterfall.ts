/** From the cost of an L4 hop, part by part, to that of an L7 hop and of one with TLS. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { shareWords } from '#bench/analysis/ledger/findings.ts';
import { formatQuantity } from '#bench/analysis/words/quantity.ts';
import { decompose, formatPart } from '../decomposition.ts';
import { type Chart, type Drawing, tip } from './chart.ts';
import { isNarrow, rowAxis, sized } from './frame.ts';

const KINDS = {
  measured: { label: 'measured whole', colour: 'var(--capacity)' },
  'micro-benchmark': { label: 'part, by micro-benchmark', colour: 'var(--user)' },
  difference: { label: 'part, by difference', colour: 'var(--series-4)' },
  rest: { label: 'not explained by a part', colour: 'var(--none)' },
} as const;

function draw(analysis: Analysis): Drawing[] {
  const found = decompose(analysis);
  if (!found)
    return [
      {
        state: 'cannot tell',
        title: 'From an L4 hop to an L7 hop, part by part',
        reason: 'It needs the CPU per request of l4-tcp and of l7-http in the same run; add --proxies l4-tcp,l7-http.',
      },
    ];
  let level = 0;
  const { steps, unit, l4, l7, tls } = found;
  // Two steps may be called the same, one before the L7 hop and one after it: an axis would draw both in one row.
  const bars = steps.map(({ name, kind, value, isTotal }, row) => {
    const from = isTotal ? 0 : level;
    level = isTotal ? value : level + value;
    const sign = !isTotal && value > 0 ? '+' : '';
    const text = `${sign}${formatPart(value, unit)}`;
    return {
      row,
      name,
      kind: KINDS[kind].label,
      from,
      to: level,
      end: Math.max(from, level),
      text,
      tip: tip('', `${name}: ${text}, ${KINDS[kind].label}`),
    };
  });
  const longest = Math.max(...bars.map(({ end }) => end));
  const present = Object.values(KINDS).filter(({ label }) => bars.some(({ kind }) => kind === label));
  const over = l7.whole.value - l4.whole.value;
  return [
    {
      state: 'drawn',
      title: `From an L4 hop to an L7 hop: ${over >= 0 ? '+' : ''}${formatQuantity(over, unit)}${tls ? `; TLS: ${formatQuantity(tls.whole.value - l7.whole.value, unit)} more` : ''}. The parts explain ${shareWords(l7)} of the L7 hop${tls ? `, ${shareWords(tls)} with TLS` : ''}`,
      description: `A waterfall in ${unit} of CPU per request (${l4.subject}, ${l7.subject}${tls ? `, ${tls.subject}` : ''}): each part begins where the one before it ends. ${bars.map(({ name, text }) => `${name}: ${text}`).join('; ')}.`,
      table: {
        columns: ['Part', 'CPU per request', 'How it is known', 'What it is'],
        rows: steps.map(({ name, kind, words }, i) => [name, bars[i]!.text, KINDS[kind].label, words]),
      },
      spec: (width) => ({
        ...sized(width, bars.length * 34 + 84 + (isNarrow(width) ? 44 : 16)),
        data: { values: bars },
        encoding: {
          y: {
            field: 'row',
            type: 'ordinal',
            axis: {
              ...rowAxis(width),
              labelLimit: isNarrow(width) ? 128 : 300,
              labelExpr: `${JSON.stringify(bars.map(({ name }) => name))}[datum.value]`,
            },
          },
        },
        layer: [
          {
            mark: { type: 'bar', height: { band: 0.62 } },
            encoding: {
              x: {
                field: 'from',
                type: 'quantitative',
                title: `${unit} of CPU per request`,
                scale: {
                  domain: [
                    Math.min(0, ...bars.map(({ from, to }) => Math.min(from, to))),
                    longest * (isNarrow(width) ? 1.55 : 1.14),
                  ],
                  nice: false,
                },
                axis: { tickCount: isNarrow(width) ? 4 : 7, domain: false, ticks: false },
              },
              x2: { field: 'to' },
              color: {
                field: 'kind',
                type: 'nominal',
                title: null,
                scale: { domain: present.map(({ label }) => label), range: present.map(({ colour }) => colour) },
                legend: { columns: isNarrow(width) ? 1 : 2, labelLimit: 300 },
              },
              description: { field: 'tip', type: 'nominal' },
            },
          },
          {
            mark: { type: 'text', align: 'left', dx: 7, fontWeight: 'bold' },
            encoding: { x: { field: 'end', type: 'quantitative' }, text: { field: 'text' } },
          },
        ],
      }),
    },
  ];
}

export const waterfall: Chart = { name: 'waterfall', draw };
