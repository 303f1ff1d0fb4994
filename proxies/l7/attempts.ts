/**
 * The tries of one exchange at a cluster that has policies for single requests: whether it may come in, what it sticks by, how long a try
 * takes, what follows one that failed. Exists only there: all that policies cost an exchange of another cluster is one look.
 */
import type { ClusterEndpoint } from '../cluster/endpoint.ts';
import { hedge } from '../cluster/hedge.ts';
import type { Waiter } from '../cluster/queue.ts';
import type { NoRetry, Outcome } from '../cluster/retry.ts';
import type { ClusterRuntime } from '../cluster/runtime.ts';
import { cookieValue, newKey, setCookie } from '../cluster/stickiness.ts';
import type { Cancel } from '../cluster/time-and-chance.ts';
import type { RequestHead, ResponseHead } from '../http/head.ts';
import { Timer, type TimerOwner } from '../net/timer.ts';
import type { OriginFailure } from './failure.ts';
import { HedgedTry, type HedgeOwner } from './hedged-try.ts';
import type { OriginExchange, OriginSide } from './sides.ts';
import type { Upstream } from './upstream.ts';

/** The exchange, as its tries know it. */
export interface AttemptsOwner extends OriginExchange {
  /** Of its method (RFC 9110 §9.2.2). */
  readonly isIdempotent: boolean;
  /** Nothing was answered, and all that was sent can be sent again. */
  readonly isRepeatable: boolean;
  /** Who serves it now; undefined: nobody. */
  readonly origin: OriginSide | undefined;
  readonly endpoint: ClusterEndpoint | undefined;
  /** Looks for a side again, and sends what it has. */
  sendOn(): void;
  /** Gives the head that is being read bytes of its own; gives what `Head.detach` does. */
  detach(head: RequestHead, end: number): number;
  /** It has waited in vain. */
  onQueueTimeout(): void;
  /** From now on another side serves it. */
  serveBy(origin: OriginSide, endpoint: ClusterEndpoint): void;
  /** No try is left. */
  onNoTryLeft(failure: OriginFailure): void;
}

const OUTCOMES = {
  upstream_name: 'connect',
  upstream_connect: 'connect',
  upstream_connect_timeout: 'connect',
  upstream_closed: 'reset',
  upstream_reset: 'reset',
  upstream_refused: 'reset',
  upstream_overflow: 'connect',
  upstream_cancelled: 'reset',
  upstream_malformed: 'reset',
  upstream_timeout: 'timeout',
} as const satisfies Partial<Record<OriginFailure, Outcome>>;

export class Attempts implements Waiter, TimerOwner, HedgeOwner {
  /** What it sticks by; undefined: any endpoint will do. */
  readonly key: string | undefined;
  /** How often the request was sent, hedges included. */
  tries = 0;
  readonly #owner: AttemptsOwner;
  readonly #upstream: Upstream;
  readonly #cluster: ClusterRuntime;
  /** Set-Cookie for a client that has no key yet. */
  readonly #cookie: string | undefined;
  /** What waits to be sent: the request as it was read, or as a side that failed has it. */
  #first: { readonly head: RequestHead; readonly start: number; readonly end: number } | undefined;
  #failed: OriginSide | undefined;
  #isQueued = false;
  /** Retries and hedges that count for the cluster. */
  #taken = 0;
  #timer: Timer | undefined;
  #cancelWait: Cancel | undefined;
  #cancelHedges: Cancel | undefined;
  readonly #hedges = new Set<HedgedTry>();
  /** Why the try that others stand beside is over. */
  #mainFailure: OriginFailure | undefined;
  #isOver = false;

  /** The request counts for the cluster until `over`. */
  constructor(
    owner: AttemptsOwner,
    upstream: Upstream,
    client: { readonly address: string; readonly secure: boolean },
    head: RequestHead,
  ) {
    this.#owner = owner;
    this.#upstream = upstream;
    this.#cluster = upstream.cluster;
    this.#cluster.active++;
    const { stickiness } = this.#cluster.intent;
    if (stickiness === undefined) this.key = client.address;
    else if (stickiness.kind === 'header') this.key = head.get(stickiness.name.toLowerCase());
    else {
      this.key = cookieOf(head, stickiness.name);
      if (this.key !== undefined) return;
      this.key = newKey();
      this.#cookie = setCookie(stickiness, this.key, client.secure);
    }
  }

