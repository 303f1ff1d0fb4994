/**
 * What may follow a chunk's size up to the end of its line, as a table (RFC 9112 §7.1.1):
 *
 *     chunk-ext = *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )
 *
 * Nobody here has a use for extensions, but two readers who disagree about where one ends disagree about where the chunk begins.
 */
import { CR, HTAB, LF, SEMICOLON, SP, tokenClass, valueClass } from './octets.ts';

/** Kinds of octets, the columns of the table. `other`: may only stand in a quoted string. */
const KINDS = ['token', 'blank', ';', '=', '"', '\\', 'other', 'CR', 'LF'] as const;
type Kind = (typeof KINDS)[number];

/** Places in a line, the rows of the table. */
const PLACES = [
  'size',
  'blank',
  'semicolon',
  'name',
  'nameBlank',
  'equals',
  'value',
  'quoted',
  'pair',
  'closed',
] as const;
type Place = (typeof PLACES)[number];

/** `end`: an LF must follow. `over`: the line ended. */
type Next = Place | 'end' | 'over';
type Row = Partial<Record<Kind, Next>>;

const text = (next: Next): Row => ({
  token: next,
  blank: next,
  ';': next,
  '=': next,
  '"': next,
  '\\': next,
  other: next,
});
const AFTER: Row = { blank: 'blank', ';': 'semicolon', CR: 'end' };

const LINE: Readonly<Record<Place, Row>> = {
  size: AFTER,
  blank: { blank: 'blank', ';': 'semicolon' },
  semicolon: { blank: 'semicolon', token: 'name' },
  name: { ...AFTER, token: 'name', blank: 'nameBlank', '=': 'equals' },
  nameBlank: { blank: 'nameBlank', ';': 'semicolon', '=': 'equals' },
  equals: { blank: 'equals', token: 'value', '"': 'quoted' },
  value: { ...AFTER, token: 'value' },
  quoted: { ...text('quoted'), '"': 'closed', '\\': 'pair' },
  pair: text('quoted'),
  closed: AFTER,
};

/** What some origins send besides, which has one meaning only: blanks before the end of the line, and LF alone as that end. */
const LENIENT: Readonly<Partial<Record<Place, Row>>> = {
  size: { LF: 'over' },
  blank: { CR: 'end', LF: 'over' },
  name: { LF: 'over' },
  nameBlank: { CR: 'end', LF: 'over' },
  value: { LF: 'over' },
  closed: { LF: 'over' },
};

/** Where a line starts, and what it comes to; 0 in a table is no place. */
export const AFTER_SIZE = 1;
export const LINE_END: number = PLACES.length + 1;
export const LINE_OVER: number = PLACES.length + 2;

/** Blanks that belong to no extension yet, or to none any more. */
export const PADDING: number = PLACES.indexOf('blank') + 1;

const NUMBERS: Readonly<Record<Next, number>> = Object.assign(
  { end: LINE_END, over: LINE_OVER },
  ...PLACES.map((place, index) => ({ [place]: index + 1 })),
);

const kindOf = Uint8Array.from({ length: 256 }, (_, octet) => {
  const named: Record<number, Kind> = { [SP]: 'blank', [HTAB]: 'blank', [SEMICOLON]: ';', 61: '=', 34: '"', 92: '\\' };
  const kind = tokenClass[octet] !== 0 ? 'token' : (named[octet] ?? (valueClass[octet] !== 0 ? 'other' : undefined));
  const ending = octet === CR ? 'CR' : octet === LF ? 'LF' : kind;
  return ending === undefined ? KINDS.length : KINDS.indexOf(ending);
});

const WIDTH = KINDS.length + 1; // one column for what stands nowhere

function compile(isLenient: boolean): Uint8Array {
  const table = new Uint8Array((PLACES.length + 1) * WIDTH);
  for (const place of PLACES) {
    const row = { ...LINE[place], ...(isLenient && LENIENT[place]) };
    for (const [column, kind] of KINDS.entries()) table[NUMBERS[place] * WIDTH + column] = NUMBERS[row[kind]!] ?? 0;
  }
  return table;
}

const strict = compile(false);
const lenient = compile(true);

/** The place after `octet`: one of the table, `LINE_END`, `LINE_OVER`, or 0 where it may not stand. */
export function nextPlace(place: number, octet: number, isLenient: boolean): number {
  return (isLenient ? lenient : strict)[place * WIDTH + kindOf[octet]!]!;
}
