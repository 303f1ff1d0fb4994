/** The bare threads: they wake each other as often as asked, and none is left, however it ends. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { measureWakeups } from '#bench/load/wakeups.ts';

const anywhere = { load: null, proxy: null };
const threads = (): number => readdirSync('/proc/self/task').length;

test('as many as asked for, each from its own call on', async () => {
  // Without a gap a call is often counted before the one before it was heard.
  for (const gap of [1, 0]) {
    const from = performance.now();
    const took = await measureWakeups({ count: 200, gap }, anywhere, AbortSignal.timeout(60_000));
    const whole = 1_000 * (performance.now() - from);
    assert.equal(took.length, 200);
    assert.ok(took.every((micros) => micros >= 0 && micros < whole));
  }
});

test('an abort ends both, in the midst of waiting', { skip: process.platform !== 'linux' && 'no /proc' }, async () => {
  await measureWakeups({ count: 1, gap: 1 }, anywhere, AbortSignal.timeout(60_000)); // threads that Node keeps once it had a worker
  const before = threads();
  const controller = new AbortController();
  const measured = measureWakeups({ count: 1_000_000, gap: 1 }, anywhere, controller.signal);
  setTimeout(() => controller.abort(), 200);
  await assert.rejects(measured, { name: 'AbortError' });
  assert.ok(threads() <= before, `${threads()} threads, ${before} before`);
  await assert.rejects(measureWakeups({ count: 1, gap: 1 }, anywhere, controller.signal), { name: 'AbortError' });
});
