/** The configurations that cases share. */
import type { Limits, ProxyIntent, Timeouts } from '#proxies/config/intent.ts';
import type { Setup } from '../contract.ts';

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
