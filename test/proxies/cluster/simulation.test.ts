/**
 * A cluster under load while its origins die, stall, lie and come back, as a seed decides: all policies at once, on a clock of its own. What is
 * counted is what clients see and what origins are asked.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClusterEndpoint } from '#proxies/cluster/endpoint.ts';
import type { Probe } from '#proxies/cluster/health-check.ts';
import type { Outcome } from '#proxies/cluster/retry.ts';
import { ClusterRuntime } from '#proxies/cluster/runtime.ts';
import { mostEjected } from '#proxies/config/policy-defaults.ts';
import type { Cluster, LoadBalancing } from '#proxies/config/intent.ts';
import { mulberry32 } from '#proxies/platform/random.ts';
import { ManualClock } from './manual-clock.ts';

type Condition = 'well' | 'refuses' | 'breaks' | 'fails' | 'black-hole';
const ILL: readonly Condition[] = ['refuses', 'breaks', 'fails', 'black-hole'];

const PER_TRY = 40;
const TRIES = 3;

/** Answers as its condition says, and counts what it executed. */
class Origin {
  condition: Condition = 'well';
  readonly executed = new Map<number, number>();

  /** After how many milliseconds a try comes to what. */
  ask(request: number, random: number): { readonly after: number; readonly outcome: Outcome } {
    if (this.condition === 'refuses') return { after: 0, outcome: 'connect' };
    this.executed.set(request, (this.executed.get(request) ?? 0) + 1);
    if (this.condition === 'black-hole') return { after: PER_TRY, outcome: 'timeout' };
    const after = 1 + random * 10;
    if (this.condition === 'breaks') return { after, outcome: 'reset' };
    return { after, outcome: this.condition === 'fails' ? 503 : 200 };
  }
}

interface Request {
  readonly id: number;
  readonly idempotent: boolean;
  readonly at: number;
  tries: number;
}

interface Ended extends Request {
  readonly outcome: Outcome | 'no endpoint' | 'refused';
}

class Simulation {
  readonly clock = new ManualClock();
  readonly random: () => number;
  readonly origins = new Map<string, Origin>();
  readonly ended: Ended[] = [];
  readonly runtime: ClusterRuntime;
  mostRetries = 0;
  #count = 0;

  constructor(seed: number, count: number, policies: Partial<Cluster>) {
    this.random = mulberry32(seed);
    const endpoints = Array.from({ length: count }, (_, i) => ({ host: '10.0.0.1', port: i + 1 }));
    for (const { host, port } of endpoints) this.origins.set(`${host}:${port}`, new Origin());
    const probe: Probe = ({ host, port }) => {
      const { condition } = this.origins.get(`${host}:${port}`)!;
      if (condition === 'black-hole') return new Promise(() => {});
      return Promise.resolve(condition === 'well' ? undefined : condition);
    };
    this.runtime = new ClusterRuntime(
      { name: 'c', endpoints, ...policies },
      { clock: this.clock, random: this.random, probe },
    );
    this.runtime.start();
  }

  /** `perMillisecond` requests, for `ms`. */
  async load(ms: number, perMillisecond = 2): Promise<readonly Ended[]> {
    const from = this.ended.length;
    for (let i = 0; i < ms; i++) {
      for (let j = 0; j < perMillisecond; j++) this.#request();
      await this.clock.pass(1);
      this.#check();
    }
    return this.ended.slice(from);
  }

  #request(): void {
    const { runtime } = this;
    const request: Request = { id: this.#count++, idempotent: this.random() < 0.7, at: this.clock.now(), tries: 0 };
    if (runtime.breaker?.requests.take() === false) return void this.ended.push({ ...request, outcome: 'refused' });
    runtime.active++;
    this.#try(request, new Set(), 0);
  }

  #try(request: Request, tried: Set<ClusterEndpoint>, held: number): void {
    const { runtime } = this;
    const endpoint = runtime.balancer.pick(undefined, tried) ?? runtime.balancer.pick();
    if (endpoint === undefined) return this.#end(request, 'no endpoint', held);
    assert.ok(endpoint.usable, 'only what may be chosen is chosen');
    tried.add(endpoint);
    request.tries++;
    endpoint.active++;
    const { after, outcome } = this.origins.get(endpoint.address)!.ask(request.id, this.random());
    this.clock.after(after, () => {
      endpoint.active--;
      const isWell = outcome === 200;
      if (isWell) runtime.ejection?.succeeded(endpoint);
      else runtime.ejection?.failed(endpoint, String(outcome));
      const { tries, idempotent } = request;
      const state = { outcome, tries, idempotent, untouched: outcome === 'connect', replayable: true };
      const wait = isWell ? 'not-covered' : (runtime.retries?.next(state, runtime.active) ?? 'not-covered');
      if (typeof wait === 'string') return this.#end(request, outcome, held);
      this.mostRetries = Math.max(this.mostRetries, runtime.retries!.underWay);
      this.clock.after(wait, () => this.#try(request, tried, held + 1));
    });
  }

  #end(request: Request, outcome: Ended['outcome'], held: number): void {
    const { runtime } = this;
    for (let i = 0; i < held; i++) runtime.retries!.give();
    runtime.breaker?.requests.give();
    runtime.active--;
    this.ended.push({ ...request, outcome });
  }

  #check(): void {
    const { endpoints } = this.runtime.balancer;
    const { maxShare = 0.5 } = this.runtime.intent.ejection ?? {};
    const out = endpoints.filter(({ ejected }) => ejected).length;
    assert.ok(out <= mostEjected(maxShare, endpoints.length), `${out} of ${endpoints.length} are ejected`);
  }

  executions(id: number): number {
    return [...this.origins.values()].reduce((sum, { executed }) => sum + (executed.get(id) ?? 0), 0);
  }

  /** Of 200, among `of`. */
  static good(of: readonly Ended[]): number {
    return of.filter(({ outcome }) => outcome === 200).length / of.length;
  }
}

