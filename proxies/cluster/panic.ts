/** Which endpoints may be chosen, and when all of them are because too few are left. */
import type { EndpointState } from './endpoint.ts';

/**
 * Marks every endpoint that may be chosen and tells whether this is panic: the share of those that are in order is below `threshold`
 * (Envoy's panic threshold), or, where none is given, none is in order. Then all may be chosen, for checks err more often than whole clusters
 * die, and the few that are left would be overrun. With a threshold of 0 there is no panic, and maybe nothing to choose from.
 */
export function markUsable(endpoints: readonly EndpointState[], threshold: number | undefined): boolean {
  let inOrder = 0;
  for (const endpoint of endpoints) {
    endpoint.usable = endpoint.healthy && !endpoint.ejected;
    if (endpoint.usable) inOrder++;
  }
  const isPanic = threshold === undefined ? inOrder === 0 : inOrder < threshold * endpoints.length;
  if (isPanic) for (const endpoint of endpoints) endpoint.usable = true;
  return isPanic && endpoints.length > 0;
}
