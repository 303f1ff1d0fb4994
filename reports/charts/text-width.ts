/** How wide words are where no font is at hand: on the wide side of the sans-serif fonts that a page may be shown in. */

/** Parts of the font's size, by kind of letter. */
const WIDTHS: readonly (readonly [pattern: RegExp, width: number])[] = [
  [/[ijlI.,:;'|!()[\]/ ]/, 0.36],
  [/[frt"*-]/, 0.44],
  [/[mwMW@%–—→]/, 0.98],
  [/[A-Z<>+=×÷±≈−]/, 0.76],
];
const USUAL = 0.63;
const BOLD = 1.1;

/** Pixels. */
export const textWidth = (text: string, { size = 12, bold = false } = {}): number =>
  Array.from(text).reduce((sum, letter) => sum + (WIDTHS.find(([kind]) => kind.test(letter))?.[1] ?? USUAL), 0) *
  size *
  (bold ? BOLD : 1);
