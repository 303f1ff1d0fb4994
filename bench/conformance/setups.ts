/** How proxies are configured for cases, and the configurations that many cases share. */
import type { Limits, ProxyIntent, Timeouts } from '#proxies/config/intent.ts';
import type { RunCertificate } from '#bench/lab/certificates.ts';

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

type Change = (base: ProxyIntent) => ProxyIntent;

export const http = (name: string, intent: Change, more: Partial<Setup> = {}): Setup => ({
  name,
  speaks: 'http',
  ...more,
  intent,
});

export const bytes = (name: string, intent: Change, more: Partial<Setup> = {}): Setup => ({
  name,
  speaks: 'bytes',
  ...more,
  intent,
});

/** Nothing but the way to the origin. */
export const plain: Setup = http('plain', (base) => base);
export const relay: Setup = bytes('relay', (base) => base);

export const withLimits = (limits: Partial<Limits>): Setup =>
  http(`limits ${JSON.stringify(limits)}`, (base) => ({ ...base, limits }));

export const withTimeouts = (timeouts: Partial<Timeouts>): Setup =>
  http(`timeouts ${JSON.stringify(timeouts)}`, (base) => ({ ...base, timeouts }));
