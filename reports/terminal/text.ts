/** Text for a terminal of a given width: names made harmless, words kept whole, colour only where it is asked for. */
import { styleText } from 'node:util';
import type { Tone } from '../document/tree.ts';

export interface Terminal {
  /** Columns. */
  readonly width: number;
  readonly colour: boolean;
}

export const NARROWEST = 40;
const WIDEST = 200;
const USUAL = 80;

/** What is asked for, within what can be read; 80 columns where nobody says. */
export const terminalOf = ({ width = USUAL, colour = false }: Partial<Terminal> = {}): Terminal => ({
  width: Math.max(NARROWEST, Math.min(WIDEST, Math.floor(width) || USUAL)),
  colour,
});

/** Names come from outside: a control character in one must not move the cursor. */
export const printable = (text: string): string => text.toWellFormed().replace(/\p{Cc}/gu, '?');

export const fit = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;

/** A word that is longer than a line: broken behind a mark within it (a path, a list), and cut where it has none. */
function pieces(word: string, width: number): string[] {
  if (word.length <= width) return [word];
  const end = Math.max(...['/', ',', ':', ';', '=', '&', '-', '.'].map((mark) => word.lastIndexOf(mark, width - 1)));
  if (end <= 0) return [fit(word, width)];
  return [word.slice(0, end + 1), ...pieces(word.slice(end + 1), width)];
}

/** Lines of at most `width`, broken between words. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((one) => pieces(one, width))) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';
export type Paint = (style: Style, text: string) => string;

export const painter =
  (colour: boolean): Paint =>
  (style, text) =>
    colour && text !== '' ? styleText(style, text, { validateStream: false }) : text;

export const STYLES: Readonly<Record<Tone, Style>> = { good: 'green', care: 'yellow', bad: 'red', quiet: 'dim' };
