/** `l7-http` with filters of a test's own, configured by name for every route. */
import { IntentError } from '#proxies/config/intent-error.ts';
import type { FilterSettings, ProxyIntent } from '#proxies/config/intent.ts';
import type { ProxyDefinition } from '#proxies/contract.ts';
import type { Filter, FilterDefinition } from '#proxies/filters/contract.ts';
import { FilterChains } from '#proxies/filters/chains.ts';
import { FILTERS } from '#proxies/filters/registry.ts';
import { definition } from '#proxies/l7/l7-http.ts';
import { L7_HTTP } from '#proxies/l7/offered.ts';
import { Service } from '#proxies/l7/service.ts';
import { startServer } from '#proxies/l7/server.ts';
import { type Change, type Reader, setup, type Setup } from '../l7/lab.ts';

const offered = { name: 'l7-http', offers: L7_HTTP, termination: false, reencrypts: false };

/** What an intent may say once the filters of a test are there. */
export const settings = (of: object): FilterSettings => of as FilterSettings;

export const proxyWith = (filters: readonly FilterDefinition<unknown>[]): ProxyDefinition => ({
  ...definition,
  start: (intent: ProxyIntent, signal) => startServer(intent, { offered, filters: [...FILTERS, ...filters] }, signal),
});

/** One that takes any configuration. */
export const filterOf = (name: string, filter: Filter): FilterDefinition<unknown> => ({
  name,
  schema: { safeParse: (data) => ({ success: true, data }) },
  create: () => filter,
});

/** All of `filters` are on, for every route. */
export function setupFilters(
  script: (connection: Reader, index: number) => unknown,
  filters: Readonly<Record<string, Filter>>,
  change: Change = {},
): Promise<Setup> {
  const names = Object.keys(filters);
  const on = settings(Object.fromEntries(names.map((name) => [name, {}])));
  const definitions = names.map((name) => filterOf(name, filters[name]!));
  return setup(script, { stats: true, filters: on, ...change }, proxyWith(definitions));
}

/** What stands in the registry, configured as an intent would do it. */
export const setupRegistered = (
  script: (connection: Reader, index: number) => unknown,
  filters: FilterSettings,
  change: Change = {},
): Promise<Setup> => setup(script, { stats: true, filters, ...change });

/** What the settings of a filter are refused with: each problem as `path: message`. */
export function problemsOf(filters: unknown): string[] {
  const intent: ProxyIntent = {
    listener: { address: { host: '127.0.0.1', port: 0 } },
    clusters: [],
    filters: filters as FilterSettings,
  };
  try {
    new FilterChains(intent, new Service({ ...intent, filters: {} })).of();
  } catch (error) {
    if (error instanceof IntentError) return error.problems.map(({ path, message }) => `${path}: ${message}`);
    return [(error as Error).message];
  }
  return [];
}

/** A request of its own connection. */
export const request = (lines: readonly string[] = [], { method = 'GET', target = '/', body = '' } = {}): string =>
  [
    `${method} ${target} HTTP/1.1`,
    'Host: a',
    ...lines,
    ...(body === '' ? [] : [`Content-Length: ${body.length}`]),
    'Connection: close',
    '',
    body,
  ].join('\r\n');

export const statusOf = (text: string): number => Number(text.split(' ')[1]);

/** The value of a field of the first head in `text`; undefined where it has none. */
export const fieldOf = (text: string, name: string): string | undefined =>
  new RegExp(`^${name}: (.*)\\r$`, 'im').exec(text.slice(0, text.indexOf('\r\n\r\n') + 2))?.[1];

export async function reasonsOf(lab: Setup): Promise<object> {
  return (await lab.proxy.stats!()).listener.traffic.reasons;
}

/** The content of the first message of `text`, which is whole and has a body, taken out of its framing. */
export function contentOf(text: string): string {
  let rest = text.slice(text.indexOf('\r\n\r\n') + 4);
  const length = /^content-length: (\d+)\r$/im.exec(text)?.[1];
  if (length !== undefined) return rest.slice(0, Number(length));
  const pieces: string[] = [];
  for (;;) {
    const at = rest.indexOf('\r\n');
    const size = Number.parseInt(rest.slice(0, at), 16);
    if (size === 0) return pieces.join('');
    pieces.push(rest.slice(at + 2, at + 2 + size));
    rest = rest.slice(at + 2 + size + 2);
  }
}
