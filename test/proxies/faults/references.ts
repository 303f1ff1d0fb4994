/** The reference proxies that speak over connections, an origin that misbehaves on request, and clients that do. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { createCertificate } from '#bench/lab/certificates.ts';
import type { Endpoint, ProxyIntent } from '#proxies/config/intent.ts';
import { ORIGIN_HOST } from './origin-host.ts';

const { cert, key } = createCertificate();
const certificates = [{ cert, key }];

export interface Reference {
  readonly name: string;
  /** A PROXY protocol header comes first. */
  readonly announced?: boolean;
  /** Besides the listener's address and the cluster. */
  readonly listener?: Omit<ProxyIntent['listener'], 'address'>;
  readonly cluster?: Pick<ProxyIntent['clusters'][number], 'tls' | 'proxyProtocol'>;
  /** The client speaks TLS, to the proxy or past it. */
  readonly secure: boolean;
  readonly secureOrigin: boolean;
  /** Each request says where it goes. */
  readonly forward?: boolean;
}

export const REFERENCES: readonly Reference[] = [
  { name: 'l4-tcp', cluster: { proxyProtocol: 'v2' }, secure: false, secureOrigin: false },
  { name: 'l4-sni', secure: true, secureOrigin: true },
  { name: 'l7-http', secure: false, secureOrigin: false },
  { name: 'l7-tls', listener: { tls: { certificates } }, secure: true, secureOrigin: false },
  {
    name: 'l7-tls-reencrypt',
    listener: { tls: { certificates } },
    cluster: { tls: { verify: false } },
    secure: true,
    secureOrigin: true,
  },
  { name: 'l4-tcp', announced: true, secure: false, secureOrigin: false },
  { name: 'l7-http', announced: true, secure: false, secureOrigin: false },
  { name: 'l7-tls', announced: true, listener: { tls: { certificates } }, secure: true, secureOrigin: false },
  { name: 'l7-forward', secure: false, secureOrigin: false, forward: true },
];

export const intentFor = (
  { name, announced = false, listener = {}, cluster = {}, forward }: Reference,
  origin: number,
): Omit<ProxyIntent, 'timeouts'> => ({
  listener: { address: { host: '127.0.0.1', port: 0 }, proxyProtocol: announced, ...listener },
  limits: { connections: 30, ...(name.startsWith('l7') && { upstreamIdlePerEndpoint: 4 }) },
  ...(forward
    ? { clusters: [], forward: { allow: [ORIGIN_HOST] } } // where tests live
    : {
        clusters: [{ name: 'o', endpoints: [{ host: ORIGIN_HOST, port: origin }], ...cluster }],
        defaultCluster: 'o',
      }),
});

/** What TLS sockets stand on: they cannot be reset themselves. */
const carriers = new WeakMap<Socket, Socket>();
/** The runtime forgets to close a handle that it is told to reset amid its FIN. */
const reset = (socket: Socket) => {
  const carrier = carriers.get(socket) ?? socket;
  const isEnding = [socket, carrier].some(({ writableEnded, writableFinished }) => writableEnded && !writableFinished);
  return isEnding ? carrier.destroy() : carrier.resetAndDestroy();
};

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n';
const BODY = 'o'.repeat(2000);

/** What an origin does with a connection. */
export const ORIGIN_MODES = {
  answers: (socket) => afterRequest(socket, () => socket.write(HEAD + BODY)),
  'resets at once': (socket) => reset(socket),
  'closes at once': (socket) => socket.end(),
  'resets after the request': (socket) => afterRequest(socket, () => reset(socket)),
  'closes amid the head': (socket) => afterRequest(socket, () => socket.end(HEAD.slice(0, 20))),
  'resets amid the body': (socket) =>
    afterRequest(socket, () => socket.write(HEAD + BODY.slice(1000), () => reset(socket))),
  'closes amid the body': (socket) => afterRequest(socket, () => socket.end(HEAD + BODY.slice(1000))),
  'says nonsense': (socket) => afterRequest(socket, () => socket.write('\0\0\0\r\n\r\n')),
  'resets after the answer': (socket) =>
    afterRequest(socket, () => socket.write(HEAD + BODY, () => setImmediate(() => reset(socket)))),
  'is silent': () => {},
} as const satisfies Record<string, (socket: Socket) => void>;

export type OriginMode = keyof typeof ORIGIN_MODES;

