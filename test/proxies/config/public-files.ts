/**
 * Envoy files with the features of public ones, prepared for one machine: every endpoint is an origin of this test, every listener has a
 * free port, certificates are this run's. What they say of routes, filters and time-outs stays as it is.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { RunCertificate } from '#bench/lab/certificates.ts';

const folder = join(import.meta.dirname, 'corpus/public');
export const textOf = (name: string): string => readFileSync(join(folder, `${name}.yaml`), 'utf8');

/** What YAML parses to: anything. */
type Tree = ReturnType<typeof parse>;

/** Every mapping below, and itself. */
function* mappings(tree: Tree): Generator<Tree> {
  if (typeof tree !== 'object' || tree === null) return;
  if (!Array.isArray(tree)) yield tree;
  for (const value of Object.values(tree)) yield* mappings(value);
}

export interface Prepared extends AsyncDisposable {
  readonly text: string;
  /** Of the listeners, in the order of the file. */
  readonly ports: readonly number[];
}

/** `ports` for its listeners; `files` are the certificates by their path in the file. */
export async function prepare(
  name: string,
  certificate: RunCertificate,
  files: Readonly<Record<string, string>>,
  ports: (protocol: 'tcp' | 'udp') => Promise<number>,
): Promise<Prepared> {
  const tree = parse(textOf(name));
  const resources = tree.static_resources ?? tree.staticResources;
  delete tree.admin;
  await using stack = new AsyncDisposableStack();
  const chosen: number[] = [];
  for (const listener of resources.listeners) {
    const address = listener.address.socket_address ?? listener.address.socketAddress;
    const port = await ports(address.protocol === 'UDP' ? 'udp' : 'tcp');
    address.address = '127.0.0.1';
    address[address.portValue === undefined ? 'port_value' : 'portValue'] = port;
    chosen.push(port);
  }
  for (const cluster of resources.clusters ?? []) {
    const isUdp = name === 'udp';
    const isTcp = name === 'database';
    const secure = cluster.transport_socket !== undefined || name === 'passthrough';
    const origin = isUdp
      ? await udpEcho()
      : isTcp
        ? await tcpEcho()
        : await httpOrigin(cluster.name, secure ? certificate : undefined);
    stack.use(origin);
    for (const mapping of mappings(cluster))
      for (const [key, portKey] of [
        ['socket_address', 'port_value'],
        ['socketAddress', 'portValue'],
      ] as const)
        if (mapping[key]) Object.assign(mapping[key], { address: '127.0.0.1', [portKey]: origin.port });
    const tls = cluster.transport_socket?.typed_config;
    if (tls)
      Object.assign(tls, {
        sni: 'localhost',
        common_tls_context: { validation_context: { trusted_ca: { inline_string: certificate.ca } } },
      });
  }
  for (const mapping of mappings(tree)) if (files[mapping.filename]) mapping.filename = files[mapping.filename];
  const scope = stack.move();
  return {
    text: stringify(tree, { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' }),
    ports: chosen,
    [Symbol.asyncDispose]: () => scope.disposeAsync(),
  };
}

interface TestOrigin extends AsyncDisposable {
  readonly port: number;
}

/** Says what it got; switches to whatever is asked for, and echoes. */
async function httpOrigin(cluster: string, certificate: RunCertificate | undefined): Promise<TestOrigin> {
  const listener: http.RequestListener = ({ method, url, headers }, response) => {
    const { host, 'x-api-key': key, 'x-internal': internal } = headers;
    response.setHeader('x-origin', cluster);
    response.end(JSON.stringify({ cluster, method, url, host: host?.replace(/:\d+$/, ''), key, internal }));
  };
  const server = certificate
    ? https.createServer({ cert: certificate.cert, key: certificate.key }, listener)
    : http.createServer(listener);
  server.on('upgrade', (_request, socket) => {
    socket.on('error', () => {});
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close().closeAllConnections();
    },
  };
}

async function tcpEcho(): Promise<TestOrigin> {
  const server = createTcpServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

async function udpEcho(): Promise<TestOrigin> {
  const socket = createSocket('udp4');
  socket.on('message', (datagram, { port, address }) => socket.send(datagram, port, address));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    async [Symbol.asyncDispose]() {
      socket.close();
    },
  };
}