const POLICIES: Partial<Cluster> = {
  healthCheck: { kind: 'http', interval: 100, timeout: 30, unhealthyThreshold: 2, healthyThreshold: 2 },
  ejection: { consecutive: 5, baseTime: 200, maxTime: 1_000 },
  retry: {
    on: ['connect', 'reset', 'timeout', 'gateway-error'],
    attempts: TRIES - 1,
    perTryTimeout: PER_TRY,
    backoff: { base: 2, max: 10 },
    budget: { share: 0.5, minimum: 5 },
  },
  slowStart: { window: 500 },
};

const BALANCERS: readonly LoadBalancing[] = ['round-robin', 'random', 'least-request', 'power-of-two'];

describe('a cluster in trouble', () => {
  it('one of three dies: idempotent requests see nothing of it, others are executed once', async () => {
    for (const [index, condition] of ILL.entries()) {
      const seed = 100 + index;
      const sim = new Simulation(seed, 3, POLICIES);
      await sim.load(300);
      sim.origins.get('10.0.0.1:2')!.condition = condition;
      const during = await sim.load(300);
      const after = await sim.load(1_000);
      const ended = [...during, ...after];
      const failed = ended.filter(({ idempotent, outcome }) => idempotent && outcome !== 200);
      assert.deepEqual(failed, [], `${condition}, seed ${seed}`);
      for (const { id, idempotent } of ended)
        if (!idempotent) assert.ok(sim.executions(id) <= 1, `request ${id} of ${condition}`);
      assert.equal(Simulation.good(after.slice(300)), 1, `${condition} is contained`);
    }
  });

  it('without policies the same shows: what holds above is their doing', async () => {
    const sim = new Simulation(7, 3, {});
    sim.origins.get('10.0.0.1:2')!.condition = 'refuses';
    const ended = await sim.load(600);
    assert.ok(Math.abs(Simulation.good(ended) - 2 / 3) < 0.05);
  });

  it('property: whatever fails when, bounds hold, nothing is executed twice that must not be, and all is well again', async () => {
    for (let seed = 1; seed <= 25; seed++) {
      const random = mulberry32(seed);
      const count = 2 + Math.floor(random() * 4);
      const policy = BALANCERS[seed % BALANCERS.length]!;
      const breaker = seed % 2 === 0 ? { circuitBreaker: { requests: 60, retries: 20 } } : {};
      const sim = new Simulation(seed, count, { ...POLICIES, ...breaker, policy });
      for (let phase = 0; phase < 8; phase++) {
        for (const origin of sim.origins.values())
          origin.condition = random() < 0.6 ? 'well' : ILL[Math.floor(random() * ILL.length)]!;
        await sim.load(150);
      }
      for (const origin of sim.origins.values()) origin.condition = 'well';
      await sim.load(1_500);
      const recovered = await sim.load(600);
      const where = `seed ${seed}`;
      assert.equal(Simulation.good(recovered), 1, where);
      for (const { id, idempotent, tries } of sim.ended) {
        assert.ok(tries <= TRIES, where);
        if (!idempotent) assert.ok(sim.executions(id) <= 1, where);
      }
      const { endpoints } = sim.runtime.balancer;
      assert.ok(
        endpoints.every(({ usable, weight }) => usable && weight === 1),
        where,
      );
      await sim.clock.pass(200);
      assert.equal(sim.runtime.active, 0, where);
      assert.equal(sim.runtime.retries!.underWay, 0, where);
      assert.ok(
        endpoints.every(({ active }) => active === 0),
        where,
      );
      if (sim.runtime.breaker) assert.ok(sim.mostRetries <= 20 && sim.runtime.breaker.requests.active === 0, where);
      sim.runtime.close();
      assert.equal(sim.clock.waiting, 0, where);
    }
  });

  it('when all fail, retries add no more than their budget', async () => {
    const amplification = async (policies: Partial<Cluster>) => {
      const sim = new Simulation(3, 3, policies);
      for (const origin of sim.origins.values()) origin.condition = 'fails';
      const ended = await sim.load(600, 4);
      return ended.reduce((sum, { tries }) => sum + tries, 0) / ended.length;
    };
    const { retry } = POLICIES;
    const free = await amplification({ retry: { ...retry!, budget: { share: 1, minimum: 1_000 } } });
    const held = await amplification({ retry: { ...retry!, budget: { share: 0.1, minimum: 1 } } });
    assert.ok(free > 2, `${free} tries a request`);
    assert.ok(held < 1.25, `${held} tries a request`);
  });

  it('an endpoint that comes back cold is not met by its full share at once', async () => {
    const sim = new Simulation(9, 2, { ...POLICIES, slowStart: { window: 1_000 } });
    const origin = sim.origins.get('10.0.0.1:1')!;
    await sim.load(100);
    origin.condition = 'refuses';
    await sim.load(600);
    origin.condition = 'well';
    const before = origin.executed.size;
    const shares: number[] = [];
    let last = before;
    for (let i = 0; i < 20; i++) {
      const ended = await sim.load(100);
      if (origin.executed.size > before) shares.push((origin.executed.size - last) / ended.length);
      last = origin.executed.size;
    }
    assert.ok(shares[0]! < 0.2, shares.join());
    assert.ok(Math.abs(shares.at(-1)! - 0.5) < 0.05, shares.join());
  });
});