  /** Whether the cluster's own policy says what is tried again, in place of the rule that a refused connection always is. */
  get hasRetries(): boolean {
    return this.#cluster.intent.retry !== undefined;
  }

  /** Whether it may come in; once. */
  enter(): boolean {
    const isIn = this.#cluster.breaker?.requests.take() ?? true;
    if (!isIn) {
      this.#isOver = true;
      this.#cluster.active--;
      this.#cluster.count('refused');
    }
    return isIn;
  }

  /** No endpoint has room. Whether the request waits for its turn. */
  queue(): boolean {
    const { queue, breaker } = this.#cluster;
    if (queue === undefined) return false;
    if (breaker?.pending.take() === false) return this.#isRefused('refused');
    if (!queue.wait(this)) {
      breaker?.pending.give();
      return this.#isRefused('queue_full');
    }
    this.#isQueued = true;
    this.#cluster.count('queued');
    return true;
  }

  #isRefused(count: 'refused' | 'queue_full'): false {
    this.#cluster.count(count);
    return false;
  }

  /** What is sent when its turn has come: a request whose head would be gone by then. */
  hold(head: RequestHead, start: number, end: number): void {
    const shift = this.#owner.detach(head, end);
    this.#first = { head, start: start - shift, end: end - shift };
  }

  onTurn(): void {
    this.#leaveQueue();
    this.#owner.sendOn();
  }

  onWaitedTooLong(): void {
    this.#leaveQueue();
    this.#cluster.count('queue_timeout');
    this.#owner.onQueueTimeout();
  }

  #leaveQueue(): void {
    if (!this.#isQueued) return;
    this.#isQueued = false;
    this.#cluster.queue?.leave(this);
    this.#cluster.breaker?.pending.give();
  }

  /** Sends what waited by `origin`. */
  send(origin: OriginSide): void {
    const failed = this.#failed;
    const first = this.#first;
    this.#failed = this.#first = undefined;
    if (failed !== undefined) origin.repeat(this.#owner, failed);
    else if (first !== undefined) origin.begin(this.#owner, first.head, first.start, first.end);
    this.began();
  }

  /** A try has begun. */
  began(): void {
    this.tries++;
    this.#mainFailure = undefined;
    if (this.#owner.requestComplete) this.sent();
  }

  /** The request is out, and the answer's time runs. */
  sent(): void {
    const { hedge: policy } = this.#cluster.intent;
    const perTry = this.#cluster.retries?.perTryTimeout;
    if (perTry !== undefined) (this.#timer ??= new Timer(this)).arm(perTry);
    if (
      policy !== undefined &&
      this.#owner.isIdempotent &&
      this.#owner.isRepeatable &&
      this.#cancelHedges === undefined
    )
      this.#cancelHedges = hedge(policy, this.#cluster.clock, () => this.#hedge());
  }

  onTimeout(): void {
    const { origin } = this.#owner;
    if (origin === undefined) return;
    const why = `no answer within ${this.#cluster.retries?.perTryTimeout} ms`;
    const isUnsent = origin.isUnsent === true;
    origin.cancel();
    this.#owner.onOriginFailure(isUnsent ? 'upstream_connect_timeout' : 'upstream_timeout', isUnsent, false, why);
  }

  /** The head of an answer. True: the request is sent again, and nothing of this answer goes on. */
  answered(head: ResponseHead): boolean {
    this.#timer?.cancel();
    const { endpoint, origin } = this.#owner;
    if (endpoint !== undefined) this.#noteStatus(endpoint, head.status);
    const { retries } = this.#cluster;
    if (origin !== undefined && this.#owner.isRepeatable && retries?.coversStatus(head.status) === true)
      if (this.#again(head.status, false, origin)) return true;
    this.#endHedges();
    if (this.#cookie !== undefined) head.append('Set-Cookie', this.#cookie);
    return false;
  }

  /** What is held against an endpoint. `stale`: against its connection alone, which was closed while nobody used it. */
  note(endpoint: ClusterEndpoint | undefined, failure: OriginFailure, stale: boolean, error: string | undefined): void {
    this.#timer?.cancel();
    if (endpoint !== undefined && !stale && failure !== 'destination_denied')
      this.#cluster.ejection?.failed(endpoint, error ?? failure);
  }

  #noteStatus(endpoint: ClusterEndpoint, status: number): void {
    if (status >= 500) this.#cluster.ejection?.failed(endpoint, `status ${status}`);
    else this.#cluster.ejection?.succeeded(endpoint);
  }

  /** A try came to nothing. True: others go on, or one follows. */
  failed(failure: OriginFailure, untouched: boolean, origin: OriginSide): boolean {
    if (this.#hedges.size > 0) {
      this.#mainFailure = failure;
      return true;
    }
    if (!this.#owner.isRepeatable || failure === 'destination_denied') return false;
    return this.#again(OUTCOMES[failure], untouched, origin);
  }

  /** Whether it is tried again after `outcome`, now or later, by what `origin` sent. */
  #again(outcome: Outcome, untouched: boolean, origin: OriginSide): boolean {
    const { retries, active, clock } = this.#cluster;
    if (retries === undefined) return false;
    const { isIdempotent: idempotent, isRepeatable: replayable } = this.#owner;
    const wait: number | NoRetry = retries.next(
      { outcome, tries: this.tries, untouched, idempotent, replayable },
      active,
    );
    if (wait === 'budget' || wait === 'breaker') this.#cluster.count('retry_refused');
    if (typeof wait === 'string') return false;
    this.#endHedges();
    this.#taken++;
    this.#cluster.count('retried');
    this.#failed = origin;
    // Not within the callback of the side that failed.
    this.#cancelWait = clock.after(wait, () => this.#owner.sendOn());
    return true;
  }

  #hedge(): boolean {
    const { retries, active, balancer } = this.#cluster;
    const { origin, endpoint: main, isRepeatable } = this.#owner;
    if (origin === undefined || main === undefined || !isRepeatable || retries === undefined) return false;
    const busy = new Set([main, ...[...this.#hedges].map(({ endpoint }) => endpoint)]);
    const endpoint = balancer.pick(this.key, busy);
    if (endpoint === undefined) return false;
    if (retries.take(active) !== undefined) {
      this.#cluster.count('retry_refused');
      return false;
    }
    const side = this.#upstream.origin(endpoint, false);
    if (side === undefined) {
      retries.give();
      return false;
    }
    this.#taken++;
    this.tries++;
    this.#cluster.count('hedged');
    endpoint.active++;
    const one = new HedgedTry(this.#owner, this, side, endpoint);
    this.#hedges.add(one);
    side.repeat(one, origin);
    return true;
  }

  onHedgeAnswer(one: HedgedTry, head: ResponseHead): boolean {
    const isBad = this.#cluster.retries?.coversStatus(head.status) === true;
    const isAlone = this.#mainFailure !== undefined && this.#hedges.size === 1;
    if (isBad && !isAlone) {
      this.#noteStatus(one.endpoint, head.status);
      this.#hedges.delete(one);
      one.cancel();
      return false;
    }
    this.#hedges.delete(one);
    this.#endHedges();
    this.#owner.serveBy(one.origin, one.endpoint);
    return true;
  }

  onHedgeFailure(one: HedgedTry, failure: OriginFailure, stale: boolean, error: string | undefined): void {
    this.note(one.endpoint, failure, stale, error);
    this.#hedges.delete(one);
    if (this.#hedges.size === 0 && this.#mainFailure !== undefined) this.#owner.onNoTryLeft(this.#mainFailure);
  }

  #endHedges(): void {
    this.#cancelHedges?.();
    for (const one of this.#hedges) one.cancel();
    this.#hedges.clear();
  }

  /** The exchange is over. */
  over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#leaveQueue();
    this.#cancelWait?.();
    this.#endHedges();
    this.#timer?.release();
    this.#first = this.#failed = undefined;
    for (; this.#taken > 0; this.#taken--) this.#cluster.retries?.give();
    this.#cluster.breaker?.requests.give();
    this.#cluster.active--;
  }
}

/** The first that there is, in any of the fields (RFC 6265 §5.4 has one, and some clients send more). */
function cookieOf(head: RequestHead, name: string): string | undefined {
  for (let index = head.findName('cookie'); index !== -1; index = head.findName('cookie', index + 1)) {
    const value = cookieValue(head.value(index), name);
    if (value !== undefined) return value;
  }
  return undefined;
}
