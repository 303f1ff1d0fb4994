import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExactDelays } from '#backends/exact-delays.ts';

const elapsed = (from: number): number => performance.now() - from;

test('delays end by their due time, not by the order in which they came, and never early', async () => {
  const delays = new ExactDelays();
  const from = performance.now();
  const ended: number[] = [];
  await Promise.all(
    [30, 0, 8, 0.3, 8, 2].map(
      (millis) =>
        new Promise<void>((resolve) =>
          delays.add(from + millis, () => {
            assert.ok(elapsed(from) >= millis, `${millis} ended after ${elapsed(from)}`);
            ended.push(millis);
            resolve();
          }),
        ),
    ),
  );
  assert.deepEqual(ended, [0, 0.3, 2, 8, 8, 30]);
});

test('what is taken back never ends, and holds nobody up', async () => {
  const delays = new ExactDelays();
  const from = performance.now();
  const never = (): void => assert.fail('it was taken back');
  const takeBack = [1, 5, 600_000].map((millis) => delays.add(from + millis, never));
  await new Promise<void>((resolve) => {
    delays.add(from + 10, resolve);
    for (const one of takeBack) one();
    for (const one of takeBack) one(); // again changes nothing
  });
});

test('a delay that is added while another ends, or by it, is served too', async () => {
  const delays = new ExactDelays();
  const from = performance.now();
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    delays.add(from + 4, () => {
      order.push('first');
      delays.add(from, () => order.push('overdue'));
      delays.add(from + 6, () => {
        order.push('last');
        resolve();
      });
    });
  });
  assert.deepEqual(order, ['first', 'overdue', 'last']);
});
