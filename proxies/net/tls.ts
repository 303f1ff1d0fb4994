/** TLS on both sides of a wire: termination with certificates chosen by SNI, origination verified by default. */
import { constants, createHash, hkdfSync, randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer, isIP, type Server as TcpServer, type Socket } from 'node:net';
import {
  checkServerIdentity,
  connect,
  type ConnectionOptions,
  createSecureContext,
  createServer,
  type PeerCertificate,
  type SecureContext,
  type Server,
  type TlsOptions,
  type TLSSocket,
} from 'node:tls';
import { IntentError } from '../config/intent-error.ts';
import type { Certificate, DownstreamTls, Endpoint, UpstreamTls } from '../config/intent.ts';
import { carrierOf } from '../platform/reset-socket.ts';
import { TLS_SUITES } from '../platform/tls-suites.ts';
import { refuse } from './connect.ts';
import { listening } from './listen.ts';
import { readProxyHeader } from './proxy-header-socket.ts';
import { lookupName } from './resolver.ts';
import { guarded } from './socket-wire.ts';
import { tlsWire } from './tls-wire.ts';
import { Timer } from './timer.ts';
import type { ConnectHandler, Connecting, ListenOptions, Wire, WireHandler, WireListener } from './wire.ts';

const unowned: WireHandler = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };

/** How OpenSSL says that a request came where a handshake was expected. */
const PLAIN_HTTP: ReadonlySet<string> = new Set(['ERR_SSL_HTTP_REQUEST', 'ERR_SSL_HTTPS_PROXY_REQUEST']);
const PLAIN_HTTP_TEXT = '400 Bad Request: a plain HTTP request came to an HTTPS port\n';
const PLAIN_HTTP_ANSWER =
  'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n' +
  `Content-Length: ${PLAIN_HTTP_TEXT.length}\r\nConnection: close\r\n\r\n${PLAIN_HTTP_TEXT}`;

/** What a client may ask for by ALPN (RFC 7301) unless the intent says otherwise: some that speak HTTP/1.0 say so. */
const SPOKEN = ['http/1.1', 'http/1.0'];

/** Certificates by the names they answer for. */
export interface Contexts {
  readonly main: SecureContext;
  find(serverName: string): SecureContext;
  /** Whether there is an answer to who asks for this name, or for none (false). */
  serves(serverName: string | false | null): boolean;
}

type SharedOptions = Pick<TlsOptions, 'minVersion' | 'maxVersion' | 'ca' | 'ciphers' | 'ecdhCurve'>;

function sharedOptions(tls: DownstreamTls): SharedOptions {
  return {
    ...TLS_SUITES,
    minVersion: tls.minVersion ?? 'TLSv1.2',
    maxVersion: tls.maxVersion ?? 'TLSv1.3',
    ...(tls.clientCa !== undefined && { ca: tls.clientCa }),
  };
}

/** For clients that name no server. */
function contextOptions(tls: DownstreamTls): TlsOptions {
  const certificate = tls.certificates[defaultIndex(tls)]!;
  return {
    ...sharedOptions(tls),
    cert: certificate.cert,
    key: certificate.key,
    ...(tls.resumption === false && { secureOptions: constants.SSL_OP_NO_TICKET }),
  };
}

function defaultIndex(tls: DownstreamTls): number {
  return Math.max(
    0,
    tls.certificates.findIndex(({ serverNames }) => serverNames === undefined),
  );
}

/** Throws `IntentError` for a certificate or key that cannot be used. */
function createContexts(tls: DownstreamTls): Contexts {
  const shared = sharedOptions(tls);
  const contexts = tls.certificates.map((certificate, index) => contextOf(certificate, index, shared));
  const main = contexts[defaultIndex(tls)];
  if (main === undefined) {
    throw new IntentError([{ path: 'listener.tls.certificates', message: 'at least one certificate is needed' }]);
  }
  const names = new Map<string, SecureContext>();
  for (const [index, { serverNames }] of tls.certificates.entries()) {
    for (const name of serverNames ?? []) names.set(name.toLowerCase(), contexts[index]!);
  }
  const named = (serverName: string): SecureContext | undefined => {
    const name = serverName.toLowerCase();
    let found = names.get(name);
    // `*` stands for one or more labels; the longest name behind it wins.
    for (let dot = name.indexOf('.'); found === undefined && dot !== -1; dot = name.indexOf('.', dot + 1))
      found = names.get(`*${name.slice(dot)}`);
    return found;
  };
  return {
    main,
    find: (serverName) => named(serverName) ?? main,
    serves: (serverName) => tls.onlyNamed !== true || (serverName ? named(serverName) !== undefined : false),
  };
}

