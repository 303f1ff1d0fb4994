/** On the way from one intent to another: the new one in everything but weights, which are between the two (canary, blue/green). */
import type { Cluster, ProxyIntent, Route, WeightedEndpoint } from './intent.ts';

/** What weights are in sum on the way, so that shares move in small steps whatever the weights at both ends. */
const WHOLE = 10_000;

/** `share` of the way, from 0 to 1: at 1 it is `to` itself. Clusters and endpoints that `to` has no more are gone from the start. */
export function shiftedIntent(from: ProxyIntent, to: ProxyIntent, share: number): ProxyIntent {
  if (share >= 1) return to;
  const names = new Set(to.clusters.map(({ name }) => name));
  return {
    ...to,
    clusters: to.clusters.map((cluster) => shiftedCluster(from.clusters.find(sameName(cluster)), cluster, share)),
    ...(to.routes && { routes: to.routes.map((route) => shiftedRoute(from.routes ?? [], route, share, names)) }),
  };
}

const sameName =
  ({ name }: { readonly name: string }) =>
  (other: { readonly name: string }): boolean =>
    other.name === name;

const addressOf = ({ host, port }: WeightedEndpoint): string => `${host} ${port}`;

function shiftedCluster(from: Cluster | undefined, to: Cluster, share: number): Cluster {
  if (from === undefined) return to;
  const before = weightsOf(from.endpoints, addressOf);
  const after = weightsOf(to.endpoints, addressOf);
  if (isSame(before, after)) return to;
  const mixed = mix(before, after, share);
  // An endpoint has a weight of 1 at the least.
  const endpoints = to.endpoints.map((endpoint) => ({
    ...endpoint,
    weight: Math.max(1, mixed.get(addressOf(endpoint))!),
  }));
  return { ...to, endpoints };
}

function shiftedRoute(before: readonly Route[], to: Route, share: number, names: ReadonlySet<string>): Route {
  const match = JSON.stringify(to.match);
  const from = before.find((route) => JSON.stringify(route.match) === match);
  if (from?.action.kind !== 'forward' || to.action.kind !== 'forward') return to;
  const nameOf = ({ name }: { readonly name: string }): string => name;
  const old = weightsOf(
    from.action.clusters.filter(({ name }) => names.has(name)),
    nameOf,
  );
  const next = weightsOf(to.action.clusters, nameOf);
  if (old.size === 0 || isSame(old, next)) return to;
  const clusters = [...mix(old, next, share)].map(([name, weight]) => ({ name, weight }));
  return { ...to, action: { ...to.action, clusters } };
}

type Weights = ReadonlyMap<string, number>;

function weightsOf<T extends { readonly weight?: number }>(of: readonly T[], key: (one: T) => string): Weights {
  const weights = new Map<string, number>();
  for (const one of of) weights.set(key(one), (weights.get(key(one)) ?? 0) + (one.weight ?? 1));
  return weights;
}

const isSame = (a: Weights, b: Weights): boolean =>
  a.size === b.size && [...a].every(([key, weight]) => b.get(key) === weight);

/** Shares of a whole, each between what it is in the one and in the other. */
function mix(from: Weights, to: Weights, share: number): Map<string, number> {
  const sum = (weights: Weights): number =>
    Math.max(
      1,
      [...weights.values()].reduce((total, weight) => total + weight, 0),
    );
  const part = (weights: Weights, key: string): number => (weights.get(key) ?? 0) / sum(weights);
  const keys = new Set([...from.keys(), ...to.keys()]);
  return new Map(
    [...keys].map((key) => [key, Math.round(WHOLE * (part(from, key) * (1 - share) + part(to, key) * share))]),
  );
}
