/**
 * `concurrency`: several event loops, one worker thread each, whose listeners share the port (SO_REUSEPORT), so that the kernel spreads
 * connections over them. Threads keep all CPU and memory in one process, whose id is this hop's.
 */
import { randomBytes } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { describeIntent } from '../config/describe.ts';
import { IntentError, type IntentProblem } from '../config/intent-error.ts';
import type { Endpoint, ProxyIntent } from '../config/intent.ts';
import { checkReload } from '../config/reload.ts';
import type { RunningProxy } from '../contract.ts';
import { startAdmin } from '../stats/admin.ts';
import { mergeStats, type ProxyStats } from '../stats/traffic.ts';

type WorkerCommand =
  | { readonly call: 'start'; readonly name: string; readonly intent: ProxyIntent }
  | { readonly call: 'reload'; readonly intent: ProxyIntent }
  | { readonly call: 'stats' | 'drain' | 'dispose' };

export type WorkerRequest = WorkerCommand & { readonly id: number };

export type WorkerReply = { readonly id: number } & (
  | { readonly value: Endpoint | ProxyStats | null }
  | {
      readonly error: {
        readonly message: string;
        readonly code?: string;
        readonly problems?: readonly IntentProblem[];
      };
    }
);

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** One event loop, asked over its message port. */
class Loop implements AsyncDisposable {
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url));
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #gone: Error | undefined;

  constructor() {
    this.#worker.on('message', (reply: WorkerReply) => this.#settle(reply));
    this.#worker.on('error', (error: Error) => this.#lost(error));
    this.#worker.on('exit', (code) => this.#lost(new Error(`an event loop of the proxy exited with ${code}`)));
  }

  ask<T = null>(command: WorkerCommand): Promise<T> {
    if (this.#gone) return Promise.reject(this.#gone);
    const id = ++this.#last;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: (value) => resolve(value as T), reject });
      this.#worker.postMessage({ ...command, id });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#gone) await this.ask({ call: 'dispose' }).catch(() => {});
    await this.#worker.terminate();
  }

  #settle(reply: WorkerReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('value' in reply) waiting?.resolve(reply.value);
    else if (reply.error.problems) waiting?.reject(new IntentError(reply.error.problems));
    else waiting?.reject(Object.assign(new Error(reply.error.message), { code: reply.error.code }));
  }

  #lost(error: Error): void {
    this.#gone ??= error;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}

/** One loop of many: no admin listener of its own, the port of the first, and tickets that all of them can read. */
const shareOf = (intent: ProxyIntent, address: Endpoint, ticketKeys: string): ProxyIntent => {
  const { admin, ...rest } = intent;
  const { tls } = intent.listener;
  const stats = intent.stats === true || admin !== undefined;
  return {
    ...rest,
    stats,
    concurrency: 1,
    listener: { ...intent.listener, address, reusePort: true, ...(tls && { tls: { ticketKeys, ...tls } }) },
  };
};

/** On this event loop where one is enough, else on as many as the intent says. `start` runs the proxy on this one. */
export function startLoops(
  name: string,
  intent: ProxyIntent,
  start: (intent: ProxyIntent) => Promise<RunningProxy>,
  signal: AbortSignal,
): Promise<RunningProxy> {
  return (intent.concurrency ?? 1) > 1 ? startWorkers(name, intent, signal) : start(intent);
}

/** Runs the registered proxy `name` on `intent.concurrency` event loops. Rejects as its own `start` does. */
async function startWorkers(name: string, intent: ProxyIntent, signal: AbortSignal): Promise<RunningProxy> {
  signal.throwIfAborted();
  await using cleanup = new AsyncDisposableStack();
  const ticketKeys = randomBytes(48).toString('base64');
  const start = (address: Endpoint) => {
    const loop = cleanup.use(new Loop());
    return { loop, address: loop.ask<Endpoint>({ call: 'start', name, intent: shareOf(intent, address, ticketKeys) }) };
  };
  // The first learns the port that the others share.
  const first = start(intent.listener.address);
  const address = await first.address;
  const others = Array.from({ length: intent.concurrency! - 1 }, () => start(address));
  await Promise.all(others.map((other) => other.address));
  const loops = [first, ...others].map(({ loop }) => loop);

  const stats = async () => {
    const [head, ...tail] = await Promise.all(loops.map((loop) => loop.ask<ProxyStats>({ call: 'stats' })));
    return mergeStats([head!, ...tail]);
  };
  const admin = intent.admin && cleanup.use(await startAdmin(intent.admin, stats));
  signal.throwIfAborted();
  const scope = cleanup.move();
  return {
    address,
    ...(admin && { admin: admin.address }),
    pids: [process.pid],
    nativeConfig: describeIntent(intent),
    stats,
    async reload(next) {
      checkReload(next, intent, address);
      // The first refuses what cannot be run, before any loop has changed.
      const command = { call: 'reload', intent: shareOf(next, address, ticketKeys) } as const;
      await loops[0]!.ask(command);
      await Promise.all(loops.slice(1).map((loop) => loop.ask(command)));
    },
    async drain() {
      await Promise.all(loops.map((loop) => loop.ask({ call: 'drain' })));
    },
    [Symbol.asyncDispose]: () => scope.disposeAsync(),
  };
}
