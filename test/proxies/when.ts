/** Waits until a running proxy's statistics say something; the test's own time-out ends a wait in vain. */
import { setTimeout as pause } from 'node:timers/promises';
import type { RunningProxy } from '#proxies/contract.ts';
import type { ClusterStats, PolicyStats, ProxyStats } from '#proxies/stats/traffic.ts';

export async function when(proxy: RunningProxy, holds: (stats: ProxyStats) => boolean): Promise<ProxyStats> {
  for (;;) {
    const stats = await proxy.stats!();
    if (holds(stats)) return stats;
    await pause(5);
  }
}

/** Of the first cluster. */
export const clusterOf = ({ clusters }: ProxyStats): ClusterStats => clusters[0]!;

/** What its policies did. */
export const eventsOf = (stats: ProxyStats): PolicyStats['events'] => clusterOf(stats).policies?.events ?? {};

/** Why each of its endpoints is left out, if it is. */
export const outOf = (stats: ProxyStats): (string | undefined)[] => clusterOf(stats).endpoints.map(({ out }) => out);
