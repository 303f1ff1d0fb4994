/** The engine over sockets, as small as can be: what tests with real peers need, and nothing that a proxy would want besides. */
import { once } from 'node:events';
import net from 'node:net';
import { Http2Connection } from '#proxies/http2/connection.ts';
import type { Http2Handler, Http2Options } from '#proxies/http2/handler.ts';

/** Feeds a connection from a socket and flushes it at the end of each turn. */
export class SocketWire<Owner> {
  connection!: Http2Connection<Owner>;
  readonly #socket: net.Socket;
  #isScheduled = false;

  constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      this.connection.receive(bytes, 0, bytes.length);
      this.connection.flush();
    });
    socket.on('drain', () => this.connection.drained());
    socket.on('error', () => {});
    socket.on('close', () => this.connection.disconnected());
  }

  begin(connection: Http2Connection<Owner>): void {
    this.connection = connection;
    connection.start();
    connection.flush();
  }

  write(bytes: Buffer): boolean {
    if (!this.#socket.writable) return true;
    // The socket keeps what it is given until it is written, and the output is reused at once.
    return this.#socket.write(Buffer.from(bytes));
  }

  /** To be called by `onOutput`. */
  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.connection.flush();
    });
  }

  /** Flushes, sends FIN, and waits a little for the peer to read what it was told. */
  end(): void {
    this.connection.flush();
    this.#socket.end();
  }
}

export interface Listening extends AsyncDisposable {
  readonly port: number;
}

export async function listen(accept: (socket: net.Socket) => void): Promise<Listening> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    accept(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as net.AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Serves connections of the engine; `makeHandler` gives each its handler. */
export function serve<Owner>(
  makeHandler: (wire: SocketWire<Owner>) => Http2Handler<Owner>,
  options: Partial<Http2Options> = {},
): Promise<Listening> {
  return listen((socket) => {
    const wire = new SocketWire<Owner>(socket);
    wire.begin(new Http2Connection('server', wire, makeHandler(wire), options));
  });
}
