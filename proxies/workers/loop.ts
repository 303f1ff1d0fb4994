/** One event loop of a proxy in a thread of its own, asked over its message port. */
import { Worker } from 'node:worker_threads';
import { IntentError, type IntentProblem } from '../config/intent-error.ts';
import type { Endpoint, ProxyIntent } from '../config/intent.ts';
import type { ProxyStats } from '../stats/traffic.ts';

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

export class Loop implements AsyncDisposable {
  readonly #worker = new Worker(new URL(import.meta.resolve('#proxies/workers/worker.ts')));
  readonly #waiting = new Map<number, Waiting>();
  readonly #onLost: (error: Error) => void;
  #last = 0;
  #gone: Error | undefined;
  #disposed = false;

  /** `onLost`: it ended without having been asked to; at most once. */
  constructor(onLost: (error: Error) => void) {
    this.#onLost = onLost;
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
    this.#disposed = true;
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
    if (this.#gone) return; // 'exit' follows 'error'
    this.#gone = error;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
    if (!this.#disposed) this.#onLost(error);
  }
}
