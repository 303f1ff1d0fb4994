/** What a conformance case is, and how it ends. A case speaks through a `Bench` and throws a `Violation` where the subject fails. */
import type { Capability } from '#proxies/contract.ts';
import type { ProxyIntent } from '#proxies/config/intent.ts';
import type { RunCertificate } from '#bench/lab/certificates.ts';
import type { Bench } from './bench.ts';
import type { RuleId } from './rules.ts';

/** What all topologies of one suite share. */
export interface Materials {
  readonly certificate: RunCertificate;
  /** A second authority and leaf, which nobody trusts. */
  readonly stranger: RunCertificate;
}

/** How the proxy is configured for a group of cases, which share one topology and run one after the other. */
export interface Setup {
  readonly name: string;
  /** What the origin answers by itself: HTTP, or every byte as it came. */
  readonly speaks: 'http' | 'bytes';
  /** Origins behind the default cluster; 1 by default. */
  readonly origins?: number;
  /** The origins speak TLS, and the default cluster trusts them. */
  readonly secureOrigin?: true;
  /** Sent first on each connection that only synchronises, where the listener requires it (PROXY header, ClientHello). */
  readonly preamble?: string;
  intent(base: ProxyIntent, materials: Materials): ProxyIntent;
}

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

/** The subject broke the rule. `message` is what was expected and what came. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly sent: string;
  readonly expected: string;
  readonly got: string;
  constructor(sent: string, expected: string, got: string) {
    super(`sent ${sent}: expected ${expected}, got ${got}`);
    this.sent = sent;
    this.expected = expected;
    this.got = got;
  }
}

/** The case cannot be put to this subject, which is no fault of its. */
export class NotApplicable extends Error {
  override readonly name = 'NotApplicable';
}

export type Outcome =
  | { readonly state: 'passed' }
  | { readonly state: 'failed'; readonly sent: string; readonly expected: string; readonly got: string }
  | { readonly state: 'skipped'; readonly reason: string };

/** Latin-1 text, printable and cut, for messages. */
export function show(text: string, length = 160): string {
  return JSON.stringify(text.length > length ? `${text.slice(0, length)}… (${text.length})` : text);
}
