import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RateCap } from '#bench/model/rate-cap.ts';

const SECOND = 1_000;

/** Most of `times` (ascending) within any half-open second. */
const mostInASecond = (times: readonly number[]): number =>
  Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + SECOND).length));

test('in no second more than the cap, whenever it is asked; nothing in the first', () => {
  const gaps = fc.array(fc.double({ min: 0, max: 300, noNaN: true }), { minLength: 1, maxLength: 400 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.double({ min: 0, max: 1e9, noNaN: true }),
      gaps,
      (cap, start, all) => {
        const limit = new RateCap(cap, start);
        const passed: number[] = [];
        let now = start;
        for (const gap of all) {
          now += gap;
          const wait = limit.wait(now);
          assert.equal(limit.take(now), wait, 'asking first changes nothing');
          if (wait === 0) passed.push(now);
        }
        assert.ok(mostInASecond(passed) <= cap);
        assert.ok(passed.every((at) => at >= start + SECOND));
      },
    ),
  );
});

test('who waits as long as he is told passes: the cap is reached', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 1e6 }), (cap, start) => {
      const limit = new RateCap(cap, start);
      let now = start;
      for (let i = 0; i < 3 * cap; i++) {
        now += limit.wait(now);
        assert.equal(limit.take(now), 0);
      }
      assert.equal(now, start + 3 * SECOND, 'three times the cap takes three seconds, the first of which is silent');
    }),
  );
});

test('a cap is a whole number from one', () => {
  for (const cap of [0, -1, 0.5, NaN, Infinity]) assert.throws(() => new RateCap(cap, 0), RangeError);
});
