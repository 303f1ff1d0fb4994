/**
 * What Node 22 lacks of what hopcost uses; from Node 24 on nothing is done here. Every entry (command line, child, thread) imports it
 * first. Syntax that Node 22 does not know, `using`, is compiled away when the package is made.
 */
import { openSync, readSync } from 'node:fs';

/** As much of ECMAScript's as is used: the last that came is disposed of first, and no error keeps the others from it. */
class Stack implements AsyncDisposable {
  #entries: (() => unknown)[] = [];

  use<T extends AsyncDisposable | Disposable | null | undefined>(value: T): T {
    if (value)
      this.#entries.push(
        Symbol.asyncDispose in value ? () => value[Symbol.asyncDispose]() : () => value[Symbol.dispose](),
      );
    return value;
  }

  defer(dispose: () => unknown): void {
    this.#entries.push(dispose);
  }

  move(): Stack {
    const moved = new Stack();
    [moved.#entries, this.#entries] = [this.#entries, []];
    return moved;
  }

  async disposeAsync(): Promise<void> {
    const failures: unknown[] = [];
    for (let dispose = this.#entries.pop(); dispose; dispose = this.#entries.pop())
      try {
        await dispose();
      } catch (error) {
        failures.push(error);
      }
    if (failures.length > 0) throw failures.at(-1);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disposeAsync();
  }
}

const statistics = { fd: -1, buffer: Buffer.alloc(64) };

/**
 * CPU of this thread in microseconds. The kernel tells the sum alone (/proc/thread-self/schedstat, in ns); it stands as `user`. Where
 * there is no /proc, the whole process counts.
 */
function threadCpuUsage(previous: NodeJS.CpuUsage = { user: 0, system: 0 }): NodeJS.CpuUsage {
  const whole = process.cpuUsage(); // also has the kernel bring the thread's own clock up to date
  if (process.platform !== 'linux') return { user: whole.user + whole.system - previous.user, system: 0 };
  const { buffer } = statistics;
  if (statistics.fd === -1) statistics.fd = openSync('/proc/thread-self/schedstat', 'r');
  const read = readSync(statistics.fd, buffer, 0, buffer.length, 0);
  return {
    user: Math.round(Number.parseInt(buffer.toString('latin1', 0, read), 10) / 1_000) - previous.user,
    system: 0,
  };
}

type Lacking<T, Key extends keyof T> = Omit<T, Key> & { [Name in Key]?: unknown };
(globalThis as Lacking<typeof globalThis, 'AsyncDisposableStack'>).AsyncDisposableStack ??= Stack;
(process as Lacking<typeof process, 'threadCpuUsage'>).threadCpuUsage ??= threadCpuUsage;
