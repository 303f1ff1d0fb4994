/**
 * Keys in a field of the request. Who has none of them is answered 401 before a byte reaches the origin. A key goes no further than
 * here unless `forward` says so. Keys are looked up by their digest, so that the time it takes tells nothing of them.
 *
 * @example { "filters": { "api-key": { "keys": { "billing": "5f0e…32 characters at least" }, "identityHeader": "X-Client" } } }
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import type { Reply } from '../http/reply.ts';
import type { ConfiguredFilter } from './contract.ts';
import { Identity } from './identity.ts';
import { fieldName, fieldValue } from './settings.ts';

export interface ApiKey {
  /** Keys by the name of who has them. */
  readonly keys: Readonly<Record<string, string>>;
  /** Where the key is; `X-API-Key` by default. */
  readonly header?: string;
  /** What stands before it there, `Bearer ` for one; nothing by default. */
  readonly prefix?: string;
  /** Field that tells the origin whose key it was; none by default. */
  readonly identityHeader?: string;
  /** The origin gets the key as well; false by default. */
  readonly forward?: boolean;
}

declare module '../config/intent.ts' {
  interface FilterSettings {
    readonly 'api-key'?: ApiKey;
  }
}

const digestOf = (key: string): string => hash('sha256', key, 'base64');

export const filter: ConfiguredFilter<ApiKey> = {
  name: 'api-key',
  schema: z.strictObject({
    keys: z
      .record(z.string().min(1), fieldValue.min(16, 'expected 16 characters at least: shorter keys can be guessed'))
      .refine((keys) => Object.keys(keys).length > 0, 'expected one key at least')
      .refine((keys) => new Set(Object.values(keys)).size === Object.keys(keys).length, 'two names have the same key'),
    header: fieldName.exactOptional(),
    prefix: z.string().exactOptional(),
    identityHeader: fieldName.exactOptional(),
    forward: z.boolean().exactOptional(),
  }),
  create({ keys, header = 'X-API-Key', prefix = '', identityHeader, forward = false }) {
    const owners = new Map(Object.entries(keys).map(([name, key]) => [digestOf(key), name]));
    const field = header.toLowerCase();
    const identity = identityHeader === undefined ? undefined : new Identity(identityHeader);
    const refusal: Reply = {
      status: 401,
      fields: [['WWW-Authenticate', field === 'authorization' ? prefix.trim() || 'ApiKey' : 'ApiKey']],
    };
    return {
      request(head, exchange) {
        const value = head.get(field);
        const owner = value?.startsWith(prefix) === true ? owners.get(digestOf(value.slice(prefix.length))) : undefined;
        if (owner === undefined || identity?.tell(head, owner, exchange) === false) {
          exchange.reason = 'unauthenticated';
          return refusal;
        }
        if (!forward) head.remove(field);
        return undefined;
      },
      ...(identity && { requestBody: identity.guard }),
    };
  },
};
