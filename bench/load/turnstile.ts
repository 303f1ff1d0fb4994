/** Where a target takes no more than so many a second, each connection and each request waits here for its turn, first come first. */
import { RateCap } from '#bench/model/rate-cap.ts';
import type { LoadJob } from '#bench/model/load.ts';
import { LoadError } from './contract.ts';

export class Turnstile implements Disposable {
  readonly #cap: RateCap;
  readonly #waiting: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(perSecond: number) {
    this.#cap = new RateCap(perSecond, performance.now());
  }

  /** Milliseconds until one more could pass at once; 0: now. Whoever schedules asks first, so that its waiting counts as what it is. */
  wait(now: number): number {
    // Behind others there is no telling; a turn is worth asking for again.
    return this.#waiting.length > 0 ? Math.max(1, this.#cap.wait(now)) : this.#cap.wait(now);
  }

  /** Calls `go` when its turn has come: at once where there is one. */
  pass(go: () => void): void {
    this.#waiting.push(go);
    this.#advance();
  }

  /** Who waits now will not pass. */
  [Symbol.dispose](): void {
    this.#waiting.length = 0;
    clearTimeout(this.#timer);
  }

  #advance(): void {
    clearTimeout(this.#timer);
    while (this.#waiting.length > 0) {
      const wait = this.#cap.take(performance.now());
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#advance(), Math.ceil(wait));
        return;
      }
      this.#waiting.shift()!();
    }
  }
}

/** Of one shard: connections and requests are capped alike, each by itself. */
export interface Turnstiles extends Disposable {
  readonly connections: Turnstile;
  readonly requests: Turnstile;
}

/** @throws LoadError where a job with a cap is split, or drives as fast as it is answered. */
export function requireCappable({ maxRate, loop, shard }: LoadJob): void {
  if (maxRate === undefined) return;
  if (loop.kind !== 'open') throw new LoadError('a target with a cap is driven by an open loop only');
  if (shard.count !== 1) throw new LoadError('a job with a cap is one shard: each would count for itself');
}

/** Undefined where the job has no cap. */
export function turnstilesOf({ maxRate }: LoadJob): Turnstiles | undefined {
  if (maxRate === undefined) return undefined;
  const connections = new Turnstile(maxRate);
  const requests = new Turnstile(maxRate);
  return {
    connections,
    requests,
    [Symbol.dispose]() {
      connections[Symbol.dispose]();
      requests[Symbol.dispose]();
    },
  };
}
