/**
 * Wakes the thread that does I/O when the next arrival is due. A timer of the event loop is a millisecond off, so the waiting is
 * done elsewhere: by a pacer thread that sleeps in `Atomics.wait`, or, where the job says that its workers have cores of
 * their own, by spinning. The pacer thread calls a little early, by about what its call takes; should it come too early, the
 * rest is spun away, a tenth of a core's time at most. Where the origin shares the core, both threads come first (`priority.ts`).
 */
import { Worker } from 'node:worker_threads';
import type { LoadJob, Pacing } from '#bench/model/load.ts';
import type { Timetable } from './clock.ts';
import type { CpuTime } from './generator.ts';
import type { OpenLoopSpec } from './pacer.ts';
import { raiseThisThread } from './priority.ts';
import type { Fail } from './contract.ts';

export interface Waker extends AsyncDisposable {
  /** Resolves when it can keep time. */
  readonly ready: Promise<void>;
  /** CPU time that it takes besides this thread's. */
  readonly cpu: () => CpuTime;
  /** Known once ready. */
  readonly pacing: Pacing;
  start(): void;
  stop(): void;
}

/** What the pacer thread is told; `cells` is `WAKER_CELLS`. */
export interface WakerOrders {
  readonly loop: Pick<OpenLoopSpec, 'offered' | 'arrivals'>;
  readonly shard: LoadJob['shard'];
  readonly seed: number;
  readonly timetable: Timetable;
  /** Call this many milliseconds before an arrival is due. */
  readonly lead: number;
  readonly cells: Int32Array<SharedArrayBuffer>;
}

/** Cells shared with the pacer thread: `stop` ends its sleep, `awake` is 1 from its wake-up call until that is heeded. */
export const WAKER_CELLS = { stop: 0, awake: 1, cpuUser: 2, cpuSystem: 3 } as const;

/** Waking a thread and its event loop takes 10 to 40 µs where the pacer's timer has no slack; in ms. */
const longestLead = 0.05;
const leadShare = 0.1;

/** Sends what is due; returns the milliseconds until the next arrival, 0 if one waits for a connection. */
type Wake = () => number;

export const wakerFor = (job: LoadJob, loop: OpenLoopSpec, timetable: Timetable, wake: Wake, fail: Fail): Waker =>
  job.spin === true ? new SpinningWaker(wake) : new ThreadWaker(job, loop, timetable, wake, fail);

class SpinningWaker implements Waker {
  readonly ready = Promise.resolve();
  readonly cpu = (): CpuTime => ({ user: 0, system: 0 });
  readonly pacing: Pacing = { by: 'spinning', pacer: 'normal', sender: 'normal' };
  readonly #wake: Wake;
  #turn: NodeJS.Immediate | undefined;

  constructor(wake: Wake) {
    this.#wake = wake;
  }

  start(): void {
    this.#turn = setImmediate(() => {
      this.#wake();
      if (this.#turn !== undefined) this.start();
    });
  }

  stop(): void {
    clearImmediate(this.#turn);
    this.#turn = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
  }
}

class ThreadWaker implements Waker {
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #raised: ReturnType<typeof raiseThisThread>;
  #pacer: Pacing['pacer'] = 'normal';
  #stopped = false;
  readonly #cells = new Int32Array(new SharedArrayBuffer(4 * Object.keys(WAKER_CELLS).length));

  constructor(job: LoadJob, loop: OpenLoopSpec, timetable: Timetable, wake: Wake, fail: Fail) {
    const { offered, arrivals } = loop;
    const lead = Math.min(longestLead, (leadShare * 1000 * job.shard.count) / offered);
    const workerData: WakerOrders = {
      loop: { offered, arrivals },
      shard: job.shard,
      seed: job.seed,
      timetable,
      lead,
      cells: this.#cells,
    };
    const turn = (): void => {
      const wait = wake();
      if (wait > 0 && wait <= lead && !this.#stopped) setImmediate(turn);
    };
    // No options of this process: some, like --input-type, cannot stand with a file.
    this.#worker = new Worker(new URL('waker-thread.ts', import.meta.url), { workerData, execArgv: [] });
    this.#worker.once('error', fail);
    // After the worker was made, which would inherit it.
    this.#raised = raiseThisThread();
    this.ready = new Promise((resolve) =>
      this.#worker.once('message', (priority: Pacing['pacer']) => {
        this.#pacer = priority;
        resolve();
      }),
    );
    this.#exited = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
    this.#worker.on('message', () => {
      Atomics.store(this.#cells, WAKER_CELLS.awake, 0);
      turn();
    });
  }

  readonly cpu = (): CpuTime => ({
    user: Atomics.load(this.#cells, WAKER_CELLS.cpuUser),
    system: Atomics.load(this.#cells, WAKER_CELLS.cpuSystem),
  });

  get pacing(): Pacing {
    return { by: 'pacer thread', pacer: this.#pacer, sender: this.#raised.priority };
  }

  /** It runs by the timetable. */
  start(): void {}

  stop(): void {
    this.#stopped = true;
    Atomics.store(this.#cells, WAKER_CELLS.stop, 1);
    Atomics.notify(this.#cells, WAKER_CELLS.stop);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    this.#raised[Symbol.dispose]();
    await this.#exited;
  }
}
