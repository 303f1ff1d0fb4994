/** The pacer thread: follows the same schedule as the thread that sends, and calls it whenever an arrival is due. */
import { parentPort, workerData } from 'node:worker_threads';
import { arrivalsOf } from './pacer.ts';
import { prioritizePacer } from './priority.ts';
import { WAKER_CELLS, type WakerOrders } from './waker.ts';

const { loop, shard, seed, timetable, lead, cells } = workerData as WakerOrders;
const arrivals = arrivalsOf(loop, shard, seed);
const { windowEnd } = timetable;
const start = timetable.start - lead;
/** Milliseconds between two readings of this thread's own CPU time. */
const accountEvery = 20;
let accountedAt = 0;

parentPort?.postMessage(prioritizePacer());
for (;;) {
  const due = start + arrivals.due;
  if (due >= windowEnd) break;
  const wait = due - performance.now();
  if (wait > 0) {
    if (Atomics.wait(cells, WAKER_CELLS.stop, 0, wait) !== 'timed-out') break;
    if (performance.now() < due) continue;
  }
  // Late, it calls once for all that became due meanwhile.
  const now = performance.now();
  while (start + arrivals.due <= now) arrivals.take();
  if (Atomics.exchange(cells, WAKER_CELLS.awake, 1) === 0) parentPort?.postMessage(0);
  if (now - accountedAt > accountEvery) {
    accountedAt = now;
    const { user, system } = process.threadCpuUsage();
    Atomics.store(cells, WAKER_CELLS.cpuUser, user);
    Atomics.store(cells, WAKER_CELLS.cpuSystem, system);
  }
}
