/** One connection to the target, plain or TLS: reads through one shared buffer, writes with as little JavaScript as may be. */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { systemError } from '#proxies/platform/system-error.ts';
import { lastWriteError, type WriteHandle, writeHandle, type WriteRequest } from '#proxies/platform/tcp-handle.ts';
import type { Instant } from '../clock.ts';
import type { Fault } from '../recorder.ts';
import type { Turnstile } from '../turnstile.ts';

export interface LinkHandler {
  /** Writable now; TLS: the handshake is done and the certificate verified. */
  onOpen(at: Instant): void;
  /** The first `length` of `bytes`, valid during the call only. */
  onBytes(bytes: Buffer, length: number): void;
  /** The peer sent FIN. The link stays writable until `end` or `destroy`. */
  onEnd(): void;
  /** Once, unless destroyed by its owner: the link is gone. */
  onFault(fault: Fault): void;
  /** All that was written has gone to the kernel, after a `write` that said false. */
  onDrain?(): void;
}

/** 'retired': its work is done, it only waits for the peer's FIN. */
type Stage = 'dialing' | 'handshaking' | 'open' | 'retired' | 'gone';

/** How long a retired link waits, in ms: whoever closes first keeps the port in TIME_WAIT, and that should be the server. */
const LINGER = 200;

export class Link {
  /** When `expire` is due; the owner's business. Infinity: never. */
  deadline: Instant = Infinity;
  /** What `deadline` is for: names the timeout in its message. */
  awaiting = 'connect';
  dialedAt: Instant = performance.now();
  readonly #handler: LinkHandler;
  readonly #gone: (link: Link) => void;
  readonly #turnstile: Turnstile | undefined;
  /** Absent until its turn to connect has come. */
  #socket: Socket | undefined;
  #direct: WriteHandle | undefined;
  #stage: Stage = 'dialing';
  #wasOpen = false;
  /** A TLS handle aborts the process on a second write while one is under way; that may outlast the answer. */
  #oneAtATime = false;
  readonly #queue: Buffer[] = [];
  /** Writes that the kernel has not taken whole yet. */
  #pending = 0;

  /** Where there is a turnstile, each write waits there for its turn. */
  constructor(handler: LinkHandler, gone: (link: Link) => void, turnstile?: Turnstile) {
    this.#handler = handler;
    this.#gone = gone;
    this.#turnstile = turnstile;
  }

  get isDialing(): boolean {
    return this.#stage === 'dialing';
  }

  get isOpen(): boolean {
    return this.#stage === 'open';
  }

