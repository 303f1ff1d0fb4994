/** The cheap path: a wire straight on the runtime's TCP handle (see `platform/tcp-handle.ts` for what is assumed of it). */
import { canonicalAddress } from '../config/ip-address.ts';
import { tellFault } from '../platform/notices.ts';
import { systemError } from '../platform/system-error.ts';
import { type Address, END_OF_FILE, type TcpHandle, tcpInternals, type WriteRequest } from '../platform/tcp-handle.ts';
import {
  lendBuffer,
  type ReadBuffer,
  READ_BUFFER_SIZE,
  releaseHold,
  returnBuffer,
  sharedBuffer,
} from './read-buffer.ts';
import type { Wire, WireHandler } from './wire.ts';

/** From this size of a read on, a connection is taken to move bulk; below the lower one, to have stopped. */
const BULK_READ = 16_384;
const CHATTY_READ = 2_048;

interface PendingWrite extends WriteRequest {
  wire: HandleWire;
  size: number;
  /** Kept alive until the write completes: the copy, or the read buffer that is held. */
  data: Buffer | string | undefined;
  hold: ReadBuffer | undefined;
}

interface OwnedHandle extends TcpHandle {
  wire: HandleWire;
}

const internals = tcpInternals!; // nobody constructs a HandleWire without them
const { state, readResult, writeError } = internals ?? {};

/** The buffer whose chunk is being delivered: a write may let it be instead of copying, if a connection has it for itself. */
let delivering: ReadBuffer | undefined;
/** Where chunks are copied to on their way out; given up to a write that does not finish at once. */
let outgoing = Buffer.allocUnsafeSlow(READ_BUFFER_SIZE);

export class HandleWire implements Wire {
  handler: WireHandler;
  pending = 0;
  open = true;
  readonly #handle: OwnedHandle;
  #buffer: ReadBuffer = sharedBuffer;
  #reading = false;
  #peerEnded = false;
  #ending = false;
  /** `end` found a backlog. */
  #late = false;
  #ended = false;
  #error: NodeJS.ErrnoException | undefined;
  #remote: Address | undefined;
  #local: Address | undefined;
  readonly #onClosed: (() => void) | undefined;

  /** `onClosed` is the listener's own count. */
  constructor(handle: TcpHandle, handler: WireHandler, onClosed?: () => void) {
    const owned = handle as OwnedHandle;
    owned.wire = this;
    owned.onread = onRead;
    this.#handle = owned;
    this.handler = handler;
    this.#onClosed = onClosed;
    handle.useUserBuffer(sharedBuffer.bytes);
  }

