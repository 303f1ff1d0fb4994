/** Breakers, budgets, queues, back-off: whatever bounds what a cluster is asked. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { backoff } from '#proxies/cluster/backoff.ts';
import { CircuitBreaker } from '#proxies/cluster/circuit-breaker.ts';
import { hedge } from '#proxies/cluster/hedge.ts';
import { WaitQueue, type Waiter } from '#proxies/cluster/queue.ts';
import { RetryBudget } from '#proxies/cluster/retry-budget.ts';
import { Retries, type Tried } from '#proxies/cluster/retry.ts';
import { mulberry32 } from '#proxies/platform/random.ts';
import { ManualClock } from './manual-clock.ts';

describe('circuit breaker', () => {
  it('refuses beyond each bound, says so once, and once when there is room again', () => {
    const heard: string[] = [];
    const breaker = new CircuitBreaker({ requests: 2, retries: 0 }, (what, open) => heard.push(`${what} ${open}`));
    assert.deepEqual(
      [1, 2, 3, 4].map(() => breaker.requests.take()),
      [true, true, false, false],
    );
    assert.equal(breaker.retries.take(), false);
    assert.deepEqual(breaker.open, ['requests', 'retries']);
    assert.equal(breaker.requests.refused, 2);
    breaker.requests.give();
    assert.equal(breaker.requests.take(), true);
    assert.equal(breaker.requests.take(), false);
    assert.deepEqual(heard, ['requests true', 'retries true', 'requests false', 'requests true']);
    for (let i = 0; i < 10_000; i++) assert.equal(breaker.connections.take(), true);
  });

  it('counts on over a new configuration', () => {
    const before = new CircuitBreaker({ requests: 2 }, () => {});
    before.requests.take();
    before.requests.take();
    const after = new CircuitBreaker({ requests: 1 }, () => {}, before);
    assert.equal(after.requests.take(), false);
    before.requests.give();
    before.requests.give();
    assert.equal(after.requests.take(), true);
  });
});

describe('retry budget', () => {
  it('property: retries under way stay within the share or the minimum, for any order', () => {
    const event = fc.constantFrom('begin', 'end', 'retry', 'done');
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 0, max: 5 }),
        fc.array(event, { maxLength: 300 }),
        (share, minimum, events) => {
          const budget = new RetryBudget({ share, minimum });
          let active = 0;
          for (const event of events) {
            if (event === 'begin') active++;
            if (event === 'end') active = Math.max(0, active - 1);
            if (event === 'retry') {
              const before = budget.underWay;
              const most = Math.ceil(Math.max(minimum, share * active));
              assert.equal(budget.take(active), before < most);
              assert.equal(budget.underWay, Math.min(before + 1, Math.max(before, most)));
            }
            if (event === 'done' && budget.underWay > 0) budget.give();
          }
        },
      ),
      { numRuns: 200, seed: 4 },
    );
  });
});

describe('back-off', () => {
  it('property: between none and the doubled base, never above the most, and spread over it', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 1_000, noNaN: true }),
        fc.double({ min: 1, max: 60_000, noNaN: true }),
        fc.integer({ min: 1, max: 2_000 }),
        (base, max, further) => {
          const random = mulberry32(further);
          const top = Math.min(max, base * 2 ** (further - 1));
          const waits = Array.from({ length: 64 }, () => backoff({ base, max }, further, random));
          for (const wait of waits) assert.ok(wait >= 0 && wait < top);
          assert.ok(Math.max(...waits) > top / 2 && Math.min(...waits) < top / 2);
        },
      ),
      { numRuns: 100, seed: 5 },
    );
  });
});

describe('retries', () => {
  const tried = (changes: Partial<Tried>): Tried => ({
    outcome: 'reset',
    tries: 1,
    untouched: false,
    idempotent: true,
    replayable: true,
    ...changes,
  });

  it('what may have been executed is tried again only where it is idempotent', () => {
    const retries = new Retries({ on: ['connect', 'reset', 'timeout', 'gateway-error'] }, undefined, mulberry32(1));
    const cases: readonly (readonly [Partial<Tried>, unknown])[] = [
      [{ outcome: 'reset' }, 0],
      [{ outcome: 'reset', idempotent: false }, 'unsafe'],
      [{ outcome: 'timeout', idempotent: false }, 'unsafe'],
      [{ outcome: 503, idempotent: false }, 'unsafe'],
      [{ outcome: 'connect', idempotent: false, untouched: true }, 0],
      [{ outcome: 'connect', untouched: true, replayable: false }, 'unsafe'],
      [{ outcome: 500 }, 'not-covered'],
      [{ outcome: 404 }, 'not-covered'],
      [{ tries: 2 }, 'attempts'],
    ];
    for (const [changes, expected] of cases) assert.equal(retries.next(tried(changes), 100), expected);
    assert.deepEqual(
      [404, 500, 502, 503, 504].map((status) => retries.coversStatus(status)),
      [false, false, true, true, true],
    );
  });

  it('stops at the budget and at the breaker, and each gives back what it took', () => {
    const breaker = new CircuitBreaker({ retries: 3 }, () => {});
    const retries = new Retries({ on: ['reset'], budget: { share: 0.1, minimum: 2 } }, breaker, mulberry32(1));
    assert.deepEqual(
      [1, 2, 3].map(() => retries.next(tried({}), 10)),
      [0, 0, 'budget'],
    );
    assert.deepEqual(
      [1, 2].map(() => retries.next(tried({}), 1_000)),
      [0, 'breaker'],
    );
    assert.equal(retries.underWay, 3);
    retries.give();
    assert.equal(retries.next(tried({}), 1_000), 0);
    assert.equal(breaker.retries.active, 3);
  });

  it('waits between none and ever more', () => {
    const retries = new Retries(
      { on: ['reset'], attempts: 5, backoff: { base: 100, max: 250 }, budget: { share: 1, minimum: 100 } },
      undefined,
      () => 0.5,
    );
    assert.deepEqual(
      [1, 2, 3, 4].map((tries) => retries.next(tried({ tries }), 1)),
      [50, 100, 125, 125],
    );
  });
});

describe('queue', () => {
  class Client implements Waiter {
    readonly log: string[];
    readonly name: string;
    constructor(name: string, log: string[]) {
      this.name = name;
      this.log = log;
    }
    onTurn(): void {
      this.log.push(`${this.name} turn`);
    }
    onWaitedTooLong(): void {
      this.log.push(`${this.name} late`);
    }
  }

  it('serves in order, so many and no longer than so', () => {
    const clock = new ManualClock();
    const queue = new WaitQueue({ size: 3, timeout: 100 }, clock);
    const log: string[] = [];
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => new Client(name, log)) as [Client, Client, Client, Client];
    assert.equal(queue.wait(a), true);
    clock.advance(50);
    assert.deepEqual([queue.wait(b), queue.wait(c), queue.wait(d)], [true, true, false]);
    queue.leave(b);
    assert.equal(queue.wait(d), true);
    queue.next();
    queue.next();
    assert.deepEqual(log, ['a turn', 'c turn']);
    clock.advance(99);
    assert.equal(queue.length, 1);
    clock.advance(1);
    assert.deepEqual(log, ['a turn', 'c turn', 'd late']);
    queue.next();
    clock.advance(1_000);
    assert.equal(log.length, 3);
    assert.equal(clock.waiting, 0);
  });

  it('property: everybody gets a turn, is late or leaves, exactly one of these, and never too late', () => {
    const step = fc.constantFrom('wait', 'next', 'leave', 'pass');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 6 }), (steps, size) => {
        const clock = new ManualClock();
        const queue = new WaitQueue({ size, timeout: 10 }, clock);
        const ends = new Map<Waiter, number>();
        const came = new Map<Waiter, number>();
        const end = (waiter: Waiter): void => {
          ends.set(waiter, (ends.get(waiter) ?? 0) + 1);
          assert.ok(clock.now() - came.get(waiter)! <= 10);
        };
        for (const step of steps) {
          if (step === 'pass') clock.advance(3);
          if (step === 'next') queue.next();
          if (step === 'leave') {
            const last = [...came.keys()].findLast((waiter) => !ends.has(waiter));
            if (last) {
              queue.leave(last);
              end(last);
            }
          }
          if (step === 'wait') {
            const waiter: Waiter = { onTurn: () => end(waiter), onWaitedTooLong: () => end(waiter) };
            const isFull = queue.length >= size;
            came.set(waiter, clock.now());
            assert.equal(queue.wait(waiter), !isFull);
            if (isFull) came.delete(waiter);
          }
        }
        clock.advance(10);
        for (const waiter of came.keys()) assert.equal(ends.get(waiter), 1);
        assert.equal(queue.length, 0);
      }),
      { numRuns: 200, seed: 6 },
    );
  });
});

describe('hedging', () => {
  it('launches one more after each delay, until there are enough, it cannot, or somebody answered', () => {
    const launches = (most: number, stopAt: number, can = Infinity): readonly number[] => {
      const clock = new ManualClock();
      const at: number[] = [];
      const cancel = hedge({ delay: 10, most }, clock, () => {
        if (at.length >= can) return false;
        at.push(clock.now());
        return true;
      });
      clock.advance(stopAt);
      cancel();
      clock.advance(100);
      assert.equal(clock.waiting, 0);
      return at;
    };
    assert.deepEqual(launches(1, 100), [10]);
    assert.deepEqual(launches(3, 100), [10, 20, 30]);
    assert.deepEqual(launches(3, 25), [10, 20]);
    assert.deepEqual(launches(3, 5), []);
    assert.deepEqual(launches(3, 100, 1), [10]);
  });
});
