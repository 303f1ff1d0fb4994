/** Searched knees: what each search came to, and every window that it rests on. None where none was searched. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { describeSearch, type KneeAnalysis, type KneePoint, type Knees } from '#bench/analysis/knees/knees.ts';
import { counted } from '#bench/analysis/words/quantity.ts';
import { type Cell, type Fold, paragraph, type Section, type Table, type Tone } from '../document/tree.ts';

const TONES: Readonly<Record<KneePoint['kind'], Tone>> = {
  held: 'good',
  missed: 'bad',
  limited: 'care',
  disturbed: 'quiet',
};

const WORDS = { never: 'none', 'cannot tell': 'cannot tell', found: '' } as const;

function rowOf({ subject, state, rate, held, missed, windows, limit, words }: KneeAnalysis): readonly Cell[] {
  return [
    rate ? { value: rate.value, low: rate.low, high: rate.high } : WORDS[state],
    held && { value: held.rate },
    missed && { value: missed.rate },
    String(windows.length),
    state === 'cannot tell' ? (limit?.why ?? words.replace(`${subject} `, '')) : null,
  ];
}

const tableOf = (title: string, searches: readonly KneeAnalysis[]): Table => ({
  kind: 'table',
  label: title,
  head: 'Subject',
  columns: [
    { title: 'Highest rate', short: 'highest', unit: '/s' },
    { title: 'Held at', short: 'held at', unit: '/s' },
    { title: 'Missed at', short: 'missed at', unit: '/s' },
    { title: 'Windows', short: 'windows' },
    { title: 'Why no more can be told' },
  ],
  rows: searches.map((search) => ({ head: search.subject, cells: rowOf(search) })),
});

const searchesBy = (knees: Knees) => [...Map.groupBy(knees.searches, ({ scenario }) => scenario)];

export function kneesSection({ knees }: Analysis): Section[] {
  if (!knees) return [];
  const title = `Highest rate with ${knees.objective}`;
  return [
    {
      kind: 'section',
      id: 'knees',
      title,
      short: 'Highest rate',
      blocks: [
        ...searchesBy(knees).map(([scenario, searches]) => tableOf(`${title} (${scenario})`, searches)),
        paragraph(
          `${describeSearch(knees)} A miss is the subject’s only where nothing else was at its limit and direct held at that rate.`,
          'soft',
        ),
      ],
    },
  ];
}

/** Every window of each search. */
export const kneeFolds = ({ knees }: Analysis): Fold[] =>
  (knees?.searches ?? []).map(({ subject, scenario, windows }) => ({
    kind: 'fold',
    title: `Search of ${subject}`,
    note: `${scenario}, ${counted(windows.length, 'window')} in their order`,
    blocks: [
      {
        kind: 'table',
        label: `windows of ${subject} in ${scenario}`,
        head: 'Window',
        columns: [
          { title: 'Offered', unit: '/s' },
          { title: knees!.shown?.title ?? '', unit: 'µs' },
          { title: 'Outcome' },
          { title: 'Why' },
        ],
        rows: windows.map(({ rate, kind, why, micros }, i) => ({
          head: String(i + 1),
          cells: [
            { value: rate },
            micros === null ? null : { value: micros },
            { badge: { word: kind, tone: TONES[kind] } },
            why,
          ],
        })),
      },
    ],
  }));
