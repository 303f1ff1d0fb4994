/**
 * The recording origin of the conformance suite: permissive, so that whatever a proxy lets through arrives; keeps the raw bytes of
 * each connection for the strict re-reader; answers by script. In the runner's own process, so that a case can hold an answer back.
 */
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Endpoint } from '#proxies/config/intent.ts';
import { Changes } from './changes.ts';
import { type Reading, readRequests, type StrictRequest } from './strict-reader.ts';

/** A request as leniently as it can be read: where it begins to make sense, what it asks for. */
export interface Arrival {
  readonly method: string;
  readonly target: string;
  readonly head: string;
  readonly connection: OriginConnection;
}

/** What is done about a request. `head`: its body need not have come. */
export interface Script {
  readonly at?: 'head' | 'end';
  readonly answer: string | ((arrival: Arrival) => void);
  readonly ends?: 'close' | 'reset';
}

/** The strict reading of all that came since the last one. */
export interface Received {
  readonly requests: readonly StrictRequest[];
  /** Octets that are no whole request (yet), by connection. */
  readonly rest: readonly string[];
  readonly problems: readonly string[];
}

/** Target of requests that only synchronise: answered and left out of what is received. */
export const FENCE = '/-/fence';

export const ok = (body = 'ok'): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

const PERMISSIVE_LINE = /^([^\s]+) +(\S+)/;
const PERMISSIVE_HEAD = /\r?\n[ \t]*\r?\n/;

export class OriginConnection {
  readonly socket: Socket;
  readonly #origin: RecordingOrigin;
  /** All that came, as latin-1 text. */
  raw = '';
  /** The peer's FIN. */
  ended = false;
  closed = false;
  /** How it broke, where it did. */
  failure: NodeJS.ErrnoException | undefined;
  #taken = 0;
  #answered = 0;
  /** The request whose body is awaited. */
  #open: { readonly arrival: Arrival; readonly script: Script; readonly bodyStart: number } | undefined;
  /** Of synchronisation only: echoed whatever the case has in mind. */
  #isFence = false;
  #isTunnel = false;

