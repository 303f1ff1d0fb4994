/** TLS on both sides of a wire: termination with certificates chosen by SNI, origination verified by default. */
import { constants, randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { isIP } from 'node:net';
import {
  checkServerIdentity,
  connect,
  type ConnectionOptions,
  createSecureContext,
  createServer,
  type PeerCertificate,
  type SecureContext,
  type TlsOptions,
  type TLSSocket,
} from 'node:tls';
import { IntentError } from '../config/intent-error.ts';
import type { Certificate, DownstreamTls, Endpoint, UpstreamTls } from '../config/intent.ts';
import { tlsWire } from './tls-wire.ts';
import { Timer } from './timer.ts';
import type { ConnectHandler, Connecting, ListenOptions, Wire, WireHandler, WireListener } from './wire.ts';

const unowned: WireHandler = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };

/** Certificates by the names they answer for. */
export interface Contexts {
  readonly main: SecureContext;
  find(serverName: string): SecureContext;
}

type VersionOptions = Pick<TlsOptions, 'minVersion' | 'maxVersion' | 'ca'>;

function versions(tls: DownstreamTls): VersionOptions {
  return {
    minVersion: tls.minVersion ?? 'TLSv1.2',
    maxVersion: tls.maxVersion ?? 'TLSv1.3',
    ...(tls.clientCa !== undefined && { ca: tls.clientCa }),
  };
}

/** For clients that name no server. */
function contextOptions(tls: DownstreamTls): TlsOptions {
  const certificate = tls.certificates[defaultIndex(tls)] as Certificate;
  return {
    ...versions(tls),
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
  const shared = versions(tls);
  const contexts = tls.certificates.map((certificate, index) => contextOf(certificate, index, shared));
  const main = contexts[defaultIndex(tls)];
  if (main === undefined) {
    throw new IntentError([{ path: 'listener.tls.certificates', message: 'at least one certificate is needed' }]);
  }
  const names = new Map<string, SecureContext>();
  for (const [index, { serverNames }] of tls.certificates.entries()) {
    for (const name of serverNames ?? []) names.set(name.toLowerCase(), contexts[index] as SecureContext);
  }
  return {
    main,
    find(serverName) {
      const name = serverName.toLowerCase();
      return names.get(name) ?? names.get(`*${name.slice(name.indexOf('.'))}`) ?? main;
    },
  };
}

function contextOf({ cert, key }: Certificate, index: number, shared: VersionOptions): SecureContext {
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
}

/** Like `listenWires`, for connections whose handshake succeeded. */
export async function listenTls(
  address: Endpoint,
  onWire: (wire: Wire) => void,
  options: TlsListenOptions,
): Promise<WireListener> {
  const { certificates } = options;
  const { tls } = certificates;
  const most = options.connections ?? Infinity;
  const sockets = new Set<object>();
  const ownKeys = randomBytes(48); // kept over replacements, so that tickets stay good
  const ticketKeys = (given: DownstreamTls) =>
    given.ticketKeys === undefined ? ownKeys : Buffer.from(given.ticketKeys, 'base64');
  const server = createServer({
    ...contextOptions(tls),
    ticketKeys: ticketKeys(tls),
    SNICallback: (name, done) => done(null, certificates.contexts.find(name)),
    ALPNProtocols: [...(tls.alpn ?? ['http/1.1'])],
    handshakeTimeout: options.handshakeTimeout === 0 ? 2 ** 31 - 1 : options.handshakeTimeout,
    requestCert: tls.clientCa !== undefined,
    rejectUnauthorized: tls.clientCa !== undefined,
    allowHalfOpen: false, // a FIN amid the handshake is the end; half-open is only what is secured
    noDelay: true,
  });
  certificates.onReplace = (next) => server.setSecureContext({ ...contextOptions(next), ticketKeys: ticketKeys(next) });
  server.on('connection', (socket: TLSSocket) => {
    if (sockets.size >= most) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    socket.disableRenegotiation();
    socket.allowHalfOpen = true;
    onWire(tlsWire(socket, unowned));
  });
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    const { host, port } = address;
    const reusePort = options.reusePort === true;
    server.listen({ host, port, backlog: options.backlog ?? 4096, ...(reusePort && { reusePort }) }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', () => {}); // a failed accept concerns one connection
  const { address: host, port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.close();
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

/** Like `connectWire`, with a handshake on top, which the timeout covers. */
export function connectTls(endpoint: Endpoint, handler: ConnectHandler, tls: UpstreamTls, timeout: number): Connecting {
  const name = tls.serverName ?? endpoint.host;
  let done = false;
  const options: ConnectionOptions & { allowHalfOpen: boolean } = {
    host: endpoint.host,
    port: endpoint.port,
    ...(isIP(name) === 0 && { servername: name }),
    ...(tls.ca !== undefined && { ca: tls.ca }),
    ...(tls.certificate !== undefined && { cert: tls.certificate.cert, key: tls.certificate.key }),
    rejectUnauthorized: tls.verify !== false,
    ...(tls.serverName !== undefined && {
      checkServerIdentity: (_host: string, certificate: PeerCertificate) => checkServerIdentity(name, certificate),
    }),
    ALPNProtocols: ['http/1.1'],
    minVersion: 'TLSv1.2',
    allowHalfOpen: true,
  };
  const socket = connect(options);
  const fail = (error: NodeJS.ErrnoException): void => {
    if (done) return;
    done = true;
    timer.release();
    socket.destroy();
    handler.onConnectError(error);
  };
  const timer = new Timer({
    onTimeout: () => fail(Object.assign(new Error('TLS handshake timed out'), { code: 'ETIMEDOUT' })),
  });
  timer.arm(timeout);
  socket.setNoDelay(true);
  socket.on('error', fail);
  socket.once('secureConnect', () => {
    if (done) return;
    done = true;
    timer.release();
    socket.off('error', fail);
    handler.onConnect(tlsWire(socket, handler));
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