  /** What ALPN chose; undefined where it chose nothing, or there is no TLS. */
  get protocol(): string | undefined {
    return (this.#socket as Partial<TLSSocket>).alpnProtocol || undefined;
  }

  /** What `write` took at once, giving true, may be overwritten. */
  get isDirect(): boolean {
    return this.#direct !== undefined;
  }

  get isRetired(): boolean {
    return this.#stage === 'retired';
  }

  /** Whether it ever was. */
  get wasOpen(): boolean {
    return this.#wasOpen;
  }

  get sessionReused(): boolean {
    return (this.#socket as TLSSocket).isSessionReused();
  }

  /** The option of `net.connect` and `tls.connect` that delivers bytes to this link. */
  reader(buffer: Buffer): { buffer: Buffer; callback: (length: number) => boolean } {
    return {
      buffer,
      callback: (length) => {
        if (this.#stage === 'open') this.#handler.onBytes(buffer, length);
        return true;
      },
    };
  }

  /** `opened` is called before the handler's own `onOpen`. */
  attach(socket: Socket, secure: boolean, opened: (at: Instant) => void): void {
    this.#socket = socket;
    this.#oneAtATime = secure;
    socket.once('connect', () => {
      socket.setNoDelay(true);
      this.#stage = 'handshaking';
      if (!secure) this.#opened(opened);
    });
    if (secure) socket.once('secureConnect', () => this.#opened(opened));
    socket.on('end', () => {
      if (this.#stage === 'open') this.#handler.onEnd();
      else if (this.#stage === 'retired') this.destroy();
      else this.#fail(new Error('closed by the peer before it was established'));
    });
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('closed')));
  }

  /** False: wait for `onDrain`. `bytes` must not be changed until then. */
  write(bytes: Buffer): boolean {
    if (this.#turnstile === undefined) return this.#write(bytes);
    this.#turnstile.pass(() => this.#write(bytes));
    return false;
  }

  #write(bytes: Buffer): boolean {
    if (this.#stage !== 'open') return false;
    if (this.#direct === undefined) return this.#writePlain(bytes);
    if (this.#oneAtATime && this.#pending > 0) {
      this.#queue.push(bytes);
      return false;
    }
    const result = this.#direct.writeBuffer(null, bytes);
    return result === 0 || this.#written(result, bytes);
  }

  /** FIN after everything written. */
  end(): void {
    this.#socket?.end();
  }

  /** Closes at once; no handler is called any more. */
  destroy(): void {
    if (this.#stage === 'gone') return;
    this.#stage = 'gone';
    this.#socket?.destroy();
    this.#gone(this);
  }

  /** No handler is called any more; closes once the peer has, or soon. */
  retire(at: Instant): void {
    this.#stage = 'retired';
    this.deadline = at + LINGER;
  }

  /** The deadline passed. */
  expire(at: Instant): void {
    const waited = Math.round(at - this.dialedAt);
    const message = this.isOpen ? `no ${this.awaiting} in time` : `not connected after ${waited} ms`;
    this.#failWith({ kind: 'timeout', message });
  }

  #opened(opened: (at: Instant) => void): void {
    if (this.#stage === 'gone') return;
    this.#stage = 'open';
    this.#wasOpen = true;
    this.deadline = Infinity;
    this.#direct = writeHandle(this.#socket!);
    const at = performance.now();
    opened(at);
    this.#handler.onOpen(at);
  }

  #writePlain(bytes: Buffer): boolean {
    this.#pending++;
    let synchronous = true;
    this.#socket!.write(bytes, (error) => {
      this.#pending--;
      if (!error && !synchronous && this.#pending === 0 && this.#stage === 'open') this.#handler.onDrain?.();
    });
    synchronous = false;
    return this.#pending === 0 || !this.#socket!.writableNeedDrain;
  }

  #written(result: number | WriteRequest | undefined, bytes: Buffer): boolean {
    if (result === undefined) return false; // closed under us: its 'close' event is on the way
    const errno = typeof result === 'number' ? result : lastWriteError();
    if (typeof result === 'number' || errno !== 0) {
      // Told in a later turn, as the plain path does: nobody expects its own `write` to call it back.
      process.nextTick(() => this.#fail(systemError(errno, 'write')));
      return false;
    }
    this.#pending++;
    const complete = (status: number): void => {
      void bytes; // alive until now
      this.#pending--;
      if (this.#stage !== 'open') return;
      if (status < 0) this.#fail(systemError(status, 'write'));
      else this.#drained();
    };
    result.oncomplete = complete;
    const status = result.writeStatus;
    if (typeof status === 'number') process.nextTick(complete, status);
    return false;
  }

  #drained(): void {
    if (this.#pending > 0) return;
    const next = this.#queue.shift();
    if (next === undefined || this.#write(next)) {
      if (this.#queue.length > 0) this.#drained();
      else this.#handler.onDrain?.();
    }
  }

  #fail(error: NodeJS.ErrnoException): void {
    const kind = this.#stage === 'open' ? 'reset' : this.#stage === 'handshaking' ? 'tls' : 'connect';
    const { code, message } = error;
    this.#failWith({ kind, message: code === undefined || message.includes(code) ? message : `${code} ${message}` });
  }

  #failWith(fault: Fault): void {
    const deserted = this.#stage === 'retired' || this.#stage === 'gone';
    this.destroy();
    if (!deserted) this.#handler.onFault(fault);
  }
}
