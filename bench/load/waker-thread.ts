/**
 * The pacer thread: follows the same schedule as the thread that sends, and calls it when an arrival is due that it has not seen by
 * itself. Without orders it sleeps and costs nothing.
 */
import '#proxies/platform/older-node.ts';
import { parentPort, workerData } from 'node:worker_threads';
import { arrivalsOf } from './pacer.ts';
import { prioritizePacer } from './priority.ts';
import { PACER_CELLS, PACER_NUMBERS, type PacerMemory, readOrders } from './waker.ts';

const { cells, numbers } = workerData as PacerMemory;
/** Milliseconds between two readings of this thread's own CPU time. */
const ACCOUNT_EVERY = 20;
let accountedAt = 0;

/** Returns once there are other orders than those numbered `order`. */
function follow(order: number): void {
  const { loop, shard, seed, start, end, lead, gap } = readOrders(numbers);
  const arrivals = arrivalsOf(loop, shard, seed);
  let calledAt = -Infinity;
  for (let due = start + arrivals.due; due < end; due = start + arrivals.due) {
    const seen = Math.max(numbers[PACER_NUMBERS.seen]!, calledAt);
    const now = performance.now();
    const wait = Math.max(due - lead, seen + gap) - now;
    if (seen >= due) arrivals.take();
    else if (wait > 0) {
      if (Atomics.wait(cells, PACER_CELLS.order, order, wait) !== 'timed-out') return;
    } else {
      call();
      calledAt = Math.max(due, now);
      account(now);
    }
  }
  account(Infinity);
  Atomics.wait(cells, PACER_CELLS.order, order);
}

/** One call at a time: who has not heard the last one yet will see all that is due when it does. */
function call(): void {
  const calls = Atomics.load(cells, PACER_CELLS.calls);
  if (Atomics.load(cells, PACER_CELLS.heard) !== calls) return;
  Atomics.store(cells, PACER_CELLS.calls, (calls + 1) | 0);
  Atomics.notify(cells, PACER_CELLS.calls);
}

function account(now: number): void {
  if (now - accountedAt < ACCOUNT_EVERY) return;
  accountedAt = performance.now();
  const { user, system } = process.threadCpuUsage();
  Atomics.store(cells, PACER_CELLS.cpuUser, user);
  Atomics.store(cells, PACER_CELLS.cpuSystem, system);
}

parentPort?.postMessage(prioritizePacer());
for (;;) follow(Atomics.load(cells, PACER_CELLS.order));
