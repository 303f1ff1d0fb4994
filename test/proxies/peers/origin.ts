/** Small origins for the peers' tests, clients that show what came through, and what is left of a peer after its end. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { Agent, createServer, request, type IncomingMessage } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { connect, createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { buffer } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import type { Endpoint } from '#proxies/config/intent.ts';
import { TLS_SUITES } from '#proxies/platform/tls-suites.ts';

export interface Seen {
  readonly method: string;
  readonly url: string;
  /** Names as they came, lower case, in pairs. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** RFC 6455 §1.3. */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

class Origin implements AsyncDisposable {
  readonly server: Server;
  readonly sockets = new Set<Socket>();
  connections = 0;

  constructor(server: Server) {
    this.server = server;
    server.on('connection', (socket: Socket) => {
      this.connections++;
      this.sockets.add(socket);
      socket.on('error', () => {}).once('close', () => this.sockets.delete(socket));
    });
  }

  get address(): Endpoint {
    const { address, port } = this.server.address() as AddressInfo;
    return { host: address, port };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}

async function listening(server: Server): Promise<Origin> {
  const origin = new Origin(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return origin;
}

const pairs = (raw: readonly string[]): [string, string][] =>
  raw.flatMap((name, i): [string, string][] => (i % 2 === 0 ? [[name.toLowerCase(), raw[i + 1]!]] : []));

/** Answers with what it saw, as JSON, once `release` has resolved. */
export const httpOrigin = (name = 'origin', release: Promise<unknown> = Promise.resolve()): Promise<Origin> =>
  listening(
    createServer((incoming, answer) => {
      void Promise.all([buffer(incoming), release]).then(([body]) => {
        const seen: Seen = {
          method: incoming.method ?? '',
          url: incoming.url ?? '',
          headers: pairs(incoming.rawHeaders),
          body: body.toString(),
        };
        answer.writeHead(200, { 'content-type': 'application/json', 'x-origin': name, server: 'origin' });
        answer.end(JSON.stringify(seen));
      });
    }).on('upgrade', (incoming, socket: Socket, head: Buffer) => {
      const accept = createHash('sha1')
        .update(`${incoming.headers['sec-websocket-key']}${WEBSOCKET_GUID}`)
        .digest('base64');
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
          `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      socket.write(head);
      socket.pipe(socket);
    }),
  );

export const tcpEcho = (): Promise<Origin> =>
  listening(createTcpServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)));

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly seen: Seen | undefined;
  readonly tls?: { readonly version: string | null; readonly cipher: string; readonly group: string | undefined };
}

/** A client of its own, with its own connections. */
export class Client implements Disposable {
  readonly #agent: Agent | TlsAgent;
  readonly #target: Endpoint;
  readonly #isTls: boolean;

  constructor(target: Endpoint, connections: number, ca?: string) {
    this.#target = target;
    this.#isTls = ca !== undefined;
    const options = { keepAlive: true, maxSockets: connections };
    this.#agent =
      ca === undefined ? new Agent(options) : new TlsAgent({ ...options, ca, servername: 'localhost', ...TLS_SUITES });
  }

  ask(
    path: string,
    options: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string } = {},
  ): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const send = this.#isTls ? tlsRequest : request;
    const outgoing = send(
      {
        ...this.#target,
        path,
        agent: this.#agent as TlsAgent,
        method: options.method ?? 'GET',
        headers: options.headers ?? {},
      },
      (incoming) => {
        const socket = incoming.socket as TLSSocket;
        const tls = this.#isTls && {
          version: socket.getProtocol(),
          cipher: socket.getCipher().standardName,
          group: (socket.getEphemeralKeyInfo() as { name?: string }).name,
        };
        buffer(incoming).then((bytes) => {
          const body = bytes.toString();
          const isSeen = incoming.headers['x-origin'] !== undefined && body !== '';
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body,
            seen: isSeen ? (JSON.parse(body) as Seen) : undefined,
            ...(tls && { tls }),
          });
        }, reject);
      },
    );
    outgoing.once('error', reject).end(options.body);
    return promise;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

/** Sends all of it and FIN, returns what came back until FIN. */
export async function exchange({ host, port }: Endpoint, bytes: string): Promise<string> {
  const socket = connect({ host, port, allowHalfOpen: true });
  socket.end(bytes);
  return (await buffer(socket)).toString();
}

export const isRefused = ({ host, port }: Endpoint): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, host, () => {
      socket.destroy();
      resolve(false);
    }).once('error', () => resolve(true));
  });

/** Those that still run; a zombie does not. */
export const alive = (pids: readonly number[]): number[] =>
  pids.filter((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return !'ZX'.includes(stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3));
    } catch {
      return false;
    }
  });

/** Private folders of peers that `owner` started. */
export const folders = (owner: number = process.pid): string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith(`hopcost-peer-${owner}-`));

/** Waits for a state by looking, bounded; never for a time. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, within = 5_000): Promise<void> {
  const deadline = performance.now() + within;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${within} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
