/** Opens a shard's connections to its one target, times them, and closes what is left at the end. */
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import type { LoadJob } from '#bench/model/load.ts';
import { TLS_SUITES } from '#proxies/platform/tls-suites.ts';
import type { Instant } from '../clock.ts';
import type { Recorder } from '../recorder.ts';
import { type Turnstiles, turnstilesOf } from '../turnstile.ts';
import { Link, type LinkHandler } from './link.ts';

/** 'full': no session is ever offered. 'resumed': the ticket of the first handshake is. */
export type TlsMode = 'none' | 'full' | 'resumed';

interface Encryption {
  readonly mode: TlsMode;
  readonly protocol: string | undefined;
}

const READ_BYTES = 64 * 1024;
const SWEEP_EVERY = 20;

export class Dialer implements Disposable {
  readonly #recorder: Recorder;
  readonly #connectTimeout: number;
  readonly #address: net.TcpNetConnectOpts;
  readonly #tls: tls.ConnectionOptions | undefined;
  readonly #resume: boolean;
  /** All links read into it: what arrives is consumed within the callback. */
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  readonly #links = new Set<Link>();
  readonly #sweeper: NodeJS.Timeout;
  /** Present where the target takes no more than so many a second: every connection and every write to it goes through. */
  readonly turnstiles: Turnstiles | undefined;
  /** Called whenever a connection is gone. */
  #left: (() => void) | undefined;
  #session: Buffer | undefined;
  #priming: tls.TLSSocket | undefined;

  private constructor(job: LoadJob, address: string, { mode, protocol }: Encryption, recorder: Recorder) {
    this.#recorder = recorder;
    this.#connectTimeout = job.timeouts.connect;
    this.#address = { host: address, port: job.target.port };
    this.#tls =
      mode === 'none' || job.tls === undefined
        ? undefined
        : { ...tlsOptions(job.tls), ...(protocol !== undefined && { ALPNProtocols: [protocol] }) };
    this.#resume = mode === 'resumed';
    this.turnstiles = turnstilesOf(job);
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_EVERY);
  }

  /** Resolves the target's name, once. Rejects with the resolver's error. `protocol`: what is offered by ALPN; nothing where absent. */
  static async to(job: LoadJob, mode: TlsMode, recorder: Recorder, protocol?: string): Promise<Dialer> {
    const { address } = await lookup(job.target.host);
    return new Dialer(job, address, { mode, protocol }, recorder);
  }

  dial(handler: LinkHandler): Link {
    const link = new Link(handler, this.#gone, this.turnstiles?.requests);
    this.#links.add(link);
    if (this.turnstiles === undefined) this.#connect(link);
    else this.turnstiles.connections.pass(() => link.isDialing && this.#connect(link));
    return link;
  }

  #connect(link: Link): void {
    link.dialedAt = performance.now();
    link.deadline = link.dialedAt + this.#connectTimeout;
    const options = { ...this.#address, allowHalfOpen: true, onread: link.reader(this.#buffer) };
    if (this.#tls === undefined) {
      link.attach(net.connect(options), false, (at) => this.#recorder.opened(at, link.dialedAt, undefined));
      return;
    }
    const session = this.#session;
    const socket = tls.connect({ ...this.#tls, ...options, ...(session && { session }) });
    // Listening makes the runtime serialise every ticket: only done until there is one.
    if (this.#resume && session === undefined) {
      socket.once('session', (ticket: Buffer) => (this.#session ??= ticket));
    }
    link.attach(socket, true, (at) => {
      const resumed = link.sessionReused;
      if (session !== undefined && !resumed && this.#session === session) this.#session = undefined; // expired or refused
      this.#recorder.opened(at, link.dialedAt, resumed ? 'resumed' : 'full');
    });
  }

  /**
   * Where handshakes are to be resumed: one full handshake, not counted, for its ticket. Without one in time the next
   * connections make full handshakes, and are counted so.
   */
  async prime(): Promise<void> {
    if (!this.#resume || this.#tls === undefined) return;
    if (this.turnstiles) await new Promise<void>((go) => this.turnstiles!.connections.pass(go));
    const socket = tls.connect({ ...this.#tls, ...this.#address });
    this.#priming = socket;
    socket.resume();
    const signal = AbortSignal.timeout(this.#connectTimeout);
    try {
      [this.#session] = (await once(socket, 'session', { signal })) as [Buffer];
    } catch {
      // Refused, untrusted or without tickets: the counted connections meet and tell the same.
    } finally {
      socket.on('error', () => {});
      socket.destroy();
    }
  }

  /** Resolves once every connection whose work is done has been closed by its peer, or after so many milliseconds. */
  async settled(patience: number): Promise<void> {
    const isRetiring = (): boolean => [...this.#links].some((link) => link.isRetired);
    if (!isRetiring()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, patience);
    this.#left = () => !isRetiring() && resolve();
    await promise;
    clearTimeout(timer);
    this.#left = undefined;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#sweeper);
    this.turnstiles?.[Symbol.dispose]();
    this.#priming?.destroy();
    for (const link of this.#links) link.destroy();
  }

  readonly #gone = (link: Link): void => {
    this.#links.delete(link);
    this.#left?.();
    if (link.wasOpen) this.#recorder.closed();
  };

  #sweep(): void {
    const at: Instant = performance.now();
    for (const link of this.#links) if (at >= link.deadline) link.expire(at);
  }
}

export function tlsOptions({ ca, serverName }: NonNullable<LoadJob['tls']>): tls.ConnectionOptions {
  return {
    secureContext: tls.createSecureContext({ ...(ca !== undefined && { ca }), ...TLS_SUITES }),
    rejectUnauthorized: true,
    // RFC 6066 §3: an address is no server name.
    ...(net.isIP(serverName) === 0 && { servername: serverName }),
    checkServerIdentity: (_host, certificate) => tls.checkServerIdentity(serverName, certificate),
  };
}
