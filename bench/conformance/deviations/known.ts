/**
 * Where a proxy is known to do otherwise, and why that is let be. The rules are what we ask of our references; a peer is measured as
 * it is, its deviations told. One that is not known fails; one that no longer occurs is told, too.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REASONS, RULES, type RuleId } from '../rules.ts';
import { type Cases, EVERY, readRecorded, type Recorded } from './recorded.ts';

export interface Deviation {
  readonly proxies: readonly string[];
  readonly rule: RuleId;
  /** Names of cases; all of the rule where absent. */
  readonly cases?: readonly string[];
  readonly reason: string;
  /** The outcome depends on timing: where it does not occur, that is not told. */
  readonly unsteady?: boolean;
}

/** What concerns our own, with a reason of its own: there is no choice. */
const OF_REFERENCES: readonly Deviation[] = (
  [
    ['truncated', ['no length: its end is the close', 'no length, to HTTP/1.0']],
    ['head-at-once', ['a body that ends with the connection']],
  ] as const
).map(([rule, cases]) => ({
  proxies: ['l7-tls-reencrypt'],
  rule,
  cases,
  reason:
    'node:tls does not tell a FIN without close_notify from one with it: a body that ends with the connection could be cut, and is refused from TLS origins',
}));

/** Where the deviations of a maker's proxies are recorded. */
export const recordedFile = (family: string): string => join(import.meta.dirname, `${family}.json`);

/** Empty where none was recorded. */
export function recordedOf(family: string): Recorded {
  const file = recordedFile(family);
  return existsSync(file) ? readRecorded(readFileSync(file, 'utf8')) : new Map();
}

const known = new Map<string, readonly Deviation[]>();

/** Of all proxies of a maker. */
export function knownDeviations(family: string): readonly Deviation[] {
  const found = known.get(family) ?? [
    ...OF_REFERENCES,
    ...[...recordedOf(family)].flatMap(([proxy, { steady, unsteady }]) => [
      ...deviationsIn(proxy, steady, {}),
      ...deviationsIn(proxy, unsteady, { unsteady: true }),
    ]),
  ];
  known.set(family, found);
  return found;
}

const deviationsIn = (proxy: string, table: Cases, more: Pick<Deviation, 'unsteady'>): Deviation[] =>
  [...table].map(([rule, cases]) => ({
    proxies: [proxy],
    rule,
    ...(cases !== EVERY && { cases }),
    reason: REASONS[RULES[rule].reason],
    ...more,
  }));

export const deviationOf = (
  proxy: string,
  { rule, name }: { readonly rule: RuleId; readonly name: string },
  table: readonly Deviation[],
): Deviation | undefined =>
  table.find((each) => each.rule === rule && each.proxies.includes(proxy) && (each.cases?.includes(name) ?? true));
