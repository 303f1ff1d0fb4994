/**
 * A TLS connection with the octets going past `TLSSocket`: reads into the shared buffer, writes straight to its handle. The
 * socket keeps its life cycle (handshake, close_notify, errors, closing). Assumes of the handle what `platform/tcp-handle.ts` says;
 * `tlsWire` falls back to the plain path otherwise.
 */
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { canonicalAddress } from '../config/ip-address.ts';
import { tellFault } from '../platform/notices.ts';
import { resetSocket } from '../platform/reset-socket.ts';
import { systemError } from '../platform/system-error.ts';
import { readHandle, type TcpHandle, tcpInternals, type WriteRequest } from '../platform/tcp-handle.ts';
import { sharedBuffer } from './read-buffer.ts';
import { guarded, SocketWire } from './socket-wire.ts';
import type { Wire, WireHandler } from './wire.ts';

/** TLS completes writes later even where the kernel took them; only more than this is a backlog. */
const BACKLOG = 65_536;

interface OwnedHandle extends TcpHandle {
  tlsWire: TlsWire;
}

interface PendingWrite extends WriteRequest {
  tlsWire: TlsWire;
  size: number;
}

const internals = tcpInternals!;

/** A wire over a secured socket that nobody has read from yet. */
export function tlsWire(socket: TLSSocket, handler: WireHandler): Wire {
  const handle = readHandle(socket);
  return handle === undefined ? new SocketWire(socket, handler) : new TlsWire(socket, handle as OwnedHandle, handler);
}

class TlsWire implements Wire {
  handler: WireHandler;
  open = true;
  #queued = 0;
  #busy = false;
  #waiting: Buffer[] = [];
  #blocked = false;
  #ending = false;
  /** `end` found a backlog. */
  #late = false;
  #error: NodeJS.ErrnoException | undefined;
  readonly #socket: TLSSocket;
  readonly #handle: OwnedHandle;
  /** The socket's own reader, which gets what is no data: the end, and errors. */
  readonly #onread: (this: TcpHandle) => Uint8Array | undefined;

  constructor(socket: TLSSocket, handle: OwnedHandle, handler: WireHandler) {
    this.handler = handler;
    this.#socket = socket;
    this.#handle = handle;
    this.#onread = handle.onread as (this: TcpHandle) => Uint8Array | undefined;
    handle.tlsWire = this;
    handle.onread = onRead;
    handle.useUserBuffer(sharedBuffer.bytes);
    handle.readStop();
    socket.on('end', () => {
      if (this.open) guarded(this, () => this.handler.onEnd());
    });
    socket.on('finish', () => {
      if (this.open && this.#late) guarded(this, () => this.handler.onDrain());
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

  write(chunk: Buffer): boolean {
    if (!this.open || this.#ending || chunk.length === 0) return !this.#blocked;
    this.#queued += chunk.length;
    if (this.#busy) this.#waiting.push(Buffer.from(chunk));
    else this.#sent(this.#handle.writeBuffer(null, chunk), chunk.length); // what is not encrypted at once is copied there
    return this.#accepts();
  }

  writeLatin1(text: string): boolean {
    if (!this.open || this.#ending || text.length === 0) return !this.#blocked;
    this.#queued += text.length;
    if (this.#busy) this.#waiting.push(Buffer.from(text, 'latin1'));
    else this.#sent(this.#handle.writeLatin1String(null, text), text.length);
    return this.#accepts();
  }

  #accepts(): boolean {
    if (this.#queued > BACKLOG) this.#blocked = true;
    return !this.#blocked;
  }

  /** The handle takes one write at a time. */
  #sent(result: number | WriteRequest, size: number): void {
    if (typeof result === 'number') {
      this.#queued -= size;
      if (result !== 0) this.#socket.destroy(systemError(result, 'write'));
      return;
    }
    const failed = internals.state[internals.writeError]!;
    if (failed !== 0) {
      this.#socket.destroy(systemError(failed, 'write'));
      return;
    }
    this.#busy = true;
    const request = result as PendingWrite;
    request.tlsWire = this;
    request.size = size;
    request.oncomplete = onWritten;
    const status = request.writeStatus;
    if (status !== null && status !== undefined) queueMicrotask(() => onWritten.call(request, status));
  }

  static written({ tlsWire: wire, size }: PendingWrite, status: number): void {
    wire.#busy = false;
    wire.#queued -= size;
    if (!wire.open) return;
    if (status < 0) {
      wire.#socket.destroy(systemError(status, 'write'));
      return;
    }
    if (wire.#waiting.length > 0) {
      const next = wire.#waiting.length === 1 ? wire.#waiting[0]! : Buffer.concat(wire.#waiting);
      wire.#waiting = [];
      wire.#sent(wire.#handle.writeBuffer(null, next), next.length);
    }
    if (wire.#queued > 0) return;
    if (wire.#ending) wire.#socket.end();
    else if (wire.#blocked) {
      wire.#blocked = false;
      wire.handler.onDrain();
    }
  }

  static deliver(wire: TlsWire, size: number): Uint8Array | undefined {
    if (size > 0) {
      if (wire.open) wire.handler.onData(sharedBuffer.bytes.subarray(0, size));
      return undefined;
    }
    const result = wire.#onread.call(wire.#handle);
    wire.#socket.resume(); // so that it tells the end
    return result;
  }

  end(): boolean {
    if (!this.open || this.#ending) return !this.#late;
    this.#ending = true;
    if (this.#queued === 0) this.#socket.end();
    else this.#late = true;
    return !this.#late;
  }

  reset(): void {
    if (!this.open) return;
    this.open = false;
    resetSocket(this.#socket);
  }

  destroy(): void {
    if (!this.open) return;
    this.open = false;
    if (this.#queued > 0) resetSocket(this.#socket);
    else this.#socket.destroy();
  }

  /** What is decrypted already may still be delivered. */
  pause(): void {
    if (this.open) this.#handle.readStop();
  }

  resume(): void {
    if (this.open) this.#handle.readStart();
  }

  get pending(): number {
    return this.#blocked ? this.#queued : 0;
  }

  get remoteAddress(): string {
    return canonicalAddress(this.#socket.remoteAddress ?? '');
  }

  get remotePort(): number {
    return this.#socket.remotePort ?? 0;
  }

  get localAddress(): string {
    return canonicalAddress(this.#socket.localAddress ?? '');
  }

  get certificate(): X509Certificate | undefined {
    return this.#socket.getPeerX509Certificate();
  }

  get protocol(): string | undefined {
    return this.#socket.alpnProtocol || undefined;
  }

  get localPort(): number {
    return this.#socket.localPort ?? 0;
  }
}

function onRead(this: TcpHandle): Uint8Array | undefined {
  const size = internals.state[internals.readResult]!;
  if (size === 0) return undefined;
  const { tlsWire: wire } = this as OwnedHandle;
  try {
    return TlsWire.deliver(wire, size);
  } catch (error) {
    tellFault(error);
    wire.reset();
    return undefined;
  }
}

function onWritten(this: PendingWrite, status: number): void {
  try {
    TlsWire.written(this, status);
  } catch (error) {
    tellFault(error);
    this.tlsWire.reset();
  }
}