function afterRequest(socket: Socket, act: () => void): void {
  let seen = '';
  socket.on('data', (chunk) => {
    seen += chunk.toString('latin1');
    if (!/HTTP\/1\.1\r\n[^]*\r\n\r\n/.test(seen)) return;
    seen = '';
    act();
  });
}

export class Origin implements AsyncDisposable {
  mode: () => OriginMode = () => 'answers';
  port = 0;
  readonly #sockets = new Set<Socket>();
  readonly #secure: boolean;
  #server: Server | undefined;

  constructor(secure: boolean) {
    this.#secure = secure;
  }

  /** At the same port as before, after `refuse`. */
  async listen(): Promise<this> {
    const take = (socket: Socket) => {
      const carrier = [...this.#sockets].find(({ remotePort }) => remotePort === socket.remotePort);
      if (carrier) carriers.set(socket, carrier);
      socket.on('error', () => {});
      ORIGIN_MODES[this.mode()](socket);
    };
    const server = this.#secure ? createTlsServer({ cert, key }, take) : createServer(take);
    server.on('tlsClientError', () => {});
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket.on('error', () => {}));
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
    return this;
  }

  /** Nobody listens any more. */
  async refuse(): Promise<void> {
    const closed = once(this.#server!, 'close');
    this.#server!.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.refuse();
  }
}

/** What a client does with a connection that it was given; it is closed by either side in the end. */
export const CLIENT_KINDS = {
  'asks and reads': (socket, request) => socket.end(request),
  'asks twice and reads': (socket, request) => socket.write(request.repeat(2)),
  'resets at once': (socket) => reset(socket),
  'closes at once': (socket) => socket.destroy(),
  'resets amid the request': (socket, request) =>
    socket.write(request.slice(0, 20), () => setImmediate(() => reset(socket))),
  'closes amid the request': (socket, request) => socket.end(request.slice(0, 20)),
  'resets after the request': (socket, request) => socket.write(request, () => setImmediate(() => reset(socket))),
  'resets amid the answer': (socket, request) => void socket.once('data', () => reset(socket)).write(request),
  'says nonsense': (socket) => socket.end('\0\x01\x02\r\n\r\n\r\n'),
  'is silent': () => {},
  'does not read': (socket, request) => socket.pause().write(request),
} as const satisfies Record<string, (socket: Socket, request: string) => unknown>;

export type ClientKind = keyof typeof CLIENT_KINDS;

/** A client that stops short of what comes first: the header, or TLS. */
export const bare: Pick<Reference, 'secure' | 'announced'> = { secure: false };

export const label = ({ name, announced }: Reference): string => (announced ? `${name} behind a PROXY header` : name);

export const requestTo = ({ forward }: Reference, origin: Origin, close = false): string =>
  `GET ${forward ? `http://${ORIGIN_HOST}:${origin.port}` : ''}/x HTTP/1.1\r\nHost: ${ORIGIN_HOST}:${origin.port}\r\n` +
  `${close ? 'Connection: close\r\n' : ''}\r\n`;

/** Milliseconds after which a client leaves whatever the proxy does. */
const PATIENCE = 500;

/** Resolves with what was received, when the connection is closed. */
export async function act(
  address: Endpoint,
  { secure, announced }: Pick<Reference, 'secure' | 'announced'>,
  kind: ClientKind,
  request: string,
): Promise<string> {
  const carrier = connect(address);
  if (announced) carrier.write('PROXY TCP4 203.0.113.9 203.0.113.1 4711 443\r\n');
  const socket = secure ? connectTls({ socket: carrier, servername: 'localhost', rejectUnauthorized: false }) : carrier;
  carriers.set(socket, carrier);
  let received = '';
  socket.on('error', () => {}).on('data', (chunk) => (received += chunk.toString('latin1')));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  carrier.on('error', () => {}).once('close', () => socket.destroy());
  const timer = setTimeout(() => carrier.destroy(), PATIENCE);
  socket.once(secure ? 'secureConnect' : 'connect', () => CLIENT_KINDS[kind](socket, request));
  await closed;
  clearTimeout(timer);
  return received;
}

/** A whole exchange, as if nothing had ever gone wrong. On a busy machine the short time-outs here may end one: then the next counts. */
export async function isServed(reference: Reference, address: Endpoint, origin: Origin): Promise<boolean> {
  const request = requestTo(reference, origin, true);
  for (let attempt = 0; attempt < 10; attempt++)
    if ((await act(address, reference, 'asks twice and reads', request)).includes(BODY)) return true;
  return false;
}
