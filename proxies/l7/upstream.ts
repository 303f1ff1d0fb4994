/** A cluster as exchanges use it: who of its endpoints is next, and the connections that are open to each. */
import { type Balancer, createBalancer } from '../cluster/balancer.ts';
import type { ClusterEndpoint } from '../cluster/endpoint.ts';
import { ConnectionPool } from '../cluster/pool.ts';
import type { Cluster } from '../config/intent.ts';
import type { Dial } from './dial.ts';
import { OriginConnection, type OriginService } from './origin-connection.ts';
import type { OriginSide } from './sides.ts';

export class Upstream {
  readonly name: string;
  readonly balancer: Balancer;
  readonly dial: Dial;
  readonly connectTimeout: number;
  /** The origin is reached by TLS. */
  readonly secure: boolean;
  readonly #service: OriginService;
  readonly #pools = new Map<ClusterEndpoint, ConnectionPool<OriginConnection>>();

  constructor(cluster: Cluster, dial: Dial, service: OriginService, secure = false) {
    this.name = cluster.name;
    this.balancer = createBalancer(cluster);
    this.dial = dial;
    this.secure = secure;
    this.connectTimeout = cluster.connectTimeout ?? service.timeouts.connect;
    this.#service = service;
    for (const endpoint of this.balancer.endpoints) this.#pools.set(endpoint, new ConnectionPool(service.limits));
  }

  /** A side for one exchange; undefined where the endpoint has as many connections as it may. `fresh`: none that served before. */
  origin(endpoint: ClusterEndpoint, fresh: boolean): OriginSide | undefined {
    const pool = this.#pools.get(endpoint)!;
    const waiting = fresh ? undefined : pool.take();
    if (waiting !== undefined || pool.full) return waiting;
    return new OriginConnection(pool, this, endpoint, this.#service);
  }

  close(): void {
    for (const pool of this.#pools.values()) pool.close();
  }
}
