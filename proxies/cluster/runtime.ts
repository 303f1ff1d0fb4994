/**
 * A cluster while it serves: its endpoints, the balancer over them, and the policies that its intent names, each of which is undefined where it
 * names none and then costs nothing.
 */
import type { Cluster, WeightedEndpoint } from '../config/intent.ts';
import { POLICIES } from '../config/policy-defaults.ts';
import type { ClusterChange, ClusterCount, OnClusterEvent } from '../stats/cluster-events.ts';
import { clusterStats, type ClusterStats, type PolicyStats } from '../stats/traffic.ts';
import { createBalancer, type Balancer } from './balancer.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { discover, type DiscoveryOwner } from './discovery.ts';
import { createNameClient, type Asked, type NameClient } from './dns-names.ts';
import { Ejection } from './ejection.ts';
import { ClusterEndpoint, endpointStats } from './endpoint.ts';
import { HealthChecks, type Probe } from './health-check.ts';
import { markUsable } from './panic.ts';
import { WaitQueue } from './queue.ts';
import { Retries } from './retry.ts';
import { SlowStart } from './slow-start.ts';
import { SYSTEM_CLOCK, type Clock, type Random } from './time-and-chance.ts';

/** Those that do something by themselves. */
const POLICY_NAMES = [
  ...(Object.keys(POLICIES) as (keyof typeof POLICIES)[]),
  'circuitBreaker',
] as const satisfies readonly (keyof Cluster)[];

const GOVERNING = [
  'ejection',
  'circuitBreaker',
  'retry',
  'stickiness',
  'queue',
  'hedge',
] as const satisfies readonly (keyof Cluster)[];

export interface RuntimeOptions {
  /** Needed where the cluster has health checks. */
  readonly probe?: Probe;
  readonly onEvent?: OnClusterEvent;
  /** The endpoint belongs to the cluster no more: whoever keeps something for it lets go. */
  readonly onRemoved?: (endpoint: ClusterEndpoint) => void;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly nameClient?: (discovery: Asked) => NameClient;
  /** Which endpoints that are discovered may be used; all by default. */
  readonly permits?: (endpoint: WeightedEndpoint) => boolean;
}

export class ClusterRuntime implements DiscoveryOwner {
  readonly intent: Cluster;
  readonly balancer: Balancer;
  readonly clock: Clock;
  /** Passive ejection: told of every outcome where it is there. */
  readonly ejection: Ejection | undefined;
  readonly queue: WaitQueue | undefined;
  /** There from `start` on. */
  breaker: CircuitBreaker | undefined;
  retries: Retries | undefined;
  /** Requests under way; counted by whoever uses the cluster, where it `governs`. */
  active = 0;
  readonly #counts: Partial<Record<ClusterChange | ClusterCount, number>> = {};
  readonly #options: RuntimeOptions;
  readonly #random: Random;
  readonly #checks: HealthChecks | undefined;
  readonly #slowStart: SlowStart | undefined;
  #discovery: Disposable | undefined;
  readonly #members = new Set<ClusterEndpoint>();
  readonly #discovered = Promise.withResolvers<void>();
  #isPanicking = false;

  /** Nothing is asked, timed or taken over before `start`. */
  constructor(cluster: Cluster, options: RuntimeOptions = {}) {
    this.intent = cluster;
    this.#options = options;
    this.clock = options.clock ?? SYSTEM_CLOCK;
    this.#random = options.random ?? Math.random;
    this.balancer = createBalancer(cluster, this.#random);
    const { healthCheck, ejection, slowStart, queue } = cluster;
    const refresh = (): void => this.#refresh();
    this.#slowStart = slowStart && new SlowStart(slowStart, this.clock, refresh);
    this.ejection = ejection && new Ejection(ejection, this.clock, this.#onEjection);
    this.queue = queue && new WaitQueue(queue, this.clock);
    if (healthCheck === undefined) return;
    if (options.probe === undefined) throw new TypeError(`cluster ${cluster.name}: health checks need a probe`);
    const pace = { ...POLICIES.healthCheck, ...healthCheck };
    this.#checks = new HealthChecks(pace, options.probe, this.#onHealth, {
      clock: this.clock,
      random: this.#random,
    });
  }

  get name(): string {
    return this.intent.name;
  }

  /** It has policies for single requests: whoever sends one has to ask and to tell. */
  get governs(): boolean {
    return GOVERNING.some((policy) => this.intent[policy] !== undefined);
  }

  get isPanicking(): boolean {
    return this.#isPanicking;
  }

  /** Resolves when discovery has said something for the first time, endpoints or why there are none; at once where there is no discovery. */
  get discovered(): Promise<void> {
    return this.#discovered.promise;
  }

