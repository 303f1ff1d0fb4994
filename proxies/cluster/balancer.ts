/** Which endpoint of a cluster serves next. One policy a class, the same for L4 and L7. */
import type { Cluster, LoadBalancing } from '../config/intent.ts';
import { ClusterEndpoint } from './endpoint.ts';
import { hash32, maglevTable, MAGLEV_TABLE_SIZE } from './maglev.ts';
import type { Random } from './time-and-chance.ts';

export interface Balancer {
  /** All there are, usable or not. */
  readonly endpoints: readonly ClusterEndpoint[];
  /**
   * `key` is the client's address, or what else it sticks to; policies that keep no affinity ignore it. Endpoints in `tried` are passed
   * over: a retry goes elsewhere. Undefined: there is none left.
   */
  pick(key?: string, tried?: ReadonlySet<ClusterEndpoint>): ClusterEndpoint | undefined;
  /** From now on these are the endpoints, as usable and as heavy as they say. To be called whenever that changes. */
  update(endpoints: readonly ClusterEndpoint[]): void;
}

const none: ReadonlySet<ClusterEndpoint> = new Set();

/** Picks among the usable ones, which are sorted out when they change and not at each pick. */
abstract class AmongUsable implements Balancer {
  endpoints: readonly ClusterEndpoint[] = [];
  protected usable: readonly ClusterEndpoint[] = [];

  update(endpoints: readonly ClusterEndpoint[]): void {
    this.endpoints = endpoints;
    this.usable = endpoints.filter(({ usable }) => usable);
  }

  abstract pick(key?: string, tried?: ReadonlySet<ClusterEndpoint>): ClusterEndpoint | undefined;
}

/** Smooth weighted round-robin: weights 2 and 1 give a, b, a, never a, a, b. */
class RoundRobin extends AmongUsable {
  #current: number[] = [];
  #even = true;
  #next = 0;

  override update(endpoints: readonly ClusterEndpoint[]): void {
    // Weights that move in small steps must not send everybody to the heaviest each time.
    const credits = new Map(this.usable.map((endpoint, index) => [endpoint, this.#current[index]!]));
    super.update(endpoints);
    this.#current = this.usable.map((endpoint) => credits.get(endpoint) ?? 0);
    this.#even = this.usable.every(({ weight }) => weight === this.usable[0]!.weight);
    if (this.#next >= this.usable.length) this.#next = 0;
  }

  pick(_key?: string, tried = none): ClusterEndpoint | undefined {
    return this.#even ? this.#inTurn(tried) : this.#byWeight(tried);
  }

  #inTurn(tried: ReadonlySet<ClusterEndpoint>): ClusterEndpoint | undefined {
    for (let step = 0; step < this.usable.length; step++) {
      const endpoint = this.usable[this.#next]!;
      this.#next = this.#next + 1 === this.usable.length ? 0 : this.#next + 1;
      if (!tried.has(endpoint)) return endpoint;
    }
    return undefined;
  }

  #byWeight(tried: ReadonlySet<ClusterEndpoint>): ClusterEndpoint | undefined {
    let best = -1;
    let total = 0;
    for (let index = 0; index < this.usable.length; index++) {
      const endpoint = this.usable[index]!;
      if (tried.has(endpoint)) continue;
      total += endpoint.weight;
      this.#current[index]! += endpoint.weight;
      if (best < 0 || this.#current[index]! > this.#current[best]!) best = index;
    }
    if (best < 0) return undefined;
    this.#current[best]! -= total;
    return this.usable[best];
  }
}

class WeightedRandom extends AmongUsable {
  protected readonly random: Random;

  constructor(random: Random) {
    super();
    this.random = random;
  }

  pick(_key?: string, tried = none): ClusterEndpoint | undefined {
    return this.draw(tried, undefined);
  }

  protected draw(tried: ReadonlySet<ClusterEndpoint>, but: ClusterEndpoint | undefined): ClusterEndpoint | undefined {
    let total = 0;
    for (const endpoint of this.usable) if (endpoint !== but && !tried.has(endpoint)) total += endpoint.weight;
    let left = this.random() * total;
    let last: ClusterEndpoint | undefined;
    for (const endpoint of this.usable) {
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
class LeastRequest extends AmongUsable {
  #start = 0;

  pick(_key?: string, tried = none): ClusterEndpoint | undefined {
    const count = this.usable.length;
    let best: ClusterEndpoint | undefined;
    let bestIndex = this.#start;
    for (let step = 0; step < count; step++) {
      const index = (this.#start + step) % count;
      const endpoint = this.usable[index]!;
      if (tried.has(endpoint) || (best && load(endpoint) >= load(best))) continue;
      best = endpoint;
      bestIndex = index;
    }
    this.#start = count === 0 ? 0 : (bestIndex + 1) % count;
    return best;
  }
}

/**
 * Who has the same key (a client its address) sticks to its endpoint, by Maglev hashing; without a key any will do. The keys of an endpoint
 * that is not usable are spread over the others, and come back with it.
 */
class ByKey extends WeightedRandom {
  #table: Uint16Array = new Uint16Array(0);
  #entries: readonly { readonly name: string; readonly weight: number }[] = [];

  override update(endpoints: readonly ClusterEndpoint[]): void {
    super.update(endpoints);
    const entries = endpoints.map(({ address, fullWeight }) => ({ name: address, weight: fullWeight }));
    const isSame = (index: number): boolean => {
      const [before, now] = [this.#entries[index], entries[index]];
      return before?.name === now?.name && before?.weight === now?.weight;
    };
    if (entries.length === this.#entries.length && entries.every((_, index) => isSame(index))) return;
    this.#entries = entries;
    if (entries.length > 0) this.#table = maglevTable(entries);
  }

  override pick(key?: string, tried = none): ClusterEndpoint | undefined {
    if (key === undefined) return super.pick(key, tried);
    if (tried.size > 0 && this.usable.every((endpoint) => tried.has(endpoint))) return undefined;
    if (this.usable.length === 0) return undefined;
    const slot = hash32(key, 0) % MAGLEV_TABLE_SIZE;
    for (let step = 0; step < MAGLEV_TABLE_SIZE; step++) {
      const endpoint = this.endpoints[this.#table[(slot + step) % MAGLEV_TABLE_SIZE]!]!;
      if (endpoint.usable && !tried.has(endpoint)) return endpoint;
    }
    return undefined;
  }
}

const policies = {
  'round-robin': () => new RoundRobin(),
  random: (random) => new WeightedRandom(random),
  'least-request': () => new LeastRequest(),
  'power-of-two': (random) => new PowerOfTwo(random),
  'source-ip': (random) => new ByKey(random),
} satisfies Record<LoadBalancing, (random: Random) => Balancer>;

/** A balancer over the cluster's endpoints by its policy, round-robin where it names none; by key where clients stick. */
export function createBalancer(
  cluster: Pick<Cluster, 'endpoints' | 'policy' | 'stickiness'>,
  random: Random = Math.random,
): Balancer {
  const policy = cluster.stickiness ? 'source-ip' : (cluster.policy ?? 'round-robin');
  const balancer = policies[policy](random);
  balancer.update(cluster.endpoints.map((endpoint) => new ClusterEndpoint(endpoint)));
  return balancer;
}
