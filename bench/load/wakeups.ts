/**
 * How soon this host wakes a thread: what every driver that sleeps has in its figures. Two bare threads, no socket and no event loop: one sleeps on
 * the load's core, ahead of all others there; the other spins on the proxy's core and wakes it, at the rate of a request stream.
 */
import { Worker } from 'node:worker_threads';
import type { Placement } from '#bench/model/record.ts';

export interface WakeupOrders {
  readonly role: 'sleeper' | 'waker';
  readonly cores: readonly number[] | null;
  /** How often, and milliseconds between two. */
  readonly count: number;
  readonly gap: number;
  /** Grows by one with each call; the sleeper waits for it to pass what it has heard. */
  readonly calls: Int32Array<SharedArrayBuffer>;
  /** When each call was made: instants of this process's clock. */
  readonly calledAt: Float64Array<SharedArrayBuffer>;
}

/** Microseconds from each call to the instant at which the sleeper ran. Rejects on abort. */
export async function measureWakeups(
  { count, gap }: { readonly count: number; readonly gap: number },
  placement: Pick<Placement, 'load' | 'proxy'>,
  signal: AbortSignal,
): Promise<number[]> {
  const shared = {
    count,
    gap,
    calls: new Int32Array(new SharedArrayBuffer(4)),
    calledAt: new Float64Array(new SharedArrayBuffer(8 * count)),
  };
  await using scope = new AsyncDisposableStack();
  const start = (role: WakeupOrders['role'], cores: WakeupOrders['cores']): Worker => {
    const workerData: WakeupOrders = { ...shared, role, cores };
    const worker = new Worker(new URL(import.meta.resolve('#bench/load/wakeups-thread.ts')), {
      workerData,
      execArgv: [],
    });
    scope.defer(async () => void (await worker.terminate()));
    return worker;
  };
  const sleeper = start('sleeper', placement.load);
  await told(sleeper, signal);
  const waker = start('waker', placement.proxy);
  const [took] = await Promise.all([told<number[]>(sleeper, signal), told(waker, signal)]);
  return took;
}

/** The thread's next message. */
function told<Message = unknown>(worker: Worker, signal: AbortSignal): Promise<Message> {
  const { promise, resolve, reject } = Promise.withResolvers<Message>();
  const abort = (): void => reject(signal.reason as Error);
  worker.once('message', resolve).once('error', reject);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  return promise.finally(() => {
    worker.off('message', resolve).off('error', reject);
    signal.removeEventListener('abort', abort);
  });
}
