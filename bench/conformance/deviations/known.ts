/**
 * Where a proxy is known to do otherwise, and why that is let be. The rules are what we ask of our references; a peer is measured as
 * it is, its deviations told. One that is not in the table fails; one that no longer occurs is told, too.
 */
import { observed as allObserved } from './all.ts';
import type { Observed } from './observed.ts';
import type { RuleId } from '../rules.ts';

/** Why a peer's deviation is no reason not to measure it. */
const WHY = {
  'reads what clients send more leniently than we ask': [
    ...([
      'bare-cr',
      'bare-lf',
      'leading-space',
      'version-syntax',
      'request-line',
      'host-missing',
      'host-repeated',
    ] as const),
    ...([
      'host-invalid',
      'space-before-colon',
      'obs-fold',
      'field-value',
      'field-name',
      'name-alias',
      'te-with-length',
    ] as const),
    ...(['length-invalid', 'chunked-last', 'coding-unknown', 'te-http10', 'chunk-size', 'chunk-extension'] as const),
    ...([
      'trailer-forbidden',
      'cut-request',
      'fuzz',
      'proxy-v1',
      'proxy-v2',
      'proxy-required',
      'sni-oversized',
    ] as const),
  ],
  'refuses with another status, or by a close': [
    ...(['version-unknown', 'target-too-long', 'head-too-large', 'body-too-large', 'slow-head', 'error-body'] as const),
    ...(['connect-disabled', 'bad-gateway', 'unavailable', 'gateway-timeout', 'keep-alive-age', 'lingering'] as const),
  ],
  'reads what origins send more leniently than we ask': [
    ...(['space-before-colon-response', 'obs-fold-response', 'length-invalid-upstream', 'truncated'] as const),
    ...(['tls-truncation', 'tls-verify', 'bodiless', 'chunk-rewritten', 'idle-upstream-bytes'] as const),
  ],
  'reads what origins send more strictly than we ask': ['tolerated'],
  'forwards targets as it understands them, or supports fewer forms': [
    ...([
      'canonical-path',
      'escaped-slash',
      'peculiar-path',
      'absolute-form',
      'authority-form',
      'asterisk-form',
      'target-8000',
    ] as const),
  ],
  'treats fields of a connection or about the client in its own way': [
    ...([
      'hop-by-hop',
      'nominated',
      'nominated-own',
      'via',
      'max-forwards',
      'identity-untrusted',
      'identity-trusted',
    ] as const),
    ...(['trailer-forwarded', 'expect', 'decided-by-kept', 'loop'] as const),
  ],
  'handles 1xx, early answers or upgrades in its own way': [
    ...(['informational-11', 'informational-10', 'early-answer', 'tunnel-101', 'tunnel-early-bytes'] as const),
    ...(['tunnel-not-pooled', 'connect-2xx', 'upgrade-body', 'head-at-once'] as const),
  ],
  'repeats requests by its own rules, or never': [
    'retry-stale',
    'retry-not',
    'origin-killed',
    'l4-retry',
    'origin-dies',
  ],
  'ends connections and watches time in its own way': [
    ...([
      'pipelining',
      'keep-alive-count',
      'http10-close',
      'client-abort',
      'stalled-reader',
      'stalled-origin',
      'unsent',
      'half-closed-client',
      'connection-limit',
      'l4-unsent',
    ] as const),
    ...([
      'timer-body',
      'timer-idle',
      'timer-connect',
      'timer-upstream-idle',
      'timer-tunnel',
      'slow-clients',
      'aborts',
    ] as const),
    ...(['drain', 'half-close', 'reset-passed', 'l4-idle-timeout', 'l4-half-closed-timeout', 'l4-buffering'] as const),
    ...(['l4-drain', 'l4-one-endpoint', 'l4-connect-timeout', 'l4-source-rules'] as const),
  ],
  'expects a PROXY header in one piece, as its specification allows': ['proxy-fragments', 'proxy-send'],
  'has other defaults of its TLS library': [
    ...([
      'tls-versions',
      'tls-sni',
      'tls-alpn',
      'tls-resumption',
      'tls-renegotiation',
      'tls-handshake-timeout',
    ] as const),
    ...(['tls-hot-swap', 'tls-client-certificate'] as const),
  ],
} as const satisfies Record<string, readonly RuleId[]>;

export interface Deviation {
  readonly proxies: readonly string[];
  readonly rule: RuleId;
  /** Names of cases; all of the rule where absent. */
  readonly cases?: readonly string[];
  readonly reason: string;
  /** The outcome depends on timing: where it does not occur, that is not told. */
  readonly unsteady?: boolean;
}

/** What concerns our own. */
const ofReferences: readonly Deviation[] = (
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

const reasonOf = (rule: RuleId): string | undefined =>
  Object.entries(WHY).find(([, rules]) => (rules as readonly RuleId[]).includes(rule))?.[0];

function deviationsOf({ proxies, rules, unsteady = {} }: Observed): Deviation[] {
  const entries = (table: NonNullable<Observed['unsteady']> | Observed['rules'], isUnsteady: boolean): Deviation[] =>
    (Object.entries(table) as [RuleId, 'every case' | readonly string[]][]).map(([rule, cases]) => ({
      proxies,
      rule,
      ...(cases !== 'every case' && { cases }),
      reason: reasonOf(rule) ?? '',
      ...(isUnsteady && { unsteady: true }),
    }));
  return [...entries(rules, false), ...entries(unsteady, true)];
}

export const deviations: readonly Deviation[] = [...ofReferences, ...allObserved.flatMap(deviationsOf)];

export function deviationOf(
  proxy: string,
  { rule, name }: { readonly rule: RuleId; readonly name: string },
  table: readonly Deviation[] = deviations,
): Deviation | undefined {
  return table.find(
    (each) => each.rule === rule && each.proxies.includes(proxy) && (each.cases?.includes(name) ?? true),
  );
}
