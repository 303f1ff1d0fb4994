/** What every renderer reads out of an intent in the same way. */
import type { Certificate, Cluster, Endpoint, ProxyIntent } from '../config/intent.ts';
import { IntentError } from '../config/intent-error.ts';

/** Idle connections that a peer may keep to its upstream: more than any scenario has at work, so that none is closed for want of room. */
export const POOL = 1024;
/** Pending connections of the listener; the kernel cuts it down to net.core.somaxconn. */
export const BACKLOG = 4096;
/** Connections that a peer is prepared for, both sides together. */
export const CONNECTIONS = 65_536;
/** Where a peer wants a number for "without limit". */
export const UNLIMITED = 1_000_000_000;
/** Debian's, Ubuntu's and Alpine's bundle of trusted authorities, for those that cannot be told "the system's". */
export const SYSTEM_CA = '/etc/ssl/certs/ca-certificates.crt';

/** What TLS offers by ALPN, in the order of preference. */
export const alpnOf = ({ listener: { tls, http2 } }: ProxyIntent): readonly string[] =>
  tls?.alpn ?? (http2 === true ? ['h2', 'http/1.1'] : ['http/1.1']);

/** Over TLS it is what ALPN offers. */
export const speaksHttp2 = (intent: ProxyIntent): boolean =>
  intent.listener.http2 === true && (intent.listener.tls === undefined || alpnOf(intent).includes('h2'));

/** IPv6 addresses stand in brackets before a port. */
export const hostPort = ({ host, port }: Endpoint): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

export function defaultCluster(intent: ProxyIntent): Cluster | undefined {
  return intent.clusters.find(({ name }) => name === intent.defaultCluster);
}

/** @throws IntentError where there is nowhere to forward to. */
export function requireCluster(name: string, { clusters }: ProxyIntent): void {
  if (clusters.length === 0)
    throw new IntentError([{ path: 'clusters', message: `${name} needs at least one cluster to forward to` }]);
}

/** @throws IntentError: L4 has nowhere else to go. */
export function requireDefaultCluster(intent: ProxyIntent): Cluster {
  const cluster = defaultCluster(intent);
  if (cluster) return cluster;
  const names = intent.clusters.map(({ name }) => name).join(', ');
  throw new IntentError([
    {
      path: 'defaultCluster',
      message: `expected the name of a cluster (${names}), got ${intent.defaultCluster ?? 'none'}`,
    },
  ]);
}

/** @throws IntentError where the same setting would have to differ between clusters and this peer has only one place for it. */
export function sameForAll<T>(intent: ProxyIntent, name: string, what: string, of: (cluster: Cluster) => T): T {
  const [first, ...others] = intent.clusters.map(of);
  if (others.some((other) => JSON.stringify(other) !== JSON.stringify(first)))
    throw new IntentError([
      { path: 'clusters', message: `capability not offered: ${name} has one setting for all clusters of '${what}'` },
    ]);
  return first!;
}

/** The certificate for clients that name no server, then the others. */
export function certificatesInOrder({
  certificates,
}: {
  readonly certificates: readonly Certificate[];
}): Certificate[] {
  const fallback = certificates.find(({ serverNames }) => (serverNames?.length ?? 0) === 0) ?? certificates[0];
  return fallback ? [fallback, ...certificates.filter((certificate) => certificate !== fallback)] : [];
}

/** `cert0.pem`, `key0.pem` and so on, as files of the private folder. */
export function certificateFiles(certificates: readonly Certificate[]): Record<string, string> {
  return Object.fromEntries(
    certificates.flatMap(({ cert, key }, i) => [
      [`cert${i}.pem`, cert],
      [`key${i}.pem`, key],
    ]),
  );
}

/** OpenSSL's name of a TLS 1.2 cipher → the registry's, by which Go knows it. */
export const ianaName = (openssl: string): string => {
  const [, key = '', rest = ''] = /^ECDHE-(ECDSA|RSA)-(.+)$/.exec(openssl) ?? [];
  const cipher = rest.replace('AES128-GCM', 'AES_128_GCM').replace('AES256-GCM', 'AES_256_GCM').replaceAll('-', '_');
  return `TLS_ECDHE_${key}_WITH_${cipher}${cipher.endsWith('POLY1305') ? '_SHA256' : ''}`;
};
