/**
 * Tells the origin whose client certificate it was, of a listener that demands one (`listener.tls.clientCa`). A certificate that does not
 * say it, or says it twice, is answered 403, as is one that `allow` does not list.
 *
 * @example { "filters": { "client-cert-identity": { "identityHeader": "X-Client", "from": "uri", "allow": ["spiffe://example/shop"] } } }
 */
import type { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import type { Reply } from '../http/reply.ts';
import type { ConfiguredFilter, FilterExchange } from './contract.ts';
import { Identity } from './identity.ts';
import { fieldName } from './settings.ts';

export interface ClientCertIdentity {
  readonly identityHeader: string;
  /** The subject's common name, which is the default; an alternative name of this kind (RFC 5280 §4.2.1.6); or the SHA-256 of it all. */
  readonly from?: 'common-name' | 'dns' | 'email' | 'uri' | 'fingerprint';
  /** Who may pass; every certificate that the listener takes by default. */
  readonly allow?: readonly string[];
}

declare module '../config/intent.ts' {
  interface FilterSettings {
    readonly 'client-cert-identity'?: ClientCertIdentity;
  }
}

type From = NonNullable<ClientCertIdentity['from']>;

const PREFIXES: Readonly<Record<string, string>> = { dns: 'DNS:', email: 'email:', uri: 'URI:' };

/** What a certificate says of its owner; '' where that is nothing, or not beyond doubt. */
export function identityOf(certificate: X509Certificate, from: From): string {
  if (from === 'fingerprint') return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
  if (from === 'common-name') {
    const names = certificate.subject.split('\n').filter((line) => line.startsWith('CN='));
    return names.length === 1 ? names[0]!.slice(3) : '';
  }
  const prefix = PREFIXES[from]!;
  // A name with a comma, or with what looks like another name, stands in quotes: then nothing is taken from any of them.
  const text = certificate.subjectAltName ?? '';
  const names = text.includes('"') ? [] : text.split(', ').filter((name) => name.startsWith(prefix));
  return names.length === 1 ? names[0]!.slice(prefix.length) : '';
}

const FORBIDDEN: Reply = { status: 403 };

export const filter: ConfiguredFilter<ClientCertIdentity> = {
  name: 'client-cert-identity',
  schema: z.strictObject({
    identityHeader: fieldName,
    from: z.enum(['common-name', 'dns', 'email', 'uri', 'fingerprint']).exactOptional(),
    allow: z.array(z.string().min(1)).min(1).exactOptional(),
  }),
  create({ identityHeader, from = 'common-name', allow }, { intent }) {
    if (intent.listener.tls?.clientCa === undefined)
      throw new TypeError(
        'client-cert-identity: expected a listener that demands certificates; set listener.tls.clientCa',
      );
    const identity = new Identity(identityHeader);
    const allowed = allow && new Set(allow);
    /** One a connection: certificates do not change within it. */
    const names = new WeakMap<FilterExchange['client'], string>();
    const nameOf = ({ client, certificate }: FilterExchange): string => {
      let name = names.get(client);
      if (name === undefined) {
        const shown = certificate === undefined ? '' : identityOf(certificate, from);
        names.set(client, (name = allowed === undefined || allowed.has(shown) ? shown : ''));
      }
      return name;
    };
    return {
      request(head, exchange) {
        if (identity.tell(head, nameOf(exchange), exchange)) return undefined;
        exchange.reason = 'unauthenticated';
        return FORBIDDEN;
      },
      requestBody: identity.guard,
    };
  },
};
