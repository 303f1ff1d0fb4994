/** Where a proxy is known to do otherwise, and why that is let be. A deviation that is not in this table fails; one that no longer occurs is told. */
import type { RuleId } from './rules.ts';

export interface Deviation {
  /** Names as in the registry. */
  readonly proxies: readonly string[];
  readonly rule: RuleId;
  /** Names of cases; all of the rule where absent. */
  readonly cases?: readonly string[];
  readonly reason: string;
}

export const deviations: readonly Deviation[] = [];

export function deviationOf(
  proxy: string,
  { rule, name }: { readonly rule: RuleId; readonly name: string },
  table: readonly Deviation[] = deviations,
): Deviation | undefined {
  return table.find(
    (each) => each.rule === rule && each.proxies.includes(proxy) && (each.cases?.includes(name) ?? true),
  );
}
