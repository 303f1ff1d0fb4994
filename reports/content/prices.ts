/** The price list: what each filter adds to each proxy, filters down and proxies across; then every price with what is to be known of it. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import type { Price, Prices } from '#bench/analysis/prices/prices.ts';
import { figureOf } from '../document/table.ts';
import { type Cell, type Row, paragraph, type Section, type Table, type Tone } from '../document/tree.ts';
import { badgeOf } from './strength.ts';

/** Requests a second whose cores are told. */
const RATE = 10_000;

const TONES: Readonly<Record<NonNullable<Price['verdict']>, Tone>> = {
  costs: 'care',
  saves: 'good',
  'no difference': 'quiet',
};
const WORDS = { refused: 'refused', failed: 'failed' } as const;

function cellOf(price: Price | undefined): Cell {
  if (price === undefined) return null;
  if (price.state !== 'measured') return WORDS[price.state];
  // Intervals stand in the list.
  return price.verdict === 'no difference' ? 'none seen' : { value: price.added!.value };
}

/** Filters that no proxy has a price of are left out of it: every one stands in the list below. */
function matrixOf({ filters, subjects, list }: Prices): Table {
  const priced = new Set(list.map(({ filter }) => filter));
  return {
    kind: 'table',
    label: 'CPU per request that each filter adds',
    head: 'Filter',
    oneScale: true,
    columns: subjects.map((subject) => ({ title: subject, unit: 'µs', signed: true })),
    rows: filters
      .filter((filter) => priced.has(filter))
      .map((filter): Row => ({
        head: filter,
        cells: subjects.map((subject) => cellOf(list.find((one) => one.filter === filter && one.subject === subject))),
      })),
  };
}

function rowOf(price: Price): Row {
  const { filter, subject, state, hop, added, elsewhere, verdict, strength, words } = price;
  const badge = badgeOf(strength);
  return {
    head: `${subject} + ${filter}`,
    group: filter,
    cells: [
      added ? figureOf(added) : state,
      verdict === null ? null : { badge: { word: verdict, tone: TONES[verdict] } },
      hop && figureOf(hop),
      elsewhere && figureOf(elsewhere),
      added && { value: (Math.max(0, added.value) * RATE) / 1e6 },
      { badge },
      state === 'measured' ? null : words,
    ],
  };
}

const listOf = ({ list }: Prices): Table => ({
  kind: 'table',
  label: 'every price',
  head: 'Proxy and filter',
  columns: [
    { title: 'Added', unit: 'µs', signed: true },
    { title: 'Verdict' },
    { title: 'Hop without it', short: 'hop', unit: 'µs' },
    { title: 'Elsewhere', short: 'elsewhere', unit: 'µs', signed: true },
    { title: `Cores at ${RATE.toLocaleString('en')} requests/s`, short: 'cores at 10k/s', unit: 'per request' },
    { title: 'How sure', short: 'sure' },
    { title: 'Why it has none' },
  ],
  rows: list.map(rowOf),
  grouped: true,
});

const settingsOf = ({ list }: Prices): Section => ({
  kind: 'section',
  id: 'priced',
  title: 'What is priced',
  isLong: true,
  blocks: [
    {
      kind: 'facts',
      facts: [...new Map(list.map(({ filter, summary }) => [filter, summary]))].map(([filter, summary]) => [
        filter,
        summary,
      ]),
    },
  ],
});

export function pricesSection({ prices }: Analysis): Section[] {
  if (!prices) return [];
  return [
    {
      kind: 'section',
      id: 'prices',
      title: 'What each filter costs',
      short: 'Prices',
      blocks: [
        ...(prices.subjects.length > 1 ? [matrixOf(prices)] : []),
        listOf(prices),
        paragraph(
          'Microseconds of CPU per request that a proxy takes with the filter more than without it, both alive at once, in turns; intervals are over starts. Elsewhere: the same at the origin, which is the authoriser, the collector and the receiver of copies as well. “nothing” is a proxy beside itself: what differs there is noise. A dash: not offered.',
          'soft',
        ),
      ],
    },
    settingsOf(prices),
  ];
}
