/** What one case works with: the way through the proxy, the origins behind it, a way to know that the proxy has read what was sent. */
import type { ProxyIntent } from '#proxies/config/intent.ts';
import type { RunningProxy } from '#proxies/contract.ts';
import { Wire, type Target } from '#bench/lab/wire.ts';
import type { Materials, Setup } from './setups.ts';
import { NotApplicable, show, Violation } from './violation.ts';
import { FENCE, type RecordingOrigin } from './origin.ts';
import { type Reading, readResponses, type StrictResponse } from './strict-reader.ts';

/** The subject as a case may handle it. In a process of its own it takes no new intent and is not told to drain. */
export type Subject = Pick<RunningProxy, 'address' | 'pids' | 'reload' | 'drain'>;

export interface BenchOptions {
  readonly setup: Setup;
  readonly materials: Materials;
  readonly intent: ProxyIntent;
  readonly subject: Subject;
  readonly target: Target;
  readonly origins: readonly RecordingOrigin[];
  /** What each connection must begin with to be passed on: nothing, or a ClientHello, or a PROXY header. */
  readonly preamble: string;
  /** Target of a request that leads to the first origin: a forward proxy is told where it is. */
  readonly targetOf: (path: string) => string;
  /** Only the most important of the places where an input can be cut. */
  readonly quick: boolean;
  readonly seed: number;
  /** Aborted at the case's deadline. */
  readonly signal: AbortSignal;
}

export class Bench implements AsyncDisposable {
  readonly options: BenchOptions;
  readonly #wires: Wire[] = [];

  constructor(options: BenchOptions) {
    this.options = options;
  }

  get origin(): RecordingOrigin {
    return this.options.origins[0]!;
  }
  get origins(): readonly RecordingOrigin[] {
    return this.options.origins;
  }
  get signal(): AbortSignal {
    return this.options.signal;
  }
  get target(): Target {
    return this.options.target;
  }
  get preamble(): string {
    return this.options.preamble;
  }
  get secure(): boolean {
    return this.options.target.tls !== undefined;
  }

  /** A connection through the proxy; closed with the case. */
  async open(target: Target = this.target): Promise<Wire> {
    const wire = await Wire.open(target, this.signal);
    wire.socket.setNoDelay(true);
    this.#wires.push(wire);
    return wire;
  }

  /** Once this resolves the proxy's event loop has read and acted upon all that was sent before: a round trip on a new connection. */
  async fence(): Promise<void> {
    const { preamble, setup, targetOf } = this.options;
    const wire = await this.open();
    const request = `GET ${targetOf(FENCE)} HTTP/1.1\r\nHost: fence\r\nConnection: close\r\n\r\n`;
    wire.write(Buffer.from(preamble + request, 'latin1'));
    const expected = setup.speaks === 'bytes' ? request : '200 OK';
    await this.seen(wire, (received) => received.includes(expected), 'the answer to a plain request in between');
    await wire[Symbol.asyncDispose]();
  }

  /** Waits until `enough` holds of all octets received, as latin-1 text; a violation of `expected` if the wire ends before. */
  async seen(wire: Wire, enough: (received: string) => boolean, expected: string): Promise<string> {
    const test = (received: Buffer): boolean => enough(received.toString('latin1'));
    try {
      await wire.until(test);
    } catch {
      this.signal.throwIfAborted();
      throw new Violation('', expected, described(wire));
    }
    return wire.received.toString('latin1');
  }

  /** The answers so far, once there are `methods.length` final ones or the connection ended. */
  async answers(wire: Wire, methods: readonly string[]): Promise<Reading<StrictResponse> & { readonly ended: Ending }> {
    const read = (): Reading<StrictResponse> => readResponses(wire.received.toString('latin1'), methods, wire.ended);
    const enough = (): boolean => {
      const { messages, problem } = read();
      const finals = messages.filter(({ status, complete }) => status >= 200 && complete).length;
      return problem !== undefined || finals >= methods.length || messages.some(({ status }) => status === 101);
    };
    await wire.until(enough).catch(() => this.signal.throwIfAborted());
    return { ...read(), ended: endingOf(wire) };
  }

  /** How the connection ended, once it did. */
  async ending(wire: Wire): Promise<Ending> {
    await wire.untilEnd().catch(() => {});
    this.signal.throwIfAborted();
    return endingOf(wire);
  }

  /** Once the origin has seen what `test` asks for. */
  async arrived(test: () => boolean, origin: RecordingOrigin = this.origin): Promise<void> {
    await origin.changes.until(test, this.signal);
  }

  /** For what goes on while the case does something else: its failure is told by whoever awaits it, and lost with the case. */
  aside<T>(promise: Promise<T>): Promise<T> {
    promise.catch(() => {});
    return promise;
  }

  requireReload(): (intent: ProxyIntent) => Promise<void> {
    const { subject } = this.options;
    if (!subject.reload) throw new NotApplicable('it is not handed new intents here');
    return (intent) => subject.reload!(intent);
  }

  requireDrain(): () => Promise<void> {
    const { subject } = this.options;
    if (!subject.drain) throw new NotApplicable('it is not told to drain here');
    return () => subject.drain!();
  }

  /** What the wires received, for the message of a case that ran out of time. */
  describe(): string {
    const shown = this.#wires.filter(({ socket }) => !socket.destroyed).slice(0, 4);
    return shown.map((wire) => show(wire.received.toString('latin1'), 100)).join(', ') || 'no open connection';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#wires.map((wire) => wire[Symbol.asyncDispose]()));
  }
}

export type Ending = 'open' | 'fin' | 'reset';

function endingOf(wire: Wire): Ending {
  if (wire.socket.errored) return 'reset';
  return wire.ended ? 'fin' : 'open';
}

const described = (wire: Wire): string =>
  `${show(wire.received.toString('latin1'))} and ${endingOf(wire) === 'open' ? 'nothing more' : endingOf(wire)}`;
