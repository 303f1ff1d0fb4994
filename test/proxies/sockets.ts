/** Small TCP servers and clients for tests, all on 127.0.0.1 and closed with their scope. */
import { once } from 'node:events';
import net from 'node:net';
import { Worker } from 'node:worker_threads';

export const never = new AbortController().signal;
export const loopback = { host: '127.0.0.1', port: 0 };

export interface TestServer extends AsyncDisposable {
  readonly address: { readonly host: string; readonly port: number };
  /** Every connection accepted so far, in order. */
  readonly sockets: readonly net.Socket[];
  /** The next connection, or the first not yet taken. */
  next(): Promise<net.Socket>;
}

/** `port`: 0 takes any free one. */
export async function serve(onSocket: (socket: net.Socket) => void = () => {}, port = 0): Promise<TestServer> {
  const sockets: net.Socket[] = [];
  let taken = 0;
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    sockets.push(socket);
    onSocket(socket);
    server.emit('taken');
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: { host: '127.0.0.1', port: (server.address() as net.AddressInfo).port },
    sockets,
    async next() {
      while (sockets.length <= taken) await once(server, 'taken');
      return sockets[taken++]!;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** The thread listens, says where and sleeps: the kernel queues what comes, until it drops SYNs. */
const sleeper = `
  const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    require('node:worker_threads').parentPort.postMessage(server.address().port);
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
  });
`;

/** An address where connections are neither taken nor refused. */
export async function serveNobody(): Promise<
  AsyncDisposable & { readonly address: { readonly host: string; readonly port: number } }
> {
  const worker = new Worker(sleeper, { eval: true });
  const [port] = (await once(worker, 'message')) as [number];
  const address = { host: '127.0.0.1', port };
  const fillers = Array.from({ length: 8 }, () => net.connect(address).on('error', () => {}));
  // The queue takes at least one of them; it is full of them, or the next ones fill it.
  await Promise.race(fillers.map((filler) => once(filler, 'connect')));
  return {
    address,
    async [Symbol.asyncDispose]() {
      for (const filler of fillers) filler.destroy();
      await worker.terminate();
    },
  };
}

/** A port that nobody listens on: it was free a moment ago. */
export async function closedPort(): Promise<number> {
  const server = await serve();
  await server[Symbol.asyncDispose]();
  return server.address.port;
}

export const connect = (address: { host: string; port: number }): net.Socket =>
  net.connect({ ...address, allowHalfOpen: true, noDelay: true });

/** Waits until at least `length` bytes came. Never reads beyond what the socket has delivered. */
export async function receive(socket: net.Socket, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let received = 0;
  while (received < length) {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) {
      if (socket.readableEnded || socket.destroyed) throw new Error(`ended after ${received} of ${length} bytes`);
      await new Promise((resolve) => ['readable', 'end', 'close'].forEach((event) => socket.once(event, resolve)));
      continue;
    }
    chunks.push(chunk);
    received += chunk.length;
  }
  return Buffer.concat(chunks);
}

/** How the peer ended the connection. */
export async function ending(socket: net.Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('end', () => resolve('FIN'));
    socket.once('close', () => resolve('closed'));
    socket.resume();
  });
}
