/** What an intent asks for: each of its values, by the table. */
import { FEATURES, type Feature } from './features.ts';
import type { ProxyIntent } from './intent.ts';

export interface Ask {
  /** Undefined: the intent has no such field or value; it comes from somewhere that types do not reach. */
  readonly feature: Feature | undefined;
  /** Where the intent asks for it: `routes[0].match.hosts[1]`. */
  readonly path: string;
}

const ROWS: ReadonlyMap<string, Feature> = new Map(Object.entries(FEATURES));

/** Objects and lists that lead to rows, whether they are rows themselves or not: `listener`, `clusters[]`, `routes[].action`. */
const LEADING: ReadonlySet<string> = new Set(
  [...ROWS.keys()].flatMap((row) => [...row.matchAll(/\.|\[\]|\(/g)].map(({ index }) => row.slice(0, index))),
);

/** One ask for each value that is set, in the order of the intent, what holds others before them. An absent value asks for nothing. */
export function featuresAsked(intent: ProxyIntent): Ask[] {
  const asks: Ask[] = [];
  const enter = (row: string, path: string): void => {
    const feature = ROWS.get(row);
    if (feature !== undefined || !LEADING.has(row)) asks.push({ feature, path });
  };
  const visit = (value: unknown, row: string, path: string): void => {
    if (value === undefined) return;
    if (Array.isArray(value)) {
      enter(row, path);
      if (value.length > 1 && ROWS.has(`${row}[+]`)) enter(`${row}[+]`, path);
      for (const [index, element] of value.entries()) visit(element, `${row}[]`, `${path}[${index}]`);
    } else if (typeof value === 'object' && value !== null) {
      enter(row, path);
      const { kind, ...fields } = value as { readonly kind?: string };
      const tagged = kind === undefined ? row : `${row}(${kind})`;
      if (tagged !== row) enter(tagged, path);
      for (const [key, field] of Object.entries(fields)) {
        if (`${tagged}.*` in FEATURES)
          asks.push({ feature: ROWS.get(`${tagged}.${key}`) ?? ROWS.get(`${tagged}.*`), path: `${path}.${key}` });
        else visit(field, `${tagged}.${key}`, `${path}.${key}`);
      }
    } else {
      asks.push({ feature: ROWS.get(`${row}=${value as string | number | boolean}`) ?? ROWS.get(row), path });
    }
  };
  for (const [key, value] of Object.entries(intent)) visit(value, key, key);
  return asks;
}
