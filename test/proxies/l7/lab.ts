/** A raw client and a scripted origin that keeps the octets it got, on real sockets; nothing of what is tested is used. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { ProxyIntent } from '#proxies/config/intent.ts';
import type { RunningProxy } from '#proxies/contract.ts';
import { definition } from '#proxies/l7/l7-http.ts';

/** Octets that come, and the wish to see some of them. */
export class Reader {
  text = '';
  ended = false;
  error: NodeJS.ErrnoException | undefined;
  closed = false;
  readonly socket: Socket;
  #waiting: (() => void)[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (chunk: unknown) => this.#note(() => (this.text += String(chunk))));
    socket.on('end', () => this.#note(() => (this.ended = true)));
    socket.on('error', (error) => this.#note(() => (this.error = error)));
    socket.on('close', () => this.#note(() => (this.closed = true)));
  }

  #note(change: () => void): void {
    change();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.closed) throw new Error(`closed while waiting; got ${JSON.stringify(this.text.slice(-500))}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async sees(part: string): Promise<string> {
    await this.until(() => this.text.includes(part));
    return this.text;
  }

  async end(): Promise<string> {
    while (!this.ended && !this.closed) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.text;
  }

  async close(): Promise<string> {
    while (!this.closed) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.text;
  }

  send(text: string): this {
    this.socket.write(text, 'latin1');
    return this;
  }
}

export class Origin implements AsyncDisposable {
  readonly connections: Reader[] = [];
  port = 0;
  readonly #server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  readonly #script: (connection: Reader, index: number) => unknown;
  #waiting: (() => void)[] = [];

  /** `script` runs for each connection. */
  constructor(script: (connection: Reader, index: number) => unknown) {
    this.#script = script;
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  #accept(socket: Socket): void {
    const reader = new Reader(socket);
    this.connections.push(reader);
    socket.on('end', () => socket.end());
    void Promise.resolve(this.#script(reader, this.connections.length - 1)).catch(() => socket.destroy());
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async connection(index: number): Promise<Reader> {
    while (this.connections.length <= index) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.connections[index]!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.connections) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Answers every request (told by its empty line; requests without body) with the same octets. */
export function answering(response: string): (connection: Reader) => void {
  return (connection) => {
    let answered = 0;
    connection.socket.on('data', () => {
      const requests = connection.text.split('\r\n\r\n').length - 1;
      for (; answered < requests; answered += 1) connection.send(response);
    });
  };
}

export const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

export interface Setup extends AsyncDisposable {
  readonly origin: Origin;
  readonly proxy: RunningProxy;
  client(): Promise<Reader>;
  /** Sends on a connection of its own and gives all that comes until the proxy ends it. */
  exchange(text: string): Promise<string>;
}

export type Change = Partial<Omit<ProxyIntent, 'listener' | 'clusters'>>;

export async function setup(
  script: (connection: Reader, index: number) => unknown,
  change: Change = {},
  define = definition,
): Promise<Setup> {
  const origin = await new Origin(script).listen();
  const clients: Reader[] = [];
  const starting = define.start(
    {
      listener: { address: { host: '127.0.0.1', port: 0 } },
      clusters: [{ name: 'origin', endpoints: [{ host: '127.0.0.1', port: origin.port }] }],
      defaultCluster: 'origin',
      ...change,
    },
    new AbortController().signal,
  );
  // An origin that nobody disposes of would keep the process alive.
  const proxy = await starting.catch(async (error: unknown) => {
    await origin[Symbol.asyncDispose]();
    throw error;
  });
  const client = async (): Promise<Reader> => {
    const socket = connect({ port: proxy.address.port, host: '127.0.0.1', allowHalfOpen: true });
    const reader = new Reader(socket);
    clients.push(reader);
    await new Promise((resolve) => socket.once('connect', resolve));
    return reader;
  };
  return {
    origin,
    proxy,
    client,
    async exchange(text) {
      const reader = await client();
      const all = await reader.send(text).end();
      reader.socket.destroy();
      return all;
    },
    async [Symbol.asyncDispose]() {
      for (const { socket } of clients) socket.destroy();
      await proxy[Symbol.asyncDispose]();
      await origin[Symbol.asyncDispose]();
    },
  };
}
