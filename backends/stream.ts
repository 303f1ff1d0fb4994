/**
 * Accepted connections at the price of one `read` and one `write` a request. An origin must cost less than any proxy measured
 * against it, and `net.Socket` alone costs more than the rest of a small request. So a plain connection here is the stream
 * handle of libuv itself (`proxies/platform/tcp-handle.ts`): all connections read into one shared buffer, and writes go straight
 * down. TLS, and a Node that does not hand out its handles, take `net.Socket`; both behave alike.
 */
import net from 'node:net';
import tls from 'node:tls';
import { resetSocket } from '#proxies/platform/reset-socket.ts';
import {
  END_OF_FILE,
  lastWriteError,
  listenHandle,
  type TcpHandle,
  type TcpInternals,
  tcpInternals,
  type WriteRequest,
} from '#proxies/platform/tcp-handle.ts';
import { TLS_SUITES } from '#proxies/platform/tls-suites.ts';
import type { BackendOptions, Endpoint } from './contract.ts';

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
  /** Bytes that `write` took at once, giving true, may still be needed. */
  readonly isLate: boolean;
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
  /** How many connections may wait to be accepted, from now on; as many as at first where it is not said. */
  queue(length?: number): void;
}

/** What the kernel did not take at once is kept alive by the request that it is in. */
interface PendingWrite extends WriteRequest {
  bytes: Buffer;
}

type Accept = (stream: Stream) => StreamHandler;

class HandleStream implements Stream {
  readonly isLate = false;
  readonly #internals: TcpInternals;
  readonly #handle: TcpHandle;
  readonly #closed: (stream: HandleStream) => void;
  #handler!: StreamHandler;
  #pending = 0;
  #state: 'open' | 'ending' | 'closed' = 'open';
  #peerEnded = false;

  constructor(internals: TcpInternals, handle: TcpHandle, shared: Buffer, closed: (stream: HandleStream) => void) {
    this.#internals = internals;
    this.#handle = handle;
    this.#closed = closed;
    const { state, readResult } = internals;
    handle.onread = () => {
      const read = state[readResult]!;
      if (read > 0) this.#handler.onData(shared.subarray(0, read));
      else if (read < 0) this.#readFailed(read);
      return undefined;
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
    const result = this.#handle.writeBuffer(null, bytes);
    return result === 0 || this.#sent(result, bytes);
  }

  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    const request = this.#internals.createShutdownRequest();
    request.oncomplete = () => this.#peerEnded && this.destroy();
    if (this.#handle.shutdown(request) !== 0) this.destroy();
  }

  destroy(): void {
    if (this.#state === 'closed') return;
    this.#handle.close(ignore);
    this.#finish();
  }

  reset(): void {
    if (this.#state === 'closed') return;
    if (this.#handle.reset(ignore) !== 0) this.#handle.close(ignore);
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

  /** Not whole, or not at all. */
  #sent(result: number | WriteRequest, bytes: Buffer): boolean {
    if (typeof result === 'number' || lastWriteError() !== 0) {
      this.destroy();
      return true;
    }
    this.#pending++;
    const request = result as PendingWrite;
    request.bytes = bytes;
    request.oncomplete = (status) => this.#written(status);
    const status = request.writeStatus;
    if (typeof status === 'number') queueMicrotask(() => this.#written(status));
    return false;
  }

  #written(status: number): void {
    this.#pending--;
    if (this.#state === 'closed') return;
    if (status < 0) this.destroy();
    else if (this.#pending === 0) this.#handler.onDrain?.();
  }

  #readFailed(code: number): void {
    if (code !== END_OF_FILE) return this.destroy();
    this.#handle.readStop();
    this.#peerEnded = true;
    if (this.#state === 'ending' && this.#pending === 0) this.destroy();
    else this.#handler.onEnd();
  }
}

const ignore = (): void => {};

class SocketStream implements Stream {
  readonly isLate = true;
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
    resetSocket(this.#socket);
  }
  pause(): void {
    this.#socket.pause();
  }
  resume(): void {
    this.#socket.resume();
  }
}

/** Connections that may wait to be accepted. */
const BACKLOG = 4096;
const SHARED_READ_BYTES = 64 * 1024;

/** Listens on `listener`; `accept` gives each connection its handler. Rejects with the system's error. */
export async function listenStreams(
  listener: Endpoint,
  options: Pick<BackendOptions, 'tls' | 'http2'>,
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
    ? tls.createServer(
        {
          ...TLS_SUITES,
          honorCipherOrder: true,
          minVersion: 'TLSv1.2',
          ...options.tls,
          ...(options.http2 && { ALPNProtocols: ['h2', 'http/1.1'] }),
          allowHalfOpen: false,
        },
        onSecured,
      )
    : net.createServer({ allowHalfOpen: true }, onSocket);
  server.on('tlsClientError', (_error: Error, socket: net.Socket) => socket.destroy());

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: listener.host, port: listener.port, backlog: BACKLOG }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', () => {}); // EMFILE on accept: the client sees its connection refused

  const listening = options.tls ? undefined : listenHandle(server);
  if (tcpInternals !== undefined && listening !== undefined) {
    const internals = tcpInternals;
    const shared = Buffer.allocUnsafeSlow(SHARED_READ_BYTES);
    listening.onconnection = (error, handle) => {
      if (error !== 0 || !handle) return;
      connections++;
      const stream = new HandleStream(internals, handle, shared, (closed) => open.delete(closed));
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
    queue(length = BACKLOG) {
      if (listening === undefined)
        throw new Error('this Node does not hand out the handle of a listener: its queue stays');
      const code = listening.listen(length);
      if (code < 0) throw new Error(`a queue of ${length} connections was refused by the system (${code})`);
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const stream of open) stream.destroy();
      await closed;
    },
  };
}
