/** The filters there are, in the order in which requests pass them; responses pass them the other way round. */
import type { FilterDefinition } from './contract.ts';
import { filter as fault } from './fault.ts';
import { filter as headers } from './headers.ts';
import { filter as ipRules } from './ip-rules.ts';
import { filter as rateLimit } from './rate-limit.ts';

export const FILTERS: readonly FilterDefinition<unknown>[] = [fault, ipRules, rateLimit, headers];
