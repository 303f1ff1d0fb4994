/** The HTTP/1.1 connections to one endpoint. */
import type { CircuitBreaker } from '../cluster/circuit-breaker.ts';
import type { ClusterEndpoint } from '../cluster/endpoint.ts';
import { ConnectionPool } from '../cluster/pool.ts';
import type { WaitQueue } from '../cluster/queue.ts';
import { OriginConnection, type OriginPath, type OriginService } from './origin-connection.ts';
import type { OriginPool, OriginSide } from './sides.ts';

/** What bounds all pools of a cluster together, and who waits for room in them. */
export interface Bounds {
  readonly breaker: CircuitBreaker | undefined;
  readonly queue: WaitQueue | undefined;
}

export class Http1Pool implements OriginPool {
  readonly #pool: ConnectionPool<OriginConnection>;
  readonly #path: OriginPath;
  readonly #endpoint: ClusterEndpoint;
  readonly #service: OriginService;

  constructor(path: OriginPath, endpoint: ClusterEndpoint, service: OriginService, { breaker, queue }: Bounds) {
    this.#pool = new ConnectionPool(service.limits, breaker, queue);
    this.#path = path;
    this.#endpoint = endpoint;
    this.#service = service;
  }

  origin(fresh: boolean): OriginSide | undefined {
    const waiting = fresh ? undefined : this.#pool.take();
    if (waiting !== undefined || !this.#pool.admit()) return waiting;
    return new OriginConnection(this.#pool, this.#path, this.#endpoint, this.#service);
  }

  close(): void {
    this.#pool.close();
  }
}