  constructor(socket: Socket, origin: RecordingOrigin) {
    this.socket = socket;
    this.#origin = origin;
    socket.on('data', (chunk: Buffer) => {
      origin.bytes += chunk.length;
      if (origin.keeps) this.raw += chunk.toString('latin1');
      if (origin.speaks === 'bytes') {
        this.#isFence ||= chunk.includes(FENCE);
        if (this.#isFence) this.write(chunk);
        else origin.onBytes(this, chunk);
      } else if (origin.keeps) this.#answer();
      origin.changes.notify();
    });
    socket.on('end', () => {
      this.ended = true;
      if (this.#isFence) this.end();
      else origin.onEnd(this);
      origin.changes.notify();
    });
    socket.on('error', (error) => (this.failure = error));
    socket.on('close', () => {
      this.closed = true;
      origin.changes.notify();
    });
  }

  /** Strictly reads what came since the last time. */
  take(): Reading<StrictRequest> & { readonly rest: string } {
    const raw = this.raw.slice(this.#taken);
    const reading = readRequests(raw);
    this.#taken += reading.length;
    return { ...reading, rest: raw.slice(reading.length) };
  }

  /** Open, and at the end of a request. */
  get idle(): boolean {
    return (
      !this.closed && !this.ended && this.#origin.keeps && this.#origin.speaks === 'http' && this.take().rest === ''
    );
  }

  write(text: string | Buffer): boolean {
    return typeof text === 'string' ? this.socket.write(text, 'latin1') : this.socket.write(text);
  }

  end(): void {
    this.socket.end();
  }

  /** RST; over TLS a FIN without close_notify. */
  reset(): void {
    const below = this.#origin.below(this.socket);
    if (below === this.socket) this.socket.resetAndDestroy();
    else below.destroy();
  }

  /** From here on nothing is taken for a request. */
  tunnel(): void {
    this.#isTunnel = true;
  }

  #answer(): void {
    while (!this.#isTunnel) {
      if (this.#open === undefined) {
        const pending = this.raw.slice(this.#answered);
        const end = PERMISSIVE_HEAD.exec(pending);
        if (end === null) return;
        const head = pending.slice(0, end.index);
        const [, method = '', target = ''] = PERMISSIVE_LINE.exec(head.trimStart()) ?? [];
        const arrival = { method, target, head, connection: this };
        const script = target === FENCE ? { answer: ok() } : this.#origin.script(arrival);
        this.#open = { arrival, script, bodyStart: this.#answered + end.index + end[0].length };
        if (script.at === 'head') this.#serve(arrival, script);
        else if (/^expect:/im.test(head)) this.write('HTTP/1.1 100 Continue\r\n\r\n');
      }
      const { arrival, script, bodyStart } = this.#open;
      const end = bodyEnd(arrival.head, this.raw, bodyStart);
      if (end === undefined) return;
      this.#open = undefined;
      this.#answered = end;
      if (script.at !== 'head') this.#serve(arrival, script);
    }
  }

  #serve(arrival: Arrival, { answer, ends }: Script): void {
    if (typeof answer === 'string') this.write(answer);
    else answer(arrival);
    if (ends === 'close') this.end();
    if (ends === 'reset') this.reset();
  }
}

/** Where a body ends for one who takes whatever framing there is; undefined: not yet. */
function bodyEnd(head: string, raw: string, start: number): number | undefined {
  if (/transfer[-_.]encoding\s*:.*chunked/i.test(head)) {
    const last = /(^|\r?\n)0+[^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n/.exec(raw.slice(start));
    return last ? start + last.index + last[0].length : undefined;
  }
  const length = Number.parseInt(/content[-_.]length\s*:\s*\+?(\d+)/i.exec(head)?.[1] ?? '0', 10);
  return raw.length - start >= length ? start + length : undefined;
}

export class RecordingOrigin implements AsyncDisposable {
  readonly changes = new Changes();
  readonly connections: OriginConnection[] = [];
  readonly speaks: 'http' | 'bytes';
  /** Octets received, all connections. */
  bytes = 0;
  /** Off: octets are counted only. */
  keeps = true;
  script: (arrival: Arrival) => Script = defaultScript;
  onBytes: (connection: OriginConnection, chunk: Buffer) => void = echo;
  onEnd: (connection: OriginConnection) => void = end;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(speaks: 'http' | 'bytes', tls: { cert: string; key: string } | undefined) {
    this.speaks = speaks;
    const accept = (socket: Socket): void => {
      socket.setNoDelay(true);
      this.connections.push(new OriginConnection(socket, this));
      this.changes.notify();
    };
    this.#server = tls
      ? createTlsServer({ ...tls, ALPNProtocols: ['http/1.1'], allowHalfOpen: true }, accept)
      : createTcpServer({ allowHalfOpen: true }, accept);
    // Below a TLS connection, and before there is one.
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy());
  }

  /** `tls`: it speaks TLS with this leaf. */
  static async start(
    speaks: 'http' | 'bytes',
    tls?: { readonly cert: string; readonly key: string },
  ): Promise<RecordingOrigin> {
    const origin = new RecordingOrigin(speaks, tls);
    await new Promise<void>((resolve, reject) => {
      origin.#server.once('error', reject);
      origin.#server.listen(0, '127.0.0.1', 4096, resolve);
    });
    return origin;
  }

  /** The TCP connection that carries a TLS one; itself where there is no TLS. */
  below(socket: Socket): Socket {
    return [...this.#sockets].find((each) => each.remotePort === socket.remotePort) ?? socket;
  }

  get address(): Endpoint {
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port };
  }

  /** Some connection is open amid a request. */
  get busy(): boolean {
    return this.speaks === 'http' && this.connections.some((connection) => !connection.closed && !connection.idle);
  }

  /** Back to the default answers, for the next case: only connections that wait for a request stay. */
  settle(): void {
    this.script = defaultScript;
    this.onBytes = echo;
    this.onEnd = end;
    const idle = this.connections.filter((connection) => connection.idle);
    this.keeps = true;
    for (const { socket } of this.connections.splice(0, this.connections.length, ...idle))
      if (!socket.destroyed) socket.destroy();
  }

  /** Strictly reads what came since `settle` or the last `take`; octets of unfinished requests stay for the next. */
  take(): Received {
    const requests: StrictRequest[] = [];
    const rest: string[] = [];
    const problems: string[] = [];
    for (const connection of this.connections) {
      const reading = connection.take();
      requests.push(...reading.messages.filter(({ target }) => target !== FENCE));
      if (reading.problem !== undefined) problems.push(reading.problem);
      if (reading.rest !== '') rest.push(reading.rest);
    }
    return { requests, rest, problems };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.once('close', resolve));
    this.#server.close();
    for (const { socket } of this.connections) socket.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

const defaultScript = ({ method }: Arrival): Script => ({
  answer: method === 'HEAD' ? 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n' : ok(),
});
const echo = (connection: OriginConnection, chunk: Buffer): void => void connection.write(chunk);
const end = (connection: OriginConnection): void => connection.end();
