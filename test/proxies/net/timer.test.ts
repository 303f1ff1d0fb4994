import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Timer } from '#proxies/net/timer.ts';
import { faultCount } from '#proxies/platform/notices.ts';

/** Arms a timer and gives the milliseconds after which it fired. */
function fired(ms: number, change: (timer: Timer) => void = () => {}): Promise<number> {
  const start = performance.now();
  return new Promise((resolve) => {
    const timer = new Timer({ onTimeout: () => resolve(performance.now() - start) });
    timer.arm(ms);
    change(timer);
  });
}

/** Keeps the loop alive: wheel ticks do not. */
async function alive<T>(work: Promise<T>): Promise<T> {
  const keep = setInterval(() => {}, 1000);
  try {
    return await work;
  } finally {
    clearInterval(keep);
  }
}

describe('timer', () => {
  it('never fires early', async () => {
    const spans = [1, 39, 40, 41, 80, 100, 150];
    const times = await alive(Promise.all(spans.map((ms) => fired(ms))));
    for (const [index, ms] of spans.entries()) {
      // The wheel's clock and ours are read at different moments: a millisecond of tolerance.
      assert.ok(times[index]! >= ms - 1, `${ms} ms fired after ${times[index]}`);
    }
  });

  it('fires for all that are due, whatever one of them throws', async () => {
    const faults = faultCount();
    const fail = (timer: Timer): void => {
      const thrower = new Timer({
        onTimeout() {
          throw new Error('planted');
        },
      });
      thrower.arm(50);
      timer.arm(50);
    };
    await alive(Promise.all([fired(50, fail), fired(50, fail), fired(50)]));
    assert.equal(faultCount(), faults + 2);
  });

  it('fires in the order of the deadlines', async () => {
    const order: number[] = [];
    await alive(Promise.all([250, 50, 150].map((ms) => fired(ms).then(() => order.push(ms)))));
    assert.deepEqual(order, [50, 150, 250]);
  });

  it('moves both ways when it is armed anew', async () => {
    const [later, sooner] = await alive(
      Promise.all([fired(50, (timer) => timer.arm(200)), fired(60_000, (timer) => timer.arm(50))]),
    );
    assert.ok(later >= 199);
    assert.ok(sooner < 60_000);
  });

  it('stays silent when cancelled, released, or armed for never', async () => {
    let count = 0;
    const owner = { onTimeout: () => (count += 1) };
    const timers = Array.from({ length: 4 }, () => new Timer(owner));
    for (const timer of timers) timer.arm(40);
    timers[0]?.cancel();
    timers[1]?.release();
    timers[2]?.arm(0);
    timers[3]?.arm(Infinity);
    assert.deepEqual(
      timers.map(({ armed }) => armed),
      [false, false, false, false],
    );
    await alive(fired(200));
    assert.equal(count, 0);
  });

  it('lets one that fires cancel and arm others of the same tick', async () => {
    const log: string[] = [];
    const second = new Timer({ onTimeout: () => log.push('second') });
    const third = new Timer({ onTimeout: () => log.push('third') });
    const cancel = { onTimeout: () => (log.push('first'), second.cancel(), third.arm(40)) };
    // Slots are taken in reverse order of linking; either way at most one of the two cancellations can come too late.
    second.arm(40);
    third.arm(40);
    new Timer(cancel).arm(40);
    await alive(fired(300));
    assert.deepEqual(log, ['first', 'third']);
  });

  it('spans more than one turn of the wheel', async () => {
    let count = 0;
    const timer = new Timer({ onTimeout: () => (count += 1) });
    timer.arm(3_600_000);
    await alive(fired(100));
    assert.equal(count, 0);
    assert.equal(timer.armed, true);
    timer.release();
  });
});
