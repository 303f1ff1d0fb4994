/** The plain path: a wire over any `net.Socket`, a `tls.TLSSocket` included, by its public interface alone. */
import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { canonicalAddress } from '../config/ip-address.ts';
import { tellFault } from '../platform/notices.ts';
import { resetSocket } from '../platform/reset-socket.ts';
import type { Wire, WireHandler } from './wire.ts';

/** What a handler throws costs its connection and no other. */
export function guarded(wire: Wire, callback: () => void): void {
  try {
    callback();
  } catch (error) {
    tellFault(error);
    wire.reset();
  }
}

export class SocketWire implements Wire {
  handler: WireHandler;
  open = true;
  readonly socket: Socket;
  #blocked = false;
  #ending = false;
  /** `end` found a backlog. */
  #late = false;
  #error: NodeJS.ErrnoException | undefined;

  /** The socket must be connected (and secured), allow half-open, and have nobody else reading it. */
  constructor(socket: Socket, handler: WireHandler) {
    this.socket = socket;
    this.handler = handler;
    socket.pause();
    socket.on('data', (chunk: Buffer | string) => {
      if (this.open) guarded(this, () => this.handler.onData(chunk as Buffer));
    });
    socket.on('end', () => {
      if (this.open) guarded(this, () => this.handler.onEnd());
    });
    socket.on('drain', () => this.#drained());
    socket.on('finish', () => {
      if (this.#late) this.#drained();
    });
    socket.on('error', (error) => {
      if (!this.open) return; // we closed it ourselves
      this.open = false;
      this.#error = error;
      socket.destroy(); // not every error comes with it: a renegotiation that was refused does not
    });
    socket.on('close', () => {
      this.open = false;
      guarded(this, () => this.handler.onClose(this.#error));
    });
  }

  #drained(): void {
    this.#blocked = false;
    if (this.open) guarded(this, () => this.handler.onDrain());
  }

  /** The socket keeps what it is given until it is written, so it gets a copy. */
  write(chunk: Buffer): boolean {
    if (!this.open || this.#ending || chunk.length === 0) return this.pending === 0;
    return this.#sent(this.socket.write(Buffer.from(chunk)));
  }

  writeLatin1(text: string): boolean {
    if (!this.open || this.#ending || text.length === 0) return this.pending === 0;
    return this.#sent(this.socket.write(text, 'latin1'));
  }

  #sent(accepted: boolean): boolean {
    if (!accepted) this.#blocked = true;
    return !this.#blocked;
  }

  end(): boolean {
    if (!this.open || this.#ending) return !this.#late;
    this.#ending = true;
    this.#late = this.socket.writableLength > 0;
    this.socket.end();
    return !this.#late;
  }

  reset(): void {
    if (!this.open) return;
    this.open = false;
    resetSocket(this.socket);
  }

  destroy(): void {
    if (!this.open) return;
    this.open = false;
    if (this.socket.writableLength > 0) resetSocket(this.socket);
    else this.socket.destroy();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    if (this.open) this.socket.resume();
  }

  /** What lies below the socket's high-water mark is on its way and counts as written. */
  get pending(): number {
    return this.#blocked ? this.socket.writableLength : 0;
  }

  get remoteAddress(): string {
    return canonicalAddress(this.socket.remoteAddress ?? '');
  }

  get remotePort(): number {
    return this.socket.remotePort ?? 0;
  }

  get localAddress(): string {
    return canonicalAddress(this.socket.localAddress ?? '');
  }

  get certificate(): X509Certificate | undefined {
    return this.socket instanceof TLSSocket ? this.socket.getPeerX509Certificate() : undefined;
  }

  get protocol(): string | undefined {
    return this.socket instanceof TLSSocket ? this.socket.alpnProtocol || undefined : undefined;
  }

  get localPort(): number {
    return this.socket.localPort ?? 0;
  }
}
