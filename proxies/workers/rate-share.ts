/** What one event loop of several lets through of a rate limit: its part, so that all of them together never exceed what was asked for. */
import type { FilterSettings, ProxyIntent } from '../config/intent.ts';

type RateLimit = NonNullable<FilterSettings['rate-limit']>;

/** As many in a period that is so many times as long. A part of a burst is one at least. */
function partOf({ requests, period = 1000, burst = requests, ...rest }: RateLimit, loops: number): RateLimit {
  return { ...rest, requests, period: period * loops, burst: Math.max(1, Math.floor(burst / loops)) };
}

/** The settings of filters as one of so many loops has them. What is wrong with them is for their own schema. */
function sharedBy<Settings extends { readonly 'rate-limit'?: RateLimit | null | undefined }>(
  filters: Settings,
  loops: number,
): Settings {
  const limit = filters['rate-limit'];
  return limit ? { ...filters, 'rate-limit': partOf(limit, loops) } : filters;
}

/** The intent's rate limits, for all routes and of each, as one of so many loops has them. */
export const rateShare = (
  { filters, routes }: ProxyIntent,
  loops: number,
): Pick<ProxyIntent, 'filters' | 'routes'> => ({
  ...(filters && { filters: sharedBy(filters, loops) }),
  ...(routes && {
    routes: routes.map((route) => (route.filters ? { ...route, filters: sharedBy(route.filters, loops) } : route)),
  }),
});
