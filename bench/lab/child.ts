/**
 * One child process that hosts an origin or a proxy (`backends/host.ts`, `proxies/host.ts`): started in a process group of its own,
 * pinned, proved ready by a nonce, asked over IPC, and stopped so that nothing of it stays, whatever way this process ends.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Arrivals, Condition } from '#backends/contract.ts';
import type { Endpoint, ProxyIntent } from '#proxies/config/intent.ts';
import { cacheFolder } from '#proxies/platform/cache.ts';
import { identify, isRunning, type ProcessIdentity } from '#proxies/platform/processes.ts';
import { visible } from '#proxies/platform/visible.ts';

export interface ChildSpec {
  /** For messages: 'origin http-fixed', 'proxy l7-http'. */
  readonly role: string;
  /** Module to run, absolute or as it is called in the package: 'proxies/host.ts'. */
  readonly entry: string;
  /** Root of the checkout that it is run from; this very package by default. */
  readonly root?: string;
  /** Sent with the nonce as the first message. */
  readonly job: Readonly<Record<string, unknown>>;
  /** Cores to run on; null: wherever the system likes. */
  readonly cores: readonly number[] | null;
  /** Milliseconds that it may take to become ready; 20,000 by default. */
  readonly startTimeout?: number;
}

export interface ReadyMessage {
  readonly kind: 'ready';
  readonly nonce: string;
  readonly address: Endpoint;
  readonly pids: readonly number[];
  readonly pid: number;
  readonly nativeConfig?: string;
  readonly admin?: Endpoint;
}

/** Cumulative milliseconds of one event loop. */
export interface EventLoopTimes {
  readonly active: number;
  readonly idle: number;
}

/** A child could not be started, or ended, or did not answer. `code` is the system's where there is one. */
export class ChildError extends Error {
  override readonly name = 'ChildError';
  readonly code: string;
  /** Its last lines of output. */
  readonly detail: string;
  constructor(code: string, message: string, output: string) {
    super(output === '' ? message : `${message}; its last output:\n${output}`);
    this.code = code;
    this.detail = output;
  }
}

const PACKAGE = join(import.meta.dirname, '../..');
const KEPT_LINES = 50;
const GRACE = { output: 500, stop: 1_000, term: 500, kill: 2_000 } as const;
const ANSWER_TIMEOUT = 10_000;

/** Every child that may still have a process. Emptied synchronously when this process exits, by whatever path. */
const running = new Set<HostChild>();
process.on('exit', () => {
  for (const child of running) child.kill();
});

type Answer = { readonly kind: string; readonly id: number } & Record<string, unknown>;
type Failure = { readonly code?: string; readonly message: string };

/** Another checkout brings its own Node where it has one: the runtime is part of what is measured. */
function runtimeOf(root: string | undefined): string {
  const own = root === undefined ? undefined : join(root, 'node_modules/.bin/node');
  return own !== undefined && existsSync(own) ? own : process.execPath;
}

/** Of ours the name is resolved as an import is, which knows whether this is a checkout or the package that was made of it. */
function moduleOf({ entry, root }: ChildSpec): string {
  if (isAbsolute(entry)) return entry;
  return root === undefined ? fileURLToPath(import.meta.resolve(`#${entry}`)) : join(root, entry);
}

export class HostChild implements AsyncDisposable {
  readonly role: string;
  readonly nonce = randomUUID();
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  #ready: ReadyMessage | undefined;
  #identities: readonly ProcessIdentity[] = [];
  readonly #process: ChildProcess;
  /** After the end: its last message and output have been read, too. */
  readonly #closed: Promise<unknown>;
  readonly #lines: string[] = [];
  readonly #waiting = new Map<number, PromiseWithResolvers<Answer>>();
  #nextId = 1;
  #ended = false;

