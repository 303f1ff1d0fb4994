/**
 * Wakes the thread that does I/O when the next arrival is due. A timer of the event loop is a millisecond off, so the waiting is
 * done elsewhere: by a pacer thread that sleeps in `Atomics.wait`, or, where the job says that its workers have cores of
 * their own, by spinning.
 *
 * The pacer thread calls a little early, by about what its call takes; should it come too early, the rest is spun away. Whatever else
 * wakes the event loop, an answer above all, sends what is due as well. A sleep that ends in time costs about 20 µs of CPU on a virtual
 * host, and the call 6 µs more; so up to `MOST_CALLS` arrivals a second have a call each, and beyond that the pacer calls at a fixed
 * interval, and only where the sender has not looked at its schedule for as long as that.
 */
import { Worker } from 'node:worker_threads';
import type { LoadJob, Pacing } from '#bench/model/load.ts';
import { perSecond } from '#bench/model/units.ts';
import type { Instant, Timetable } from './clock.ts';
import type { CpuTime } from './generator.ts';
import type { OpenLoopSpec } from './pacer.ts';
import { raiseThisThread } from './priority.ts';
import type { Fail } from './contract.ts';

/** What differs from turn to turn of one open loop: requests a second of all shards, and how many turns it has had before. */
export interface WakerTurn {
  readonly offered: OpenLoopSpec['offered'];
  readonly turn: number;
}

export interface Waker extends AsyncDisposable {
  /** Resolves when it can keep time. */
  readonly ready: Promise<void>;
  /** CPU time that it takes besides this thread's. */
  readonly cpu: () => CpuTime;
  /** Known once ready. */
  readonly pacing: Pacing;
  /** Costs one notification; may be said again once stopped, with another timetable. */
  start(timetable: Timetable, turn: WakerTurn): void;
  /** The sender has looked at its schedule: nothing that was due by then needs a call. */
  saw(at: Instant): void;
  stop(): void;
}

/** What the pacer thread follows until it is told otherwise. */
export interface PacerOrders {
  readonly loop: Pick<OpenLoopSpec, 'offered' | 'arrivals'>;
  readonly shard: LoadJob['shard'];
  readonly seed: number;
  readonly start: Instant;
  readonly end: Instant;
  /** Call this many milliseconds before an arrival is due. */
  readonly lead: number;
  /** Call no sooner than this many milliseconds after the sender has looked at its schedule. */
  readonly gap: number;
}

/**
 * Shared with the pacer thread. `order` numbers the orders, and a change of it ends the pacer's sleep; `calls` and `heard` count its calls
 * and those that were heeded.
 */
export const PACER_CELLS = { order: 0, calls: 1, heard: 2, cpuUser: 3, cpuSystem: 4 } as const;
export const PACER_NUMBERS = {
  seen: 0,
  offered: 1,
  poisson: 2,
  index: 3,
  count: 4,
  seed: 5,
  start: 6,
  end: 7,
  lead: 8,
  gap: 9,
} as const;
const N = PACER_NUMBERS;

export interface PacerMemory {
  readonly cells: Int32Array<SharedArrayBuffer>;
  readonly numbers: Float64Array<SharedArrayBuffer>;
}

/** Calls a second at most: a tenth of a core. */
const MOST_CALLS = 5_000;
/** Waking a thread and its event loop takes 10 to 40 µs where the pacer's timer has no slack; milliseconds. */
const LONGEST_LEAD = 0.02;
const LEAD_SHARE = 0.1;

/** Sends what is due; returns the milliseconds until the next arrival, 0 if one waits for a connection. */
type Wake = () => number;

type WakerJob = Pick<LoadJob, 'shard' | 'seed' | 'spin'>;

