/** A reference proxy in a process of its own, with faults to switch on, and its descriptors to count. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Endpoint, ProxyIntent } from '#proxies/config/intent.ts';
import { proxies } from '#proxies/registry.ts';
import type { Figures } from './inject.ts';

const entry = fileURLToPath(import.meta.resolve('#proxies/host.ts'));
const inject = import.meta.resolve('./inject.ts');

/** Short, so that whatever a fault left behind is gone soon. */
const TIMEOUTS = {
  connect: 150,
  tlsHandshake: 300,
  requestHead: 200,
  requestBody: 200,
  downstreamIdle: 300,
  upstreamResponse: 250,
  upstreamIdle: 100,
  tunnelIdle: 300,
  halfClosed: 200,
  clientHello: 200,
  udpSession: 150,
  linger: 50,
};

/** Those that it knows. */
function withTimeouts(name: string, intent: Omit<ProxyIntent, 'timeouts'>): ProxyIntent {
  const { capabilities } = proxies.get(name)!;
  const keys = Object.keys(TIMEOUTS) as (keyof typeof TIMEOUTS)[];
  const known = keys.filter((key) => capabilities.has(`timeouts.${key}`));
  return { ...intent, timeouts: Object.fromEntries(known.map((key) => [key, TIMEOUTS[key]])) };
}

/** What a process holds. */
interface Left {
  readonly descriptors: number;
  readonly timers: number;
}

export class Subject implements AsyncDisposable {
  readonly address: Endpoint;
  readonly #child: ChildProcess;
  #said = '';
  #baseline: Left = { descriptors: 0, timers: 0 };

  private constructor(child: ChildProcess, address: Endpoint) {
    this.#child = child;
    this.address = address;
  }

  /** `plain`: on the runtime's sockets instead of its handles. */
  static async start(name: string, intent: Omit<ProxyIntent, 'timeouts'>, plain = false): Promise<Subject> {
    const env = plain ? { ...process.env, HOPCOST_PLAIN_SOCKETS: '1' } : process.env;
    const child = spawn(process.execPath, ['--import', inject, entry], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env,
    });
    let said = '';
    child.stderr!.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
    child.send({ name, nonce: 'n', intent: withTimeouts(name, intent) });
    const answer = await Promise.race([once(child, 'message'), once(child, 'exit').then(() => undefined)]);
    const ready = answer?.[0] as { kind: string; address: Endpoint } | undefined;
    assert.equal(ready?.kind, 'ready', JSON.stringify(ready) + said);
    const subject = new Subject(child, ready!.address);
    child.stderr!.on('data', (chunk: string) => (subject.#said += chunk));
    return subject;
  }

  /** Faults on, with the next seed, or off. */
  toggle(): void {
    this.#child.kill('SIGUSR2');
  }

  /** Rejects where it ends instead of answering. */
  async figures(): Promise<Figures> {
    const { promise, resolve, reject } = Promise.withResolvers<Figures>();
    const onMessage = (message: unknown): void => {
      if ((message as { kind: string }).kind === 'figures') resolve(message as Figures);
    };
    const onExit = (): void => reject(new Error(`it ended: ${this.#said}`));
    this.#child.on('message', onMessage).once('exit', onExit);
    try {
      this.#child.send({ kind: 'figures' });
      return await promise;
    } finally {
      this.#child.off('message', onMessage).off('exit', onExit);
    }
  }

  /** What is open now is what there is when nothing is under way. */
  async rest(): Promise<void> {
    await setTimeout(500); // until the connections of a first exchange are gone
    this.#baseline = await this.#left();
  }

  async #left(): Promise<Left> {
    const descriptors = (await readdir(`/proc/${this.#child.pid}/fd`)).length;
    return { descriptors, timers: (await this.figures()).timers };
  }

  /** What it told on stderr. */
  get said(): string {
    return this.#said;
  }

  /** Rejects unless the process lives, found no fault of its own, and lets go of all descriptors and timers within some seconds. */
  async settled(): Promise<void> {
    const deadline = performance.now() + 8_000;
    const alive = () => assert.equal(this.#child.exitCode ?? this.#child.signalCode, null, this.#said);
    const { descriptors, timers } = this.#baseline;
    const holds = (left: Left): boolean => left.descriptors > descriptors || left.timers > timers;
    alive();
    let left = await this.#left();
    while (holds(left) && performance.now() < deadline) {
      await setTimeout(20);
      alive();
      left = await this.#left();
    }
    assert.ok(!holds(left), `${JSON.stringify(left)} instead of ${JSON.stringify(this.#baseline)}`);
    assert.doesNotMatch(this.#said, /internal_error|Error: |\n {4}at /, this.#said);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.disconnect();
    await once(this.#child, 'exit');
  }
}