  private constructor(spec: ChildSpec) {
    this.role = spec.role;
    const command = [runtimeOf(spec.root), moduleOf(spec)];
    const [file, ...args] = spec.cores ? ['taskset', '-c', spec.cores.join(','), ...command] : command;
    this.#process = spawn(file!, args, {
      cwd: spec.root ?? PACKAGE,
      // Compiled code is kept between trials: a child is ready in a third of the time. Ignored where it cannot be written.
      env: { ...process.env, NODE_COMPILE_CACHE: cacheFolder('compiled') },
      detached: true, // a process group of its own, so that all of it can be signalled
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    if (this.#process.pid !== undefined) running.add(this);
    this.#closed = new Promise((resolve) => this.#process.once('close', resolve));
    this.exited = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null) => {
        this.#ended = true;
        this.#rejectWaiting();
        resolve({ code, signal });
      };
      this.#process.once('exit', end);
      this.#process.once('error', (error) => {
        this.#keep(`${error.message}\n`);
        if (this.#process.pid === undefined) end(null, null);
      });
    });
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => this.#keep(text));
  }

  /** Resolves once the child has said, with our nonce, that it listens. Nothing of it is left when this rejects. */
  static async start(spec: ChildSpec, signal: AbortSignal): Promise<HostChild> {
    signal.throwIfAborted();
    const child = new HostChild(spec);
    try {
      child.#ready = await child.#untilReady(spec, signal);
      child.#identities = [...new Set([child.pid, ...child.#ready.pids])].map(identify);
      return child;
    } catch (error) {
      await child[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What the child said when it became ready. */
  get ready(): ReadyMessage {
    if (!this.#ready) throw new Error(`${this.role} is not ready yet`);
    return this.#ready;
  }

  /** The host process itself; `pids` are the processes whose cost counts. */
  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get pids(): readonly number[] {
    return this.ready.pids;
  }

  get address(): Endpoint {
    return this.ready.address;
  }

  /** The host and all processes it reported are still the ones that were started. */
  get alive(): boolean {
    return !this.#ended && this.#identities.every(isRunning);
  }

  /** Its last lines of output. */
  get output(): string {
    return this.#lines.join('\n');
  }

  async counters(): Promise<{ readonly connections: number; readonly requests: number }> {
    const { counters } = (await this.#ask('counters')) as unknown as {
      counters: { connections: number; requests: number };
    };
    return counters;
  }

  async eventLoop(): Promise<EventLoopTimes> {
    const { active, idle } = (await this.#ask('elu')) as unknown as EventLoopTimes;
    return { active, idle };
  }

  /** Of an origin that can be told to fail: resolves once it does. */
  async steer(condition: Condition): Promise<void> {
    await this.#ask('steer', { condition });
  }

  /** What came to such an origin so far. */
  async arrivals(): Promise<Arrivals> {
    const { arrivals } = (await this.#ask('arrivals')) as unknown as { arrivals: Arrivals };
    return arrivals;
  }

  /** Of a proxy: resolves once a new intent is in force. Rejects where it cannot be, and what ran goes on. */
  async reload(intent: ProxyIntent): Promise<void> {
    await this.#ask('reload', { intent });
  }

  /** All of its processes stand still, as if they had hung: their sockets stay open. */
  pause(): void {
    this.#signalGroup('SIGSTOP');
  }

  resume(): void {
    this.#signalGroup('SIGCONT');
  }

  /** Ends the whole group at once, without waiting: for exit paths that cannot wait. */
  kill(): void {
    running.delete(this);
    this.#signalGroup('SIGKILL');
    // A peer that left the group is known by its start time, so that a reused pid is never hit.
    for (const identity of this.#identities) if (isRunning(identity)) signalProcess(identity.pid, 'SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!running.has(this)) return;
    const gone = (within: number) => Promise.race([this.exited.then(() => true), elapsed(within)]);
    if (!this.#ended && this.#process.connected) this.#process.send({ kind: 'stop' }, () => {});
    if (!(await gone(GRACE.stop))) {
      // A drain is waited for so long; losing its parent, then SIGTERM, is the sign to hurry.
      if (this.#process.connected) this.#process.disconnect();
      this.#signalGroup('SIGTERM');
      await gone(GRACE.term);
    }
    this.kill();
    await gone(GRACE.kill);
    if (this.#process.connected) this.#process.disconnect();
    this.#process.stdout?.destroy();
    this.#process.stderr?.destroy();
  }

  async #untilReady(spec: ChildSpec, signal: AbortSignal): Promise<ReadyMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<ReadyMessage>();
    const limit = spec.startTimeout ?? 20_000;
    const fail = (code: string, message: string) => reject(new ChildError(code, message, this.output));
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    const timer = setTimeout(
      () => fail('ETIMEDOUT', `${this.role} was not ready within ${limit} ms; look at its output or raise the limit`),
      limit,
    );
    void this.exited.then(async ({ code, signal: by }) => {
      await Promise.race([this.#closed, elapsed(GRACE.output)]);
      fail('EXITED', `${this.role} exited before it was ready (${by ?? `code ${code}`}); expected it to listen`);
    });
    this.#process.on('message', (message) => {
      const said = message as ReadyMessage | Answer | { kind: 'failed'; error: Failure };
      if (said.kind === 'failed' && !('id' in said)) {
        const { code, message: reason } = said.error as Failure;
        fail(code ?? 'FAILED', `${this.role} could not start: ${reason}`);
      } else if (said.kind === 'ready' && 'nonce' in said) {
        if (said.nonce === this.nonce) resolve(said as ReadyMessage);
        else
          fail('NONCE', `${this.role} answered with another nonce: expected ${this.nonce}, got ${String(said.nonce)}`);
      } else if ('id' in said) {
        this.#answered(said as Answer);
      }
    });
    this.#process.send({ ...spec.job, nonce: this.nonce }, () => {});
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  #answered(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.kind !== 'failed') return waiting?.resolve(answer);
    const { code = 'FAILED', message } = answer['error'] as Failure;
    waiting?.reject(new ChildError(code, `${this.role}: ${message}`, ''));
  }

  async #ask(kind: 'counters' | 'elu' | 'steer' | 'arrivals' | 'reload', what: object = {}): Promise<Answer> {
    if (this.#ended)
      throw new ChildError('EXITED', `${this.role} has exited and cannot be asked for ${kind}`, this.output);
    const id = this.#nextId++;
    const waiting = Promise.withResolvers<Answer>();
    this.#waiting.set(id, waiting);
    const timer = setTimeout(() => {
      this.#waiting.delete(id);
      waiting.reject(
        new ChildError('ETIMEDOUT', `${this.role} did not answer '${kind}' within ${ANSWER_TIMEOUT} ms`, this.output),
      );
    }, ANSWER_TIMEOUT);
    this.#process.send({ kind, id, ...what }, () => {});
    try {
      return await waiting.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  #rejectWaiting(): void {
    for (const waiting of this.#waiting.values())
      waiting.reject(new ChildError('EXITED', `${this.role} exited before it answered`, this.output));
    this.#waiting.clear();
  }

  #signalGroup(signal: NodeJS.Signals): void {
    if (this.#process.pid !== undefined) signalProcess(-this.#process.pid, signal);
  }

  #keep(text: string): void {
    this.#lines.push(
      ...visible(text)
        .split('\n')
        .filter((line) => line.trim() !== ''),
    );
    this.#lines.splice(0, Math.max(0, this.#lines.length - KEPT_LINES));
  }
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** False after so many milliseconds; does not keep the process alive by itself. */
const elapsed = (milliseconds: number): Promise<false> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds, false).unref());
