/** What a peer was seen to do otherwise, by rule: the names of its cases, or every case of it. Observed by running the suite. */
import type { RuleId } from '../rules.ts';

export interface Observed {
  /** Names as in the registry. */
  readonly proxies: readonly string[];
  readonly rules: Readonly<Partial<Record<RuleId, 'every case' | readonly string[]>>>;
  /** Cases whose outcome depends on timing: neither outcome is news. */
  readonly unsteady?: Readonly<Partial<Record<RuleId, readonly string[]>>>;
}