function contextOf({ cert, key }: Certificate, index: number, shared: SharedOptions): SecureContext {
  try {
    return createSecureContext({ cert, key, ...shared });
  } catch (error) {
    const message = `certificate and key cannot be used together: ${(error as Error).message}`;
    throw new IntentError([{ path: `listener.tls.certificates[${index}]`, message }]);
  }
}

/** What a listener answers handshakes with; can be replaced while it runs, connections that stand are not touched. */
export class Certificates {
  tls: DownstreamTls;
  contexts: Contexts;
  /** Set by the listener. */
  onReplace: (tls: DownstreamTls) => void = () => {};

  constructor(tls: DownstreamTls) {
    this.tls = tls;
    this.contexts = createContexts(tls);
  }

  /** Throws `IntentError`, and then nothing has changed. */
  replace(tls: DownstreamTls): void {
    this.contexts = createContexts(tls);
    this.tls = tls;
    this.onReplace(tls);
  }
}

export interface TlsListenOptions extends ListenOptions {
  readonly certificates: Certificates;
  /** Milliseconds. */
  readonly handshakeTimeout: number;
  /** Offered before HTTP/1.1, unless the intent lists what is. */
  readonly http2?: boolean;
  /** Milliseconds in which a PROXY protocol header must have come, ahead of the handshake; absent: none is expected. */
  readonly proxyHeaderTimeout?: number;
}

/**
 * Like `listenWires`, for connections whose handshake succeeded. `onWire` is told the client's address where a PROXY header named it, and
 * the protocol that ALPN agreed on; where there is none that both speak, the handshake fails with no_application_protocol.
 */
