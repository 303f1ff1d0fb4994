/** Vega-Lite spec → SVG text that can stand inside a page: titled, described, ids of its own, no inline style. */
import { parse, View, Warn, type Loader, loader, logger } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { TIP_SEPARATOR } from './chart.ts';
import { compactSvg } from './compact-svg.ts';

/** A chart that would ask for a file or a network address is a fault of its spec. */
const noLoading = (): Loader =>
  Object.assign(loader(), {
    load: (uri: string) => Promise.reject(new Error(`a chart must hold its data itself; it asked for ${uri}`)),
  });

export interface Rendered {
  readonly svg: string;
  /** What Vega-Lite and Vega complained about; a sound spec gives none. */
  readonly warnings: readonly string[];
}

/** `id` is unique in the page. Text from outside is escaped by Vega; `title` and `description` are escaped here. */
export async function renderSvg(
  spec: TopLevelSpec,
  { id, title, description }: { id: string; title: string; description: string },
): Promise<Rendered> {
  const warnings: string[] = [];
  const log = collect(warnings);
  const compiled = compile(spec, { logger: log }).spec;
  const view = new View(parse(compiled), { renderer: 'none', logger: log, loader: noLoading() });
  try {
    const svg = await view.toSVG();
    return { svg: stand(svg, { id, title, description }), warnings };
  } finally {
    view.finalize();
  }
}

function collect(into: string[]): ReturnType<typeof logger> {
  const log = logger(Warn);
  const keep = (...words: readonly unknown[]): typeof log => {
    into.push(words.map(String).join(' '));
    return log;
  };
  return Object.assign(log, { warn: keep, error: keep });
}

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);

/** What the description channel brought, escaped by Vega already, as data that the page's script reads. */
function tagged(label: string): string {
  const [subject, words] = label.split(TIP_SEPARATOR);
  if (words === undefined) return '';
  return `${subject === '' ? '' : ` data-of="${subject}"`}${words === '' ? '' : ` data-tip="${words}"`}`;
}

/** The roles and labels that Vega gives to every mark would be read out one by one: one image with one description is kinder. */
function stand(svg: string, { id, title, description }: { id: string; title: string; description: string }): string {
  return compactSvg(
    svg
      .replaceAll(/ aria-label="([^"]*)"/g, (_, label: string) => tagged(label))
      .replaceAll(/ (?:role|aria-label|aria-roledescription|aria-hidden)="[^"]*"/g, '')
      .replaceAll(/ (id)="([^"]*)"/g, ` $1="${id}-$2"`)
      .replaceAll(/url\(#([^)]*)\)/g, `url(#${id}-$1)`)
      .replace(/ xmlns:xlink="[^"]*"/, ''),
  ).replace(
    /^<svg([^>]*)>/,
    (_, attributes: string) =>
      `<svg${attributes} role="img" aria-labelledby="${id}-t ${id}-d"><title id="${id}-t">${escaped(title)}</title><desc id="${id}-d">${escaped(description)}</desc>`,
  );
}
