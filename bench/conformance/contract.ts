/** What a conformance case is, and how it ends. A case speaks through a `Bench` and throws a `Violation` where the subject fails. */
import type { Capability } from '#proxies/contract.ts';
import type { Bench } from './bench.ts';
import type { RuleId } from './rules.ts';
import type { Setup } from './setups.ts';

export interface ConformanceCase {
  readonly rule: RuleId;
  /** What is sent or done, in a few words; unique within its rule. */
  readonly name: string;
  readonly layer: 'l4' | 'l7';
  /** Capabilities without which the rule does not reach a proxy. */
  readonly needs?: readonly Capability[];
  readonly setup: Setup;
  /** Part of the subset that runs before each measurement. */
  readonly quick?: true;
  /** Milliseconds; 5,000 by default. */
  readonly deadline?: number;
  run(bench: Bench): Promise<void>;
}

export type Outcome =
  | { readonly state: 'passed' }
  | { readonly state: 'failed'; readonly sent: string; readonly expected: string; readonly got: string }
  | { readonly state: 'skipped'; readonly reason: string };
