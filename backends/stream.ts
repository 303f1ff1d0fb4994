/**
 * Accepted connections at the price of one `read` and one `write` a request. An origin must cost less than any proxy measured
 * against it, and `net.Socket` alone costs more than the rest of a small request. So a plain connection here is the stream
 * handle of libuv itself: all connections read into one shared buffer, and writes go straight down. TLS, and a Node that
 * no longer hands out its handles, take `net.Socket`; both behave alike.
 */
import net from 'node:net';
import tls from 'node:tls';
import type { BackendOptions, Endpoint } from './contract.ts';
import { TLS_SUITES } from './tls-suites.ts';

export interface StreamHandler {
  /** `chunk` is only valid during the call: copy what must outlive it. */
  onData(chunk: Buffer): void;
  /** The peer sent FIN. The stream stays writable until `end`. */
  onEnd(): void;
  /** Everything written has been handed to the kernel. */
  onDrain?(): void;
  /** Once, last. */
  onClose?(): void;
}

export interface Stream {
  /** False: more than the kernel takes is pending, wait for `onDrain`. `bytes` must not be changed until then. */
  write(bytes: Buffer): boolean;
  /** FIN after everything written. */
  end(): void;
  destroy(): void;
  /** RST: what is pending is lost. */
  reset(): void;
  pause(): void;
  resume(): void;
}

export interface StreamListener extends AsyncDisposable {
  readonly address: Endpoint;
  /** Connections accepted so far. */
  readonly connections: number;
}

interface WriteRequest {
  oncomplete?: (status: number) => void;
  handle?: Handle;
  buffer?: Buffer;
}

/** What libuv's stream handle offers below `net.Socket` (node: src/stream_base.cc). Every call returns 0 or a negative errno. */
interface Handle {
  onread: () => void;
  useUserBuffer(buffer: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  writeBuffer(request: WriteRequest, buffer: Uint8Array): number;
  shutdown(request: WriteRequest): number;
  setNoDelay(on: boolean): number;
  close(): void;
  reset(closed: () => void): number;
}

interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest;
  readonly ShutdownWrap: new () => WriteRequest;
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
}

type Accept = (stream: Stream) => StreamHandler;

/** Undefined where this Node does not hand out its stream handles. */
function streamBinding(): StreamBinding | undefined {
  try {
    const binding = (process as unknown as { binding(name: string): StreamBinding }).binding('stream_wrap');
    return typeof binding.WriteWrap === 'function' && binding.streamBaseState.length > 0 ? binding : undefined;
  } catch {
    return undefined;
  }
}

class HandleStream implements Stream {
  readonly #binding: StreamBinding;
  readonly #handle: Handle;
  readonly #closed: (stream: HandleStream) => void;
  #handler!: StreamHandler;
  #spare: WriteRequest;
  #pending = 0;
  #state: 'open' | 'ending' | 'closed' = 'open';
  #peerEnded = false;

  constructor(binding: StreamBinding, handle: Handle, shared: Buffer, closed: (stream: HandleStream) => void) {
    this.#binding = binding;
    this.#handle = handle;
    this.#closed = closed;
    this.#spare = new binding.WriteWrap();
    const { streamBaseState, kReadBytesOrError } = binding;
    handle.onread = () => {
      const read = streamBaseState[kReadBytesOrError]!;
      if (read > 0) this.#handler.onData(shared.subarray(0, read));
      else if (read < 0) this.#readFailed(read);
    };
    handle.useUserBuffer(shared);
    handle.setNoDelay(true);
  }

  start(handler: StreamHandler): void {
    this.#handler = handler;
    this.#handle.readStart();
  }

