/** Outcomes of several runs of the suite over one proxy → what it does otherwise. Pure. */
import type { RuleId } from '../rules.ts';
import type { Verdict } from '../run.ts';
import { type Cases, type Deviating, EVERY } from './recorded.ts';

/**
 * | a case failed | it was known as | and becomes |
 * | --- | --- | --- |
 * | in every run | unsteady | unsteady |
 * | in every run | steady, or not at all | steady |
 * | in some | anything | unsteady |
 * | in none | unsteady | unsteady |
 * | in none | steady, or not at all | none |
 *
 * A few runs cannot show that something does not depend on timing: what was unsteady once stays so, and recording anew what behaves
 * as before changes nothing. Cases that no run put to the proxy are in no record.
 */
export function deviatingIn(runs: readonly (readonly Verdict[])[], before: Deviating | undefined): Deviating {
  const outcomes = new Map<RuleId, Map<string, boolean[]>>();
  for (const { rule, name, state } of runs.flat()) {
    if (state === 'skipped') continue;
    const cases = outcomes.get(rule) ?? new Map<string, boolean[]>();
    outcomes.set(rule, cases);
    cases.set(name, [...(cases.get(name) ?? []), state === 'failed' || state === 'deviating']);
  }
  const [steady, unsteady] = [new Map<RuleId, typeof EVERY | string[]>(), new Map<RuleId, string[]>()];
  for (const [rule, cases] of outcomes) {
    const wasUnsteady = (name: string): boolean => namesIt(before?.unsteady, rule, name);
    const failing = [...cases].filter(([, failed]) => failed.includes(true)).map(([name]) => name);
    const always = failing.filter((name) => !wasUnsteady(name) && !cases.get(name)!.includes(false));
    const sometimes = [...cases.keys()].filter(
      (name) => wasUnsteady(name) || (failing.includes(name) && !always.includes(name)),
    );
    if (always.length > 0) steady.set(rule, always.length === cases.size ? EVERY : always);
    if (sometimes.length > 0) unsteady.set(rule, sometimes);
  }
  return { steady, unsteady };
}

function namesIt(table: Cases | undefined, rule: RuleId, name: string): boolean {
  const names = table?.get(rule);
  return names === EVERY || names?.includes(name) === true;
}
