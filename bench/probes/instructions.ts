/** User and kernel instructions by `perf stat -p`, counted between `begin` and `finish`, where perf and the hardware allow it. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Writable } from 'node:stream';
import type { Probe } from '#bench/model/probe.ts';

export interface Instructions {
  readonly user: number;
  readonly kernel: number;
  /** Requests completed between the two instants at which perf was switched: what the figures are to be divided by. */
  readonly requests: number;
}

export type InstructionsAvailability =
  { readonly state: 'ready' } | { readonly state: 'unavailable'; readonly reason: string };

/** perf's names; a parameter only so that tests can count software events where there is no hardware counter. */
export interface PerfEvents {
  readonly user: string;
  readonly kernel: string;
}

const INSTRUCTIONS: PerfEvents = { user: 'instructions:u', kernel: 'instructions:k' };
const SWITCH_TIMEOUT = 2_000;

/**
 * Lines of `perf stat -x,`: value, unit, event, run time, share of the time that it was counted. Undefined where an event was not
 * counted (`<not supported>`, `<not counted>`). perf has already scaled for multiplexing.
 */
export function parsePerfStat(text: string): ReadonlyMap<string, number | undefined> {
  return new Map(
    text
      .split('\n')
      .map((line) => line.split(','))
      .filter((fields) => fields.length >= 5 && !fields[0]!.startsWith('#'))
      .map(([value, , event]) => [event!, /^\d/.test(value!) ? Number(value) : undefined]),
  );
}

const tested = new Map<string, Promise<InstructionsAvailability>>();

/** Counts this very process once; the answer stands for the run. */
export function instructionsAvailability(events = INSTRUCTIONS): Promise<InstructionsAvailability> {
  const key = `${events.user},${events.kernel}`;
  const known = tested.get(key) ?? testPerf(events);
  tested.set(key, known);
  return known;
}

async function testPerf(events: PerfEvents): Promise<InstructionsAvailability> {
  if (process.platform !== 'linux')
    return { state: 'unavailable', reason: `perf is Linux only, this is ${process.platform}` };
  try {
    await using counting = await instructionsProbe(() => 0, events).attach([process.pid], AbortSignal.timeout(10_000));
    counting.begin();
    await counting.finish();
    return { state: 'ready' };
  } catch (error) {
    return { state: 'unavailable', reason: (error as Error).message };
  }
}

export const instructionsProbe = (completed: () => number, events = INSTRUCTIONS): Probe<Instructions> => ({
  async attach(pids, signal) {
    signal.throwIfAborted();
    const perf = new Perf(pids, events);
    let before: Promise<number> | undefined;
    return {
      begin() {
        before = perf.switch('enable').then(completed);
        before.catch(() => {}); // finish() tells
      },
      async finish() {
        if (!before) throw new Error('instructions probe: finish() came before begin()');
        const after = perf.switch('disable').then(completed);
        const [from, to] = await Promise.all([before, after]);
        const counts = parsePerfStat(await perf.end());
        const user = counts.get(events.user);
        const kernel = counts.get(events.kernel);
        if (user === undefined || kernel === undefined)
          throw new Error(
            `no hardware counters: perf did not count ${user === undefined ? events.user : events.kernel}`,
          );
        return { user, kernel, requests: to - from };
      },
      [Symbol.asyncDispose]: () => perf[Symbol.asyncDispose](),
    };
  },
});

/** One `perf stat`, started with its counters off (`-D -1`) and switched through its control pipes. */
class Perf implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #closed: Promise<void>;
  #text = '';
  #acknowledged = 0;
  #asked = 0;
  #wake = Promise.withResolvers<void>();
  #ended = false;

  constructor(pids: readonly number[], { user, kernel }: PerfEvents) {
    this.#process = spawn(
      'perf',
      ['stat', '-x,', '-D', '-1', '--control', 'fd:3,4', '-e', `${user},${kernel}`, '-p', pids.join(',')],
      { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' } },
    );
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#text += text));
    const [, , , control, acks] = this.#process.stdio;
    control?.on('error', () => {}); // EPIPE: the end of the process tells more
    acks?.on('data', (chunk: Buffer) => {
      this.#acknowledged += chunk.toString().split('ack\n').length - 1;
      this.#wakeAll();
    });
    this.#closed = new Promise((resolve) => {
      const end = () => {
        this.#ended = true;
        this.#wakeAll();
        resolve();
      };
      this.#process.once('close', end);
      this.#process.once('error', (error: NodeJS.ErrnoException) => {
        this.#text += error.code === 'ENOENT' ? 'perf is not installed (linux-tools)' : error.message;
        end();
      });
    });
  }

  /** Resolves at perf's acknowledgement: from then on it counts, or does not. */
  async switch(to: 'enable' | 'disable'): Promise<void> {
    const number = ++this.#asked;
    const timeout = AbortSignal.timeout(SWITCH_TIMEOUT);
    const onTimeout = () => this.#wakeAll();
    timeout.addEventListener('abort', onTimeout);
    (this.#process.stdio[3] as Writable).write(`${to}\n`);
    while (this.#acknowledged < number) {
      if (this.#ended) throw new Error(this.#lastLine());
      if (timeout.aborted)
        throw new Error(`perf did not acknowledge '${to}' within ${SWITCH_TIMEOUT} ms; it may be older than 5.9`);
      await this.#wake.promise;
    }
    timeout.removeEventListener('abort', onTimeout);
  }

  async end(): Promise<string> {
    this.#process.kill('SIGINT');
    await this.#closed;
    return this.#text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#process.kill('SIGKILL');
    await this.#closed;
  }

  #wakeAll(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  #lastLine(): string {
    const lines = this.#text.trim().split('\n');
    return `perf ended: ${lines.find((line) => /error|permission|not/i.test(line)) ?? lines.at(-1) ?? 'without a word'}`;
  }
}
