/** Either of the two threads of `wakeups.ts`. */
import '#proxies/platform/older-node.ts';
import { parentPort, workerData } from 'node:worker_threads';
import { pinThisThread, prioritizePacer } from './priority.ts';
import type { WakeupOrders } from './wakeups.ts';

const { role, cores, count, gap, calls, calledAt } = workerData as WakeupOrders;
pinThisThread(cores);

function sleep(): number[] {
  prioritizePacer();
  parentPort?.postMessage('ready');
  const took: number[] = [];
  for (let i = 0; i < count; i++) {
    // A call is counted before it is made: of the last one it may still come, and wakes who waits for the next.
    while (Atomics.load(calls, 0) === i) Atomics.wait(calls, 0, i);
    took.push(1_000 * (performance.now() - calledAt[i]!));
  }
  return took;
}

function wake(): void {
  const start = performance.now() + gap;
  for (let i = 0; i < count; i++) {
    const due = start + i * gap;
    let now = performance.now();
    while (now < due) now = performance.now();
    calledAt[i] = now;
    Atomics.store(calls, 0, i + 1);
    Atomics.notify(calls, 0);
  }
}

parentPort?.postMessage(role === 'sleeper' ? sleep() : wake());