  write(bytes: Buffer): boolean {
    if (this.#state !== 'open') return true;
    // A request object is used up only when the kernel did not take everything at once.
    const request = this.#spare;
    if (this.#handle.writeBuffer(request, bytes) !== 0) {
      this.destroy();
      return true;
    }
    if (this.#binding.streamBaseState[this.#binding.kLastWriteWasAsync] === 0) return true;
    this.#pending++;
    request.buffer = bytes;
    request.handle = this.#handle;
    request.oncomplete = (status) => this.#written(status);
    this.#spare = new this.#binding.WriteWrap();
    return false;
  }

  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    const request = new this.#binding.ShutdownWrap();
    request.handle = this.#handle;
    request.oncomplete = () => this.#peerEnded && this.destroy();
    if (this.#handle.shutdown(request) !== 0) this.destroy();
  }

  destroy(): void {
    if (this.#state === 'closed') return;
    this.#handle.close();
    this.#finish();
  }

  reset(): void {
    if (this.#state === 'closed') return;
    if (this.#handle.reset(() => {}) !== 0) this.#handle.close();
    this.#finish();
  }

  pause(): void {
    if (this.#state !== 'closed') this.#handle.readStop();
  }

  resume(): void {
    if (this.#state !== 'closed') this.#handle.readStart();
  }

  #finish(): void {
    this.#state = 'closed';
    this.#closed(this);
    this.#handler.onClose?.();
  }

  #written(status: number): void {
    this.#pending--;
    if (this.#state === 'closed') return;
    if (status < 0) this.destroy();
    else if (this.#pending === 0) this.#handler.onDrain?.();
  }

  #readFailed(code: number): void {
    if (code !== endOfFile) return this.destroy();
    this.#handle.readStop();
    this.#peerEnded = true;
    if (this.#state === 'ending' && this.#pending === 0) this.destroy();
    else this.#handler.onEnd();
  }
}

/** libuv's UV_EOF, the same number on every platform. */
const endOfFile = -4095;

class SocketStream implements Stream {
  readonly #socket: net.Socket;

  constructor(socket: net.Socket, accept: Accept) {
    this.#socket = socket;
    socket.setNoDelay(true);
    const handler = accept(this);
    socket.on('data', (chunk: Buffer) => handler.onData(chunk));
    socket.on('end', () => handler.onEnd());
    socket.on('drain', () => handler.onDrain?.());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => handler.onClose?.());
  }

  write(bytes: Buffer): boolean {
    return this.#socket.writable ? this.#socket.write(bytes) : true;
  }
  end(): void {
    this.#socket.end();
  }
  destroy(): void {
    this.#socket.destroy();
  }
  reset(): void {
    const socket = this.#socket;
    // The system refuses to reset while a FIN is on its way, and Node then forgets to close the handle.
    if (socket.writableEnded && !socket.writableFinished && socket.writableLength === 0) socket.destroy();
    else socket.resetAndDestroy();
  }
  pause(): void {
    this.#socket.pause();
  }
  resume(): void {
    this.#socket.resume();
  }
}

const sharedReadBytes = 64 * 1024;

/** Listens on `listener`; `accept` gives each connection its handler. Rejects with the system's error. */
export async function listenStreams(
  listener: Endpoint,
  options: Pick<BackendOptions, 'tls'> & { readonly handles?: boolean },
  accept: Accept,
  signal: AbortSignal,
): Promise<StreamListener> {
  signal.throwIfAborted();
  const open = new Set<{ destroy(): void }>();
  let connections = 0;
  const onSocket = (socket: net.Socket) => {
    connections++;
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    new SocketStream(socket, accept);
  };
  // A FIN amid the handshake is the end; half-open is only what is secured.
  const onSecured = (socket: tls.TLSSocket) => {
    socket.allowHalfOpen = true;
    onSocket(socket);
  };
  const server = options.tls
    ? tls.createServer({ ...TLS_SUITES, ...options.tls, allowHalfOpen: false }, onSecured)
    : net.createServer({ allowHalfOpen: true }, onSocket);
  server.on('tlsClientError', (_error: Error, socket: net.Socket) => socket.destroy());

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: listener.host, port: listener.port, backlog: 4096 }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', () => {}); // EMFILE on accept: the client sees its connection refused

  const binding = options.tls || options.handles === false ? undefined : streamBinding();
  if (binding) {
    const shared = Buffer.allocUnsafeSlow(sharedReadBytes);
    const raw = (server as unknown as { _handle: { onconnection: (error: number, handle?: Handle) => void } })._handle;
    raw.onconnection = (error, handle) => {
      if (error !== 0 || !handle) return;
      connections++;
      const stream = new HandleStream(binding, handle, shared, (closed) => open.delete(closed));
      open.add(stream);
      stream.start(accept(stream));
    };
  }

  const { address, port } = server.address() as net.AddressInfo;
  return {
    address: { host: address, port },
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const stream of open) stream.destroy();
      await closed;
    },
  };
}
