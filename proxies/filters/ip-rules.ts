/**
 * Which clients may ask, by address; everyone else is answered 403. `deny` beats `allow`; without `allow` all others may.
 *
 * @example { "filters": { "ip-rules": { "allow": ["10.0.0.0/8"], "deny": ["10.6.0.0/16"] } } }
 */
import { z } from 'zod';
import { addressSet } from '../config/network.ts';
import type { Reply } from '../http/reply.ts';
import type { ConfiguredFilter, FilterExchange } from './contract.ts';
import { networks } from './settings.ts';

export interface IpRules {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}

declare module '../config/intent.ts' {
  interface FilterSettings {
    readonly 'ip-rules'?: IpRules;
  }
}

const FORBIDDEN: Reply = { status: 403 };

export const filter: ConfiguredFilter<IpRules> = {
  name: 'ip-rules',
  schema: z
    .strictObject({ allow: networks.exactOptional(), deny: networks.exactOptional() })
    .refine(({ allow, deny }) => allow !== undefined || deny !== undefined, 'expected allow, deny, or both'),
  create({ allow, deny }) {
    const isAllowed = allow && addressSet(allow);
    const isDenied = addressSet(deny ?? []);
    /** A connection asks more than once, and from one address. */
    const verdicts = new WeakMap<FilterExchange['client'], boolean>();
    return {
      request(_head, exchange) {
        const { client } = exchange;
        let may = verdicts.get(client);
        if (may === undefined) {
          may = !isDenied(client.address) && (isAllowed?.(client.address) ?? true);
          verdicts.set(client, may);
        }
        if (may) return undefined;
        exchange.reason = 'source_denied';
        return FORBIDDEN;
      },
    };
  },
};
