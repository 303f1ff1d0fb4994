import type { CircuitBreaker } from './circuit-breaker.ts';
import type { WaitQueue } from './queue.ts';

/** Connections to one endpoint that wait for their next request: the most recently used goes first, so that the rest can age. */
export interface Pooled {
  /** Close it now; it serves nobody. */
  discard(): void;
  /** Its place among the idle, -1 while it is in use; kept by the pool. */
  idleIndex: number;
}

export interface PoolLimits {
  readonly upstreamIdlePerEndpoint: number;
  readonly upstreamPerEndpoint: number;
}

export class ConnectionPool<C extends Pooled> {
  readonly #idle: C[] = [];
  readonly #limits: PoolLimits;
  readonly #breaker: CircuitBreaker | undefined;
  readonly #queue: WaitQueue | undefined;
  /** Open and opening connections, idle ones included. */
  #open = 0;
  #closed = false;

  /** Of the cluster: `breaker` bounds what all its pools open, `queue` is told when there is room. */
  constructor(limits: PoolLimits, breaker?: CircuitBreaker, queue?: WaitQueue) {
    this.#limits = limits;
    this.#breaker = breaker;
    this.#queue = queue;
  }

  get idle(): number {
    return this.#idle.length;
  }

  /** Takes the place of a connection that is about to be opened. False: there is none. */
  admit(): boolean {
    if (this.#open >= this.#limits.upstreamPerEndpoint) return false;
    const breaker = this.#breaker;
    if (breaker !== undefined) {
      if (!breaker.connections.take()) return false;
      if (!breaker.pending.take()) {
        breaker.connections.give();
        return false;
      }
    }
    this.#open++;
    return true;
  }

  /** A connection that was admitted is open now, or will not be. Once for each. */
  settle(): void {
    this.#breaker?.pending.give();
  }

  /** A connection that was admitted is closed. Once for each. */
  leave(connection: C): void {
    this.#open--;
    this.#remove(connection);
    this.#breaker?.connections.give();
    this.#queue?.next();
  }

  take(): C | undefined {
    const connection = this.#idle.pop();
    if (connection !== undefined) connection.idleIndex = -1;
    return connection;
  }

  give(connection: C): void {
    if (this.#closed || this.#idle.length >= this.#limits.upstreamIdlePerEndpoint) {
      connection.discard();
      return;
    }
    connection.idleIndex = this.#idle.length;
    this.#idle.push(connection);
    this.#queue?.next();
  }

  /** The order of the others hardly matters: the last takes its place. */
  #remove(connection: C): void {
    const at = connection.idleIndex;
    if (at === -1) return;
    const last = this.#idle.pop()!;
    if (last !== connection) {
      this.#idle[at] = last;
      last.idleIndex = at;
    }
    connection.idleIndex = -1;
  }

  /** Idle connections are closed, those in use when they are given back. */
  close(): void {
    this.#closed = true;
    for (let connection = this.take(); connection !== undefined; connection = this.take()) connection.discard();
  }
}