  write(chunk: Buffer): boolean {
    const size = chunk.length;
    if (!this.open || this.#ending || size === 0) return this.pending === 0;
    if (delivering !== undefined && chunk.buffer === delivering.memory) {
      return this.#sent(this.#handle.writeBuffer(null, chunk), size, undefined, delivering);
    }
    if (size > READ_BUFFER_SIZE) {
      const copy = Buffer.from(chunk);
      return this.#sent(this.#handle.writeBuffer(null, copy), size, copy, undefined);
    }
    outgoing.set(chunk);
    return this.#sent(this.#handle.writeBuffer(null, outgoing.subarray(0, size)), size, outgoing, undefined);
  }

  writeLatin1(text: string): boolean {
    if (!this.open || this.#ending || text.length === 0) return this.pending === 0;
    return this.#sent(this.#handle.writeLatin1String(null, text), text.length, text, undefined);
  }

  end(isLast = false): boolean {
    if (!this.open || this.#ending) return this.pending === 0;
    this.#ending = true;
    // Until its backlog is gone it can still be reset, which the runtime refuses once it was told to shut down.
    if (this.pending > 0) this.#late = true;
    // Nothing is left to read: closing says FIN as well, with a system call and a turn of the event loop less.
    else if (this.#peerEnded || isLast) this.destroy();
    else this.#shutDown();
    return !this.#late;
  }

  #shutDown(): void {
    const request = internals.createShutdownRequest();
    request.oncomplete = (status) => {
      try {
        this.#shut(status);
      } catch (error) {
        broken(this, error);
      }
    };
    const status = this.#handle.shutdown(request);
    if (status < 0) this.#fail(systemError(status, 'shutdown'));
    else if (status === 1) queueMicrotask(() => request.oncomplete(0)); // done at once, no callback will come
  }

  reset(): void {
    if (!this.open) return;
    this.#leave();
    if (this.#handle.reset(() => this.#closed()) < 0) this.#handle.close(() => this.#closed());
  }

  destroy(): void {
    if (!this.open) return;
    if (this.pending > 0) {
      this.reset();
      return;
    }
    this.#leave();
    this.#handle.close(() => this.#closed());
  }

  pause(): void {
    if (!this.#reading) return;
    this.#reading = false;
    if (this.open) this.#handle.readStop();
  }

  resume(): void {
    if (this.#reading || this.#peerEnded || !this.open) return;
    this.#reading = true;
    const status = this.#handle.readStart();
    if (status < 0) this.#fail(systemError(status, 'read'));
  }

  get remoteAddress(): string {
    return canonicalAddress(this.#peer().address ?? '');
  }

  get remotePort(): number {
    return this.#peer().port ?? 0;
  }

  get localAddress(): string {
    return canonicalAddress(this.#own().address ?? '');
  }

  get localPort(): number {
    return this.#own().port ?? 0;
  }

  /** From the runtime: `size` bytes, or a negative errno. Gives the buffer to read into next, if it changed. */
  static deliver(wire: HandleWire, size: number): Buffer | undefined {
    if (!wire.open) return undefined;
    if (size < 0) {
      wire.#reading = false;
      if (size !== END_OF_FILE) {
        wire.#fail(systemError(size, 'read'));
        return undefined;
      }
      wire.#peerEnded = true;
      wire.handler.onEnd();
      if (wire.#ended) wire.destroy();
      return undefined;
    }
    const buffer = wire.#buffer;
    if (buffer === sharedBuffer) {
      wire.handler.onData(buffer.bytes.subarray(0, size));
      if (size < BULK_READ || !wire.open) return undefined;
      wire.#buffer = lendBuffer();
      return wire.#buffer.bytes;
    }
    delivering = buffer;
    try {
      wire.handler.onData(buffer.bytes.subarray(0, size));
    } finally {
      delivering = undefined;
    }
    if (!wire.open) return undefined; // closed within the callback; the buffer goes with it
    if (size < CHATTY_READ) wire.#buffer = sharedBuffer;
    else if (buffer.holds > 0) wire.#buffer = lendBuffer();
    else return undefined;
    returnBuffer(buffer);
    return wire.#buffer.bytes;
  }

  #sent(result: number | WriteRequest, size: number, data: Buffer | string | undefined, hold: ReadBuffer | undefined) {
    if (typeof result === 'number') {
      if (result !== 0) this.#fail(systemError(result, 'write'));
      return this.pending === 0;
    }
    const failed = state[writeError]!;
    if (failed !== 0) {
      this.#fail(systemError(failed, 'write'));
      return false;
    }
    if (data === outgoing) outgoing = Buffer.allocUnsafeSlow(READ_BUFFER_SIZE);
    if (hold !== undefined) hold.holds++;
    const request = result as PendingWrite;
    request.wire = this;
    request.size = size;
    request.data = data;
    request.hold = hold;
    request.oncomplete = onWritten;
    this.pending += size;
    const status = request.writeStatus;
    if (status !== null && status !== undefined) queueMicrotask(() => onWritten.call(request, status));
    return false;
  }

  static written(request: PendingWrite, status: number): void {
    const { wire } = request;
    if (request.hold !== undefined) releaseHold(request.hold);
    wire.pending -= request.size;
    if (!wire.open) return;
    if (status < 0) wire.#fail(systemError(status, 'write'));
    else if (wire.pending > 0) return;
    else if (wire.#ending) wire.#shutDown();
    else wire.handler.onDrain();
  }

  #shut(status: number): void {
    if (!this.open) return;
    if (status < 0) {
      this.#fail(systemError(status, 'shutdown'));
      return;
    }
    this.#ended = true;
    if (this.#late) this.handler.onDrain();
    if (this.#peerEnded) this.destroy();
  }

  #fail(error: NodeJS.ErrnoException): void {
    if (!this.open) return;
    this.#error = error;
    this.destroy();
  }

  #leave(): void {
    this.open = false;
    this.#reading = false;
    this.#handle.readStop();
    if (this.#buffer !== sharedBuffer && delivering !== this.#buffer) returnBuffer(this.#buffer);
    // The handle may go on pointing at the buffer, but it reads no more.
  }

  #closed(): void {
    this.#onClosed?.();
    try {
      this.handler.onClose(this.#error);
    } catch (error) {
      tellFault(error);
    }
  }

  #peer(): Address {
    if (this.#remote === undefined) this.#handle.getpeername((this.#remote = {}));
    return this.#remote;
  }

  #own(): Address {
    if (this.#local === undefined) this.#handle.getsockname((this.#local = {}));
    return this.#local;
  }
}

function onRead(this: TcpHandle): Buffer | undefined {
  const size = state[readResult]!;
  if (size === 0) return undefined;
  const { wire } = this as OwnedHandle;
  try {
    return HandleWire.deliver(wire, size);
  } catch (error) {
    return broken(wire, error);
  }
}

function onWritten(this: PendingWrite, status: number): void {
  try {
    HandleWire.written(this, status);
  } catch (error) {
    broken(this.wire, error);
  }
}

/** What a handler threw costs its connection and no other. */
function broken(wire: HandleWire, error: unknown): undefined {
  tellFault(error);
  wire.reset();
}
