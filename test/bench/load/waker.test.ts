import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { until } from '#bench/load/clock.ts';
import { type Waker, wakerFor } from '#bench/load/waker.ts';
import { perSecond } from '#bench/model/units.ts';
import { enough, stretched } from './jobs.ts';

const job = { shard: { index: 0, count: 1 }, seed: 3 };
const uniform = (rate: number) =>
  ({ kind: 'open', connections: 1, offered: perSecond(rate), arrivals: 'uniform' }) as const;
const fail = (error: Error): void => assert.fail(error);
const signal = AbortSignal.timeout(60_000);

/** Over one timetable, of which it returns the start. */
async function drive(waker: Waker, window: number, rate: number): Promise<number> {
  const start = performance.now() + 5;
  const windowEnd = start + window;
  waker.start({ start, windowStart: start, windowEnd }, { offered: perSecond(rate), turn: 0 });
  await until(windowEnd + 5, signal);
  waker.stop();
  return start;
}

test(
  'below some thousands a second each arrival has a call of its own, about when it is due',
  stretched(async ({ window }) => {
    const calls: number[] = [];
    const wake = (): number => {
      calls.push(performance.now());
      waker.saw(calls.at(-1)! + 0.1); // it sends what is due, a little ahead too: no turns to spin away
      return Infinity;
    };
    const waker = wakerFor(job, uniform(200), wake, fail);
    await waker.ready;
    const start = await drive(waker, window, 200);
    enough(calls.length >= window / 10);
    assert.ok(calls.length <= window / 5 + 1, `${calls.length} calls`);
    for (const at of calls) assert.ok(at >= start - 0.05, `${start - at} ms too early`);
    const late = calls.map((at) => (at - start + 0.05) % 5).toSorted((a, b) => a - b);
    enough(late[late.length >> 1]! < 1, 'the host is too busy to be on time');
  }),
);

test(
  'far above that the calls are no more than five thousand a second, however many arrive',
  stretched(async ({ window }) => {
    const calls: number[] = [];
    const wake = (): number => {
      calls.push(performance.now());
      waker.saw(performance.now());
      return Infinity;
    };
    const waker = wakerFor(job, uniform(100_000), wake, fail);
    await waker.ready;
    await drive(waker, window, 100_000);
    enough(calls.length > window / 2);
    assert.ok(calls.length <= 5 * window + 2, `${calls.length} calls in ${window} ms`);
  }),
);

test('what the sender has seen by itself is not called for', async () => {
  const calls: number[] = [];
  const waker = wakerFor(job, uniform(1_000), () => calls.push(0), fail);
  await waker.ready;
  const driving = drive(waker, 100, 1_000);
  waker.saw(Infinity);
  await driving;
  assert.equal(calls.length, 0);
});

test(
  'one pacer thread is kept and follows whoever started last, each by its own timetable',
  stretched(async ({ window }) => {
    const heard = { first: 0, second: 0 };
    const wakerOf = (name: keyof typeof heard): Waker => {
      const wake = (): number => {
        heard[name]++;
        waker.saw(performance.now() + 0.1);
        return Infinity;
      };
      const waker = wakerFor(job, uniform(500), wake, fail);
      return waker;
    };
    const [first, second] = [wakerOf('first'), wakerOf('second')];
    await Promise.all([first.ready, second.ready]);
    const threads = threadCount();
    await drive(first, window, 500);
    enough(heard.first > 0);
    assert.equal(heard.second, 0);
    const before = heard.first;
    await drive(second, window, 500);
    enough(heard.second > 0);
    assert.equal(heard.first, before);
    await drive(first, window, 500);
    enough(heard.first > before);
    assert.equal(threadCount(), threads);
  }),
);

test('a waker that was never started stops, and nothing of it keeps the process', async () => {
  const url = new URL('../../../bench/load/waker.ts', import.meta.url).href;
  const code = `
    const { wakerFor } = await import(${JSON.stringify(url)});
    const waker = wakerFor({ shard: { index: 0, count: 1 }, seed: 1 }, { kind: 'open', connections: 1, offered: 100, arrivals: 'uniform' }, () => Infinity, (error) => { throw error; });
    await waker.ready;
    waker.stop();
    await waker[Symbol.asyncDispose]();`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: 'inherit' });
  const [status] = (await once(child, 'exit')) as [number | null];
  assert.equal(status, 0);
});

const threadCount = (): number => (process.platform === 'linux' ? readdirSync('/proc/self/task').length : 0);
