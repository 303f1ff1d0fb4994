/** The client's end of one raw connection, plain or TLS: what the lab's proofs and conformance cases speak through. */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { Endpoint } from '#proxies/config/intent.ts';

/** Whom to reach and, for TLS, whom to trust and which name to verify. */
export interface Target extends Endpoint {
  /** `ca`: the runtime's own list of authorities where absent. */
  readonly tls?: { readonly ca?: string; readonly serverName: string };
}

export class Wire implements AsyncDisposable {
  readonly socket: Socket | TLSSocket;
  #received = Buffer.alloc(0);
  #ended = false;
  #failure: Error | undefined;
  #wake = Promise.withResolvers<void>();

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) =>
      this.#changed(() => (this.#received = Buffer.concat([this.#received, chunk]))),
    );
    socket.on('end', () => this.#changed(() => (this.#ended = true)));
    socket.on('error', (error) => this.#changed(() => (this.#failure = error)));
    socket.on('close', () => this.#changed(() => (this.#ended = true)));
  }

  /** Resolves once connected (TLS: verified). TCP stays half-open: neither side's FIN ends the other direction. */
  static async open(target: Target, signal: AbortSignal): Promise<Wire> {
    signal.throwIfAborted();
    const { host, port, tls } = target;
    const socket = tls
      ? connectTls({ host, port, ...tlsOptions(tls), ALPNProtocols: ['http/1.1'] })
      : connectTcp({ host, port, allowHalfOpen: true });
    const onAbort = () => socket.destroy(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('close', () => signal.removeEventListener('abort', onAbort));
    await new Promise<void>((resolve, reject) => {
      socket.once(tls ? 'secureConnect' : 'connect', resolve);
      socket.once('error', reject);
    });
    return new Wire(socket);
  }

  get received(): Buffer {
    return this.#received;
  }

  get ended(): boolean {
    return this.#ended;
  }

  write(bytes: string | Uint8Array): void {
    this.socket.write(bytes as Uint8Array);
  }

  /** Sends FIN (TLS: close_notify and FIN). */
  end(): void {
    this.socket.end();
  }

  /** Everything received so far, once `enough` says so. Rejects when the peer ends or fails before. */
  async until(enough: (received: Buffer) => boolean): Promise<Buffer> {
    for (;;) {
      if (enough(this.#received)) return this.#received;
      if (this.#failure) throw this.#failure;
      if (this.#ended)
        throw new Error(`the peer closed after ${this.#received.length} bytes: ${preview(this.#received)}`);
      await this.#wake.promise;
    }
  }

  /** Everything received up to the peer's FIN. Rejects on a reset and when the signal aborts. */
  async untilEnd(): Promise<Buffer> {
    while (!this.#ended && !this.#failure) await this.#wake.promise;
    if (this.#failure) throw this.#failure;
    return this.#received;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    if (!this.socket.closed) await new Promise((resolve) => this.socket.once('close', resolve));
  }

  #changed(change: () => void): void {
    change();
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

/** An address is no server name (RFC 6066 §3): there the certificate must be for the host that is connected to, which it is. */
export const tlsOptions = ({ ca, serverName }: NonNullable<Target['tls']>): ConnectionOptions => ({
  ...(ca !== undefined && { ca }),
  ...(isIP(serverName) === 0 && { servername: serverName }),
});

/** The first bytes, printable, for messages. */
export const preview = (bytes: Buffer): string => JSON.stringify(bytes.toString('latin1', 0, 120));
