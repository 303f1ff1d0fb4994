/**
 * Whose rules a gate decides by: base's, unless it is told otherwise. A change that loosens a budget would else be judged by the loosened
 * one. That the two differ is told in every output.
 */
import { explain, UsageError } from '#bench/model/errors.ts';
import { type BenchConfig, loadConfig } from '../config.ts';

export const RULERS = ['base', 'head'] as const;
export type Ruler = (typeof RULERS)[number];

export type GateConfig = NonNullable<BenchConfig['gate']>;
type Rules = Pick<GateConfig, 'budgets' | 'effects' | 'proxies' | 'rounds' | 'scenarios'>;

/** What of `gate` in bench.config.ts is a rule; `install` and `build` are how a revision is prepared. */
const RULES = ['proxies', 'scenarios', 'rounds', 'effects', 'budgets'] as const satisfies readonly (keyof Rules)[];

export interface Ruling {
  readonly gate: GateConfig;
  /** Sentences for the result. */
  readonly notes: readonly string[];
}

const rulesOf = (gate: GateConfig): Rules =>
  Object.fromEntries(RULES.flatMap((rule) => (gate[rule] === undefined ? [] : [[rule, gate[rule]]]))) as Rules;

const asText = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  ) ?? '';

/** `folder`: in base's checkout, the one that corresponds to head's. */
export async function ruleBy(ruler: Ruler, own: GateConfig, folder: string): Promise<Ruling> {
  const base = await loadConfig(folder).catch((error: unknown) => {
    if (!(error instanceof UsageError)) throw error;
    return explain(error);
  });
  if (typeof base === 'string')
    return { gate: own, notes: [`head's rules decide, because base's cannot be read: ${base}`] };
  // A base without any configuration has no rules that could be loosened.
  if (base.directory === undefined) return { gate: own, notes: [] };
  const theirs = rulesOf(base.gate ?? {});
  const differing = RULES.filter((rule) => asText(theirs[rule]) !== asText(own[rule]));
  if (differing.length === 0) return { gate: own, notes: [] };
  const what = `the gate's rules differ from base's (${differing.join(', ')})`;
  if (ruler === 'head') return { gate: own, notes: [`${what}, and head's decide, as --rules head says`] };
  const prepared = Object.fromEntries(Object.entries(own).filter(([name]) => !RULES.some((rule) => rule === name)));
  return { gate: { ...prepared, ...theirs }, notes: [`${what}: base's decide; --rules head takes head's`] };
}