  get stats(): ClusterStats {
    return clusterStats(this.name, this.balancer.endpoints.map(endpointStats), this.#policyStats);
  }

  /** Undefined where there is no policy to tell of. */
  get #policyStats(): PolicyStats | undefined {
    if (!POLICY_NAMES.some((policy) => this.intent[policy] !== undefined)) return undefined;
    return {
      events: { ...this.#counts },
      panic: this.#isPanicking,
      open: this.breaker?.open ?? [],
      waiting: this.queue?.length ?? 0,
    };
  }

  /** Policies begin. `previous`: the same cluster under an older intent, whose endpoints it takes over with all that is known of them. */
  start(previous?: ClusterRuntime): void {
    const { circuitBreaker, retry, hedge, discovery } = this.intent;
    previous?.close();
    if (previous) Object.assign(this.#counts, previous.#counts);
    this.#isPanicking = previous?.isPanicking ?? false;
    this.breaker =
      circuitBreaker &&
      new CircuitBreaker(
        circuitBreaker,
        (what, isOpen) => this.#tell(isOpen ? 'breaker_open' : 'breaker_closed', undefined, what),
        previous?.breaker,
      );
    if (retry ?? hedge) this.retries = new Retries(retry ?? { on: [] }, this.breaker, this.#random);
    const known = (previous ?? this).balancer.endpoints;
    // What discovery found goes on until it finds something else.
    const isSame = JSON.stringify(discovery) === JSON.stringify(previous?.intent.discovery);
    const keeps = discovery !== undefined && (isSame || this.intent.endpoints.length === 0) && known.length > 0;
    this.#replace(keeps ? known.map(asIntent) : this.intent.endpoints, known, previous === undefined);
    if (discovery === undefined) this.#discovered.resolve();
    this.#discovery =
      discovery &&
      discover(discovery, this, {
        clock: this.clock,
        random: this.#random,
        nameClient: this.#options.nameClient ?? createNameClient,
      });
  }

  /** Policies end; what is under way goes on. */
  close(): void {
    this.#discovery?.[Symbol.dispose]();
    this.#discovered.resolve();
    this.#checks?.close();
    this.ejection?.close();
    this.#slowStart?.close();
  }

  count(kind: ClusterCount): void {
    this.#counts[kind] = (this.#counts[kind] ?? 0) + 1;
  }

  onEndpoints(found: readonly WeightedEndpoint[]): void {
    const { permits = () => true } = this.#options;
    const endpoints = found.filter(permits);
    if (endpoints.length === 0) return this.onDiscoveryFailure('none of the endpoints found may be used');
    this.#discovered.resolve();
    const before = this.balancer.endpoints;
    const addresses = (of: readonly WeightedEndpoint[]): string =>
      of
        .map(({ host, port, weight = 1 }) => `${host}:${port}*${weight}`)
        .toSorted()
        .join(' ');
    // Names are answered in any order.
    if (addresses(endpoints) === addresses(before.map(asIntent))) return undefined;
    this.#replace(endpoints, before, false);
    return this.#tell('endpoints', undefined, this.balancer.endpoints.map(({ address }) => address).join(', '));
  }

  onDiscoveryFailure(why: string): void {
    this.#discovered.resolve();
    this.#tell('discovery_failed', undefined, why);
  }

  /** `isFirst`: all begin alike, so none is cold. */
  #replace(wanted: readonly WeightedEndpoint[], known: readonly ClusterEndpoint[], isFirst: boolean): void {
    const kept = new Set<ClusterEndpoint>();
    const next = wanted.map((one) => {
      const endpoint = known.find((each) => each.host === one.host && each.port === one.port && !kept.has(each));
      if (endpoint === undefined) return new ClusterEndpoint(one);
      kept.add(endpoint);
      endpoint.fullWeight = endpoint.weight = one.weight ?? 1;
      return endpoint;
    });
    for (const endpoint of known) if (!kept.has(endpoint)) this.#forget(endpoint);
    for (const endpoint of next) {
      this.#adopt(endpoint);
      if (kept.has(endpoint) || isFirst) this.#slowStart?.resume(endpoint);
      else this.#slowStart?.begin(endpoint);
    }
    this.balancer.update(next);
    this.#refresh();
  }

  /** It is one of the cluster's now, maybe under other policies than before. */
  #adopt(endpoint: ClusterEndpoint): void {
    if (this.#members.has(endpoint)) return;
    this.#members.add(endpoint);
    if (this.#checks === undefined) endpoint.healthy = true;
    if (this.ejection === undefined) endpoint.ejected = false;
    if (this.#slowStart === undefined) endpoint.warmingSince = undefined;
    this.#checks?.watch(endpoint);
    this.ejection?.add(endpoint);
  }

  #forget(endpoint: ClusterEndpoint): void {
    if (this.#members.delete(endpoint)) {
      this.#checks?.forget(endpoint);
      this.ejection?.forget(endpoint);
      this.#slowStart?.forget(endpoint);
    }
    this.#options.onRemoved?.(endpoint);
  }

  readonly #onHealth = (endpoint: ClusterEndpoint, why: string | undefined): void => {
    if (why === undefined) this.#slowStart?.begin(endpoint);
    this.#tell(why === undefined ? 'healthy' : 'unhealthy', endpoint, why);
    this.#refresh();
  };

  readonly #onEjection = (
    endpoint: ClusterEndpoint,
    out: { readonly ms: number; readonly why: string } | undefined,
  ): void => {
    if (out === undefined) this.#slowStart?.begin(endpoint);
    this.#tell(out ? 'ejected' : 'returned', endpoint, out && `for ${out.ms} ms: ${out.why}`);
    this.#refresh();
  };

  #refresh(): void {
    const { endpoints } = this.balancer;
    const isPanic = markUsable(endpoints, this.intent.panicThreshold);
    this.balancer.update(endpoints);
    if (isPanic === this.#isPanicking) return;
    this.#isPanicking = isPanic;
    const inOrder = endpoints.filter(({ healthy, ejected }) => healthy && !ejected).length;
    this.#tell(isPanic ? 'panic' : 'calm', undefined, `${inOrder} of ${endpoints.length} endpoints are in order`);
  }

  #tell(kind: ClusterChange, endpoint?: ClusterEndpoint, detail?: string): void {
    this.#counts[kind] = (this.#counts[kind] ?? 0) + 1;
    this.#options.onEvent?.({
      kind,
      cluster: this.name,
      ...(endpoint && { endpoint: endpoint.address }),
      ...(detail !== undefined && { detail }),
    });
  }
}

const asIntent = ({ host, port, fullWeight }: ClusterEndpoint): WeightedEndpoint => ({
  host,
  port,
  weight: fullWeight,
});
