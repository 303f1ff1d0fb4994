/** SVG as Vega writes it, in fewer letters: the same picture. A page holds two dozen of these, each in two widths. */

const FONT = / font-(?:family="system-ui, sans-serif"|size="12px"|weight="normal"|style="[^"]*")/g;

/** Inherited by what is inside an element, so that they may stand on the group; whose marks they are, the page asks of either. */
const INHERITED = [
  'fill',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'text-anchor',
  'font-weight',
  'data-of',
] as const;

/** A group of drawn things alone, no group within. */
const LEAF_GROUP = /<g([^<>]*)>((?:<(?:path|line|rect)\b[^<>]*\/>|<text\b[^<>]*>[^<]*<\/text>){2,})<\/g>/g;
const CHILD = /<(?:path|line|rect|text)\b[^<>]*>/g;

const attribute = (name: string): RegExp => new RegExp(` ${name}="([^"]*)"`);

/** What all things in a group share is said once, on the group. */
const hoist = (svg: string): string =>
  svg.replaceAll(LEAF_GROUP, (_, own: string, inside: string) => {
    let [head, body] = [own, inside];
    for (const name of INHERITED) {
      const pattern = attribute(name);
      const values = new Set([...body.matchAll(CHILD)].map(([child]) => pattern.exec(child)?.[1]));
      const [value] = values;
      if (values.size !== 1 || value === undefined || pattern.test(head)) continue;
      head += ` ${name}="${value}"`;
      body = body.replaceAll(CHILD, (child) => child.replace(pattern, ''));
    }
    return `<g${head}>${body}</g>`;
  });

/** The page's style sheet sets the font of charts. */
export const compactSvg = (svg: string): string =>
  hoist(
    svg
      .replaceAll(/ (?:d|transform|x2?|y2?)="[^"]*"/g, (one) =>
        one.replaceAll(/\d+\.\d{2,}/g, (digits) => String(Number(Number(digits).toFixed(1)))),
      )
      .replaceAll(/ ((?:fill-|stroke-)?opacity)="([^"]*)"/g, (_, name: string, value: string) =>
        Number(value) === 1 ? '' : ` ${name}="${Number(Number(value).toFixed(2))}"`,
      )
      // What Vega keeps for itself and nobody sees.
      .replaceAll(/<path class="(?:foreground|background)"[^>]*\/>/g, '')
      .replaceAll(/ class="(?!marks)[^"]*"/g, '')
      .replaceAll(/ (?:pointer-events="none"|stroke-dasharray="1,0"|stroke-miterlimit="10")/g, '')
      .replaceAll(FONT, '')
      .replaceAll(/<g>(<\/g>)/g, ''),
  );
