/** Which endpoint of a cluster serves next. One policy a class, the same for L4 and L7. */
import type { Cluster, LoadBalancing } from '../config/intent.ts';
import { Traffic, type EndpointStats } from '../stats/traffic.ts';
import { hash32, maglevTable, MAGLEV_TABLE_SIZE } from './maglev.ts';

export interface ClusterEndpoint {
  readonly host: string;
  readonly port: number;
  readonly weight: number;
  /** Connections (L4) or requests (L7) under way; whoever uses the endpoint counts them here. */
  active: number;
  readonly traffic: Traffic;
}

/** `active` is what the balancer goes by; the rest is counted beside it. */
export const endpointStats = ({ host, port, weight, active, traffic }: ClusterEndpoint): EndpointStats => ({
  address: `${host}:${port}`,
  weight,
  traffic: { ...traffic.snapshot(), active },
});

export interface Balancer {
  readonly endpoints: readonly ClusterEndpoint[];
  /**
   * `key` is the client's address; policies that keep no affinity ignore it. Endpoints in `tried` are passed over: a retry goes
   * elsewhere. Undefined: there is none left.
   */
  pick(key?: string, tried?: ReadonlySet<ClusterEndpoint>): ClusterEndpoint | undefined;
}

/** In [0, 1), like `Math.random`. */
export type Random = () => number;

const none: ReadonlySet<ClusterEndpoint> = new Set();

/** Smooth weighted round-robin: weights 2 and 1 give a, b, a, never a, a, b. */
class RoundRobin implements Balancer {
  readonly endpoints: readonly ClusterEndpoint[];
  readonly #current: number[];
  readonly #even: boolean;
  #next = 0;

  constructor(endpoints: readonly ClusterEndpoint[]) {
    this.endpoints = endpoints;
    this.#current = endpoints.map(() => 0);
    this.#even = endpoints.every(({ weight }) => weight === endpoints[0]!.weight);
  }

  pick(_key?: string, tried = none): ClusterEndpoint | undefined {
    return this.#even ? this.#inTurn(tried) : this.#byWeight(tried);
  }

  #inTurn(tried: ReadonlySet<ClusterEndpoint>): ClusterEndpoint | undefined {
    for (let step = 0; step < this.endpoints.length; step++) {
      const endpoint = this.endpoints[this.#next]!;
      this.#next = this.#next + 1 === this.endpoints.length ? 0 : this.#next + 1;
      if (!tried.has(endpoint)) return endpoint;
    }
    return undefined;
  }

  #byWeight(tried: ReadonlySet<ClusterEndpoint>): ClusterEndpoint | undefined {
    let best = -1;
    let total = 0;
    for (let index = 0; index < this.endpoints.length; index++) {
      const endpoint = this.endpoints[index]!;
      if (tried.has(endpoint)) continue;
      total += endpoint.weight;
      this.#current[index]! += endpoint.weight;
      if (best < 0 || this.#current[index]! > this.#current[best]!) best = index;
    }
    if (best < 0) return undefined;
    this.#current[best]! -= total;
    return this.endpoints[best];
  }
}

class WeightedRandom implements Balancer {
  readonly endpoints: readonly ClusterEndpoint[];
  protected readonly random: Random;

  constructor(endpoints: readonly ClusterEndpoint[], random: Random) {
    this.endpoints = endpoints;
    this.random = random;
  }

  pick(_key?: string, tried = none): ClusterEndpoint | undefined {
    return this.draw(tried, undefined);
  }

  protected draw(tried: ReadonlySet<ClusterEndpoint>, but: ClusterEndpoint | undefined): ClusterEndpoint | undefined {
    let total = 0;
    for (const endpoint of this.endpoints) if (endpoint !== but && !tried.has(endpoint)) total += endpoint.weight;
    let left = this.random() * total;
    let last: ClusterEndpoint | undefined;
    for (const endpoint of this.endpoints) {
      if (endpoint === but || tried.has(endpoint)) continue;
      last = endpoint;
      left -= endpoint.weight;
      if (left < 0) break;
    }
    return last;
  }
}

/** Work under way for its weight: what least-request and power-of-two compare. */
const load = (endpoint: ClusterEndpoint): number => (endpoint.active + 1) / endpoint.weight;

/** Of two drawn at random the less loaded (Mitzenmacher, 2001): nearly as even as the minimum, without the herd. */
class PowerOfTwo extends WeightedRandom {
  override pick(_key?: string, tried = none): ClusterEndpoint | undefined {
    const first = this.draw(tried, undefined);
    const second = this.draw(tried, first);
    return first && second && load(second) < load(first) ? second : (first ?? second);
  }
}

/** The least loaded of all; those equally loaded take turns. */
class LeastRequest implements Balancer {
  readonly endpoints: readonly ClusterEndpoint[];
  #start = 0;

  constructor(endpoints: readonly ClusterEndpoint[]) {
    this.endpoints = endpoints;
  }

  pick(_key?: string, tried = none): ClusterEndpoint | undefined {
    const count = this.endpoints.length;
    let best: ClusterEndpoint | undefined;
    let bestIndex = this.#start;
    for (let step = 0; step < count; step++) {
      const index = (this.#start + step) % count;
      const endpoint = this.endpoints[index]!;
      if (tried.has(endpoint) || (best && load(endpoint) >= load(best))) continue;
      best = endpoint;
      bestIndex = index;
    }
    this.#start = (bestIndex + 1) % count;
    return best;
  }
}

/** A client sticks to its endpoint, by Maglev hashing of its address; without an address any will do. */
class SourceIp extends WeightedRandom {
  readonly #table: Uint16Array;

  constructor(endpoints: readonly ClusterEndpoint[], random: Random) {
    super(endpoints, random);
    this.#table = maglevTable(endpoints.map(({ host, port, weight }) => ({ name: `${host}:${port}`, weight })));
  }

  override pick(key?: string, tried = none): ClusterEndpoint | undefined {
    if (key === undefined) return super.pick(key, tried);
    const slot = hash32(key, 0) % MAGLEV_TABLE_SIZE;
    for (let step = 0; step < MAGLEV_TABLE_SIZE; step++) {
      const endpoint = this.endpoints[this.#table[(slot + step) % MAGLEV_TABLE_SIZE]!]!;
      if (!tried.has(endpoint)) return endpoint;
      if (tried.size >= this.endpoints.length) return undefined;
    }
    return undefined;
  }
}

const policies = {
  'round-robin': RoundRobin,
  random: WeightedRandom,
  'least-request': LeastRequest,
  'power-of-two': PowerOfTwo,
  'source-ip': SourceIp,
} satisfies Record<LoadBalancing, new (endpoints: readonly ClusterEndpoint[], random: Random) => Balancer>;

/** A balancer over the cluster's endpoints by its policy, round-robin where it names none. */
export function createBalancer(cluster: Pick<Cluster, 'endpoints' | 'policy'>, random: Random = Math.random): Balancer {
  const endpoints = cluster.endpoints.map(({ host, port, weight = 1 }) => ({
    host,
    port,
    weight,
    active: 0,
    traffic: new Traffic(),
  }));
  return new policies[cluster.policy ?? 'round-robin'](endpoints, random);
}