export const wakerFor = (job: WakerJob, loop: OpenLoopSpec, wake: Wake, fail: Fail): Waker =>
  job.spin === true ? new SpinningWaker(wake) : new ThreadWaker(job, loop, wake, fail);

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

  saw(): void {}

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
  readonly #job: WakerJob;
  readonly #arrivals: OpenLoopSpec['arrivals'];
  readonly #wake: Wake;
  readonly #fail: Fail;
  #pacer: PacerThread;
  #raised: ReturnType<typeof raiseThisThread> | undefined;
  #sender: Pacing['sender'] = 'normal';

  constructor(job: WakerJob, { arrivals }: OpenLoopSpec, wake: Wake, fail: Fail) {
    this.#job = job;
    this.#arrivals = arrivals;
    this.#wake = wake;
    this.#fail = fail;
    this.#pacer = idlePacer();
    this.ready = this.#pacer.ready.catch(fail);
  }

  readonly cpu = (): CpuTime => this.#pacer.cpu();

  get pacing(): Pacing {
    return { by: 'pacer thread', pacer: this.#pacer.priority, sender: this.#sender };
  }

  start({ start, windowEnd: end }: Timetable, { offered, turn }: WakerTurn): void {
    this.#pacer = idlePacer();
    idle.delete(this.#pacer);
    // After the pacer thread was made, which would inherit it.
    this.#raised = raiseThisThread();
    this.#sender = this.#raised.priority;
    const { shard, seed } = this.#job;
    const rate = offered / shard.count;
    const orders: PacerOrders = {
      loop: { offered, arrivals: this.#arrivals },
      shard,
      seed: seed + turn,
      start,
      end,
      lead: Math.min(LONGEST_LEAD, (LEAD_SHARE * 1_000) / rate),
      gap: rate <= MOST_CALLS ? 0 : 1_000 / MOST_CALLS,
    };
    this.#pacer.follow(orders, this.#wake, this.#fail);
  }

  saw(at: Instant): void {
    this.#pacer.saw(at);
  }

  stop(): void {
    if (this.#raised === undefined) return;
    this.#raised[Symbol.dispose]();
    this.#raised = undefined;
    this.#pacer.rest();
    idle.add(this.#pacer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
  }
}

/** To start one takes a tenth of a second of CPU, so they are kept: one a load worker, which drives one open loop at a time. */
const idle = new Set<PacerThread>();

function idlePacer(): PacerThread {
  for (const pacer of idle) return pacer;
  const pacer = new PacerThread((broken) => idle.delete(broken));
  idle.add(pacer);
  return pacer;
}

class PacerThread {
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #cells = new Int32Array(new SharedArrayBuffer(4 * Object.keys(PACER_CELLS).length));
  readonly #numbers = new Float64Array(new SharedArrayBuffer(8 * Object.keys(PACER_NUMBERS).length));
  #priority: Pacing['pacer'] = 'normal';
  #wake: Wake | undefined;
  #fail: Fail | undefined;
  #lead = 0;

  constructor(broke: (pacer: PacerThread) => void) {
    const workerData: PacerMemory = { cells: this.#cells, numbers: this.#numbers };
    // No options of this process: some, like --input-type, cannot stand with a file.
    this.#worker = new Worker(new URL(import.meta.resolve('#bench/load/waker-thread.ts')), {
      workerData,
      execArgv: [],
    });
    this.ready = new Promise((resolve, reject) => {
      this.#worker.once('message', (priority: Pacing['pacer']) => {
        this.#priority = priority;
        this.#worker.unref(); // kept, it must not keep the process
        resolve();
      });
      this.#worker.once('error', (error: Error) => {
        broke(this);
        reject(error);
        this.#fail?.(error);
      });
    });
    this.#listen();
  }

  get priority(): Pacing['pacer'] {
    return this.#priority;
  }

  cpu(): CpuTime {
    const [user, system] = [PACER_CELLS.cpuUser, PACER_CELLS.cpuSystem].map((cell) => Atomics.load(this.#cells, cell));
    return { user: user!, system: system! };
  }

  /** From now on, in place of what it followed before. Costs one notification. */
  follow({ loop, shard, seed, start, end, lead, gap }: PacerOrders, wake: Wake, fail: Fail): void {
    this.#wake = wake;
    this.#fail = fail;
    this.#lead = lead;
    const numbers = this.#numbers;
    numbers[N.offered] = loop.offered;
    numbers[N.poisson] = loop.arrivals === 'poisson' ? 1 : 0;
    numbers[N.index] = shard.index;
    numbers[N.count] = shard.count;
    numbers[N.seed] = seed;
    numbers[N.start] = start;
    numbers[N.end] = end;
    numbers[N.lead] = lead;
    numbers[N.gap] = gap;
    numbers[N.seen] = -Infinity;
    this.#order();
  }

  rest(): void {
    this.#wake = undefined;
    this.#fail = undefined;
    this.#numbers[N.offered] = 0;
    this.#order();
  }

  saw(at: Instant): void {
    this.#numbers[N.seen] = at;
  }

  #order(): void {
    Atomics.add(this.#cells, PACER_CELLS.order, 1);
    Atomics.notify(this.#cells, PACER_CELLS.order);
  }

  /** Heeds what was called meanwhile, then waits for the next call. */
  #listen(): void {
    for (;;) {
      const calls = Atomics.load(this.#cells, PACER_CELLS.calls);
      if (Atomics.load(this.#cells, PACER_CELLS.heard) !== calls) {
        Atomics.store(this.#cells, PACER_CELLS.heard, calls);
        this.#turn();
      }
      const next = Atomics.waitAsync(this.#cells, PACER_CELLS.calls, calls);
      if (next.async) return void next.value.then(this.#heard);
    }
  }
  readonly #heard = (): void => this.#listen();

  readonly #turn = (): void => {
    const wait = this.#wake?.() ?? Infinity;
    if (wait > 0 && wait <= this.#lead) setImmediate(this.#turn);
  };
}

/** The pacer's side. */
export function readOrders(numbers: PacerMemory['numbers']): PacerOrders {
  return {
    loop: { offered: perSecond(numbers[N.offered]!), arrivals: numbers[N.poisson] === 1 ? 'poisson' : 'uniform' },
    shard: { index: numbers[N.index]!, count: numbers[N.count]! },
    seed: numbers[N.seed]!,
    start: numbers[N.start]!,
    end: numbers[N.end]!,
    lead: numbers[N.lead]!,
    gap: numbers[N.gap]!,
  };
}
