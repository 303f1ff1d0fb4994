/**
 * What a maker's proxies were seen to do otherwise: one file a maker, written by `hopcost conformance PROXY --record`, one line a rule. Proxies that
 * deviate alike stand together. The text depends on what was recorded alone, never on the order in which it was.
 */
import { cases } from '../cases/registry.ts';
import { RULES, type RuleId } from '../rules.ts';

export const EVERY = 'every case';

/** Rule → names of its cases, or every case of it. */
export type Cases = ReadonlyMap<RuleId, typeof EVERY | readonly string[]>;

export interface Deviating {
  /** They fail whenever they are tried. */
  readonly steady: Cases;
  /** Their outcome depends on timing: neither is news. */
  readonly unsteady: Cases;
}

/** By the name of the proxy. */
export type Recorded = ReadonlyMap<string, Deviating>;

/** The file: names of proxies, apart by blanks → what they have in common. */
type Block = Readonly<{
  [EVERY]?: readonly string[];
  cases?: Readonly<Record<string, readonly string[]>>;
  unsteady?: Readonly<Record<string, readonly string[]>>;
}>;
type File = Readonly<Record<string, Block>>;

const RULE_IDS = Object.keys(RULES) as RuleId[];

const isRule = (id: string): id is RuleId => id in RULES;

function ruleOf(id: string): RuleId {
  if (isRule(id)) return id;
  throw new Error(`a recorded deviation names the rule '${id}', which there is not; record the proxy anew`);
}

export function readRecorded(text: string): Recorded {
  const found = new Map<string, { steady: Map<RuleId, typeof EVERY | string[]>; unsteady: Map<RuleId, string[]> }>();
  for (const [names, block] of Object.entries(JSON.parse(text) as File))
    for (const name of names.split(' ')) {
      const own = found.get(name) ?? { steady: new Map(), unsteady: new Map() };
      found.set(name, own);
      for (const id of block[EVERY] ?? []) own.steady.set(ruleOf(id), EVERY);
      for (const [into, table] of [
        [own.steady, block.cases],
        [own.unsteady, block.unsteady],
      ] as const)
        for (const [id, more] of Object.entries(table ?? {})) {
          const known = into.get(ruleOf(id)) ?? [];
          if (known !== EVERY) into.set(ruleOf(id), [...known, ...more]);
        }
    }
  return found;
}

/** One thing that was seen of some proxies; `name` of a case, or every case. */
interface Seen {
  readonly rule: RuleId;
  readonly name: string;
  readonly kind: 'steady' | 'unsteady';
  readonly proxies: readonly string[];
}

/** As many proxies as possible first, then in the order of their names. */
export function writeRecorded(recorded: Recorded): string {
  const names = [...recorded.keys()].toSorted();
  const seen = RULE_IDS.flatMap((rule) => seenOf(rule, recorded, names));
  const blocks = [...Map.groupBy(seen, ({ proxies }) => proxies.join(' '))].toSorted(
    ([a], [b]) => b.split(' ').length - a.split(' ').length || (a < b ? -1 : 1),
  );
  return `{\n${blocks.map(([key, own]) => `  ${JSON.stringify(key)}: {\n${blockLines(own).join(',\n')}\n  }`).join(',\n')}\n}\n`;
}

function seenOf(rule: RuleId, recorded: Recorded, names: readonly string[]): Seen[] {
  const known = cases.filter((one) => one.rule === rule).map(({ name }) => name);
  const isIn = (name: string, kind: Seen['kind'], proxy: string): boolean => {
    const own = recorded.get(proxy)?.[kind].get(rule);
    return name === EVERY ? own === EVERY : own !== EVERY && own?.includes(name) === true;
  };
  return [EVERY, ...new Set(known)].flatMap((name) =>
    (['steady', 'unsteady'] as const).flatMap((kind): Seen[] => {
      const proxies = names.filter((proxy) => isIn(name, kind, proxy));
      return proxies.length === 0 ? [] : [{ rule, name, kind, proxies }];
    }),
  );
}

function blockLines(seen: readonly Seen[]): string[] {
  const every = seen.filter(({ name }) => name === EVERY).map(({ rule }) => rule);
  const named = (kind: Seen['kind']): Seen[] => seen.filter((one) => one.name !== EVERY && one.kind === kind);
  return [
    ...(every.length > 0
      ? [`    ${JSON.stringify(EVERY)}: [\n${filled(every.map((rule) => JSON.stringify(rule)))}\n    ]`]
      : []),
    ...tableOf('cases', named('steady')),
    ...tableOf('unsteady', named('unsteady')),
  ];
}

function tableOf(title: string, seen: readonly Seen[]): string[] {
  if (seen.length === 0) return [];
  const rules = [...Map.groupBy(seen, ({ rule }) => rule)].map(
    ([rule, own]) => `${JSON.stringify(rule)}: [${own.map(({ name }) => JSON.stringify(name)).join(', ')}]`,
  );
  return [`    ${JSON.stringify(title)}: {\n${filled(rules)}\n    }`];
}

const WIDTH = 150;
const INDENT = '      ';

/** As many in a line as fit: a file that is read at a glance. */
function filled(items: readonly string[]): string {
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    if (last !== undefined && `${last}, ${item}`.length <= WIDTH) lines[lines.length - 1] = `${last}, ${item}`;
    else lines.push(`${INDENT}${item}`);
  }
  return lines.join(',\n');
}