export async function listenTls(
  address: Endpoint,
  onWire: (wire: Wire, address?: string) => void,
  options: TlsListenOptions,
): Promise<WireListener> {
  const { certificates, proxyHeaderTimeout, onRefused = () => {} } = options;
  const { tls } = certificates;
  const most = options.connections ?? Infinity;
  const sockets = new Set<object>();
  /** By the address and port of the other end, which a socket and TLS upon it have in common. */
  const announced = new Map<string, string>();
  const ownKeys = randomBytes(48); // kept over replacements, so that tickets stay good
  const server = createServer({
    ...contextOptions(tls),
    ticketKeys: ticketKeys(tls, ownKeys),
    SNICallback: (name, done) => done(null, certificates.contexts.find(name)),
    ALPNProtocols: [...(tls.alpn ?? (options.http2 === true ? ['h2', ...SPOKEN] : SPOKEN))],
    handshakeTimeout: options.handshakeTimeout === 0 ? 2 ** 31 - 1 : options.handshakeTimeout,
    requestCert: tls.clientCa !== undefined,
    rejectUnauthorized: tls.clientCa !== undefined,
    allowHalfOpen: false, // a FIN amid the handshake is the end; half-open is only what is secured
    noDelay: true,
  });
  certificates.onReplace = (next) =>
    server.setSecureContext({ ...contextOptions(next), ticketKeys: ticketKeys(next, ownKeys) });
  server.on('secureConnection', (socket: TLSSocket) => {
    // Here, and not only where a certificate is chosen: a resumed session needs none.
    if (!certificates.contexts.serves(socket.servername)) {
      socket.destroy();
      return;
    }
    socket.disableRenegotiation();
    socket.allowHalfOpen = true;
    const wire = tlsWire(socket, unowned);
    guarded(wire, () => onWire(wire, announced.get(peerOf(socket))));
  });
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    const { code = '' } = error;
    const isPlain = PLAIN_HTTP.has(code);
    if (isPlain) carrierOf(socket)?.end(PLAIN_HTTP_ANSWER); // in the clear, as it asked; the runtime closes it after this
    // A client that leaves amid the handshake has merely left.
    const reason = isPlain ? 'plain_http_to_tls' : code === 'ECONNRESET' ? 'client_closed' : 'tls_handshake_failed';
    onRefused(reason, socket.remoteAddress ?? '', error.message);
    socket.destroy();
  });
  const acceptor = proxyHeaderTimeout === undefined ? server : behindProxyHeader(server, announced, options);
  acceptor.on('connection', (socket: Socket) => {
    if (sockets.size >= most) {
      onRefused('connections_limit', socket.remoteAddress ?? '', `${most} are open`);
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await listening(acceptor, address, options);
  acceptor.on('error', (error) => onRefused('accept_failed', '', error.message)); // it concerns one connection
  const { address: host, port } = acceptor.address() as AddressInfo;
  const close = async (): Promise<void> => {
    acceptor.close();
  };
  return {
    address: { host, port },
    get active() {
      return sockets.size;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Hands on what begins with a PROXY protocol header, and notes the address that it names. */
const behindProxyHeader = (
  server: Server,
  announced: Map<string, string>,
  { proxyHeaderTimeout = 0, onRefused = () => {} }: TlsListenOptions,
): TcpServer =>
  createTcpServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {}); // 'close' follows; an error may come before anybody else listens
    const client = socket.remoteAddress ?? '';
    if (client === '') {
      socket.destroy(); // gone already: nobody could be told apart from another that is
      return;
    }
    readProxyHeader(socket, proxyHeaderTimeout, {
      onHeader(source) {
        const peer = peerOf(socket);
        if (source !== undefined) announced.set(peer, source);
        socket.once('close', () => announced.delete(peer));
        server.emit('connection', socket);
      },
      onRefused: () => onRefused('proxy_header_malformed', client, 'no PROXY protocol header'),
    });
  });

/**
 * A ticket vouches for the certificate that its client once showed, so the keys follow from the authorities that it was shown to:
 * where those are replaced, no older ticket can be read any more, and event loops with the same keys still agree.
 */
function ticketKeys({ ticketKeys: given, clientCa }: DownstreamTls, own: Buffer): Buffer {
  const keys = given === undefined ? own : Buffer.from(given, 'base64');
  return clientCa === undefined ? keys : Buffer.from(hkdfSync('sha256', keys, '', clientHash(clientCa), keys.length));
}

/** What HKDF takes as its context may have at most 1,024 bytes. */
const clientHash = (clientCa: string): Buffer => createHash('sha256').update(clientCa).digest();

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/**
 * Like `connectWire`, with a handshake on top, which the timeout covers. `protocols`: those that are offered by ALPN. Who agrees on none
 * speaks HTTP/1.1.
 */
export function connectTls(
  endpoint: Endpoint,
  handler: ConnectHandler,
  tls: UpstreamTls & { readonly protocols: readonly string[] },
  timeout: number,
): Connecting {
  const name = tls.serverName ?? endpoint.host;
  let done = false;
  const options: ConnectionOptions & { allowHalfOpen: boolean } = {
    host: endpoint.host,
    port: endpoint.port,
    lookup: lookupName,
    ...(isIP(name) === 0 && { servername: name }),
    ...(tls.ca !== undefined && { ca: tls.ca }),
    ...(tls.certificate !== undefined && { cert: tls.certificate.cert, key: tls.certificate.key }),
    rejectUnauthorized: tls.verify !== false,
    ...(tls.serverName !== undefined && {
      checkServerIdentity: (_host: string, certificate: PeerCertificate) => checkServerIdentity(name, certificate),
    }),
    ALPNProtocols: [...tls.protocols],
    minVersion: 'TLSv1.2',
    allowHalfOpen: true,
  };
  const socket = connect(options);
  const fail = (error: NodeJS.ErrnoException): void => {
    if (done) return;
    done = true;
    timer.release();
    socket.destroy();
    refuse(handler, error);
  };
  const timer = new Timer({
    onTimeout: () => fail(Object.assign(new Error('TLS handshake timed out'), { code: 'ETIMEDOUT' })),
  });
  timer.arm(timeout);
  socket.setNoDelay(true);
  socket.on('error', fail);
  socket.once('secureConnect', () => {
    if (done) return;
    if (!tls.protocols.includes(socket.alpnProtocol || 'http/1.1')) {
      fail(new Error(`the origin speaks none of ${tls.protocols.join(', ')}: ALPN agreed on nothing`));
      return;
    }
    done = true;
    timer.release();
    socket.off('error', fail);
    const wire = tlsWire(socket, handler);
    guarded(wire, () => handler.onConnect(wire));
  });
  return {
    abandon() {
      if (done) return;
      done = true;
      timer.release();
      socket.on('error', () => {});
      socket.destroy();
    },
  };
}
