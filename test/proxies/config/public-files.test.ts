/** What public files describe, held against Envoy itself where it is installed: the same requests, the same answers. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createCertificate } from '#bench/lab/certificates.ts';
import { readEnvoyConfig } from '#proxies/config/envoy.ts';
import { IntentError, problemText } from '#proxies/config/intent-error.ts';
import { findBinary } from '#proxies/peers/binary.ts';
import { query } from '#proxies/peers/envoy.ts';
import { proxies } from '#proxies/registry.ts';
import { startTogether, type Part } from '#proxies/together.ts';
import { temporaryFolder } from '../../scripts/cli.ts';
import { never } from '../sockets.ts';
import { type Prepared, prepare, textOf } from './public-files.ts';

interface Ask {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of the file's listeners; the first by default. */
  readonly listener?: number;
  readonly tls?: boolean;
}

const get = (...paths: string[]): Ask[] => paths.map((path) => ({ path }));
const tls = (...paths: string[]): Ask[] => paths.map((path) => ({ path, tls: true }));
const UPGRADE = { connection: 'upgrade', upgrade: 'websocket' };
const host = (name: string, path = '/') => ({ path, headers: { host: name } });

/** Files that start, and what is asked of them. */
const STARTING: Readonly<Record<string, readonly Ask[] | 'tcp' | 'udp' | 'announced'>> = {
  'front-page': get('/', '/x?y=1'),
  'front-proxy': [...get('/service/1', '/service/2/x', '/service/3'), { path: '/service/1', listener: 1, tls: true }],
  websocket: [...get('/'), { path: '/', headers: UPGRADE }],
  'websocket-tls': [...tls('/'), { path: '/', tls: true, headers: UPGRADE }],
  'http-to-https': get('/'),
  'https-to-http': tls('/'),
  passthrough: tls('/'),
  udp: 'udp',
  'server-sent-events': get('/sse', '/chat?x', '/'),
  'one-domain': get('/'),
  least: [...get('/'), { path: '/', method: 'HEAD' }],
  keys: [
    { path: '/v1', headers: { 'x-api-key': 'mine', 'x-internal': '1' } },
    { path: '/v1', listener: 1 },
  ],
  redirect: [
    ...get('/old?a=1', '/moved/x?a=1', '/port/y', '/x?y=1', '/'),
    host('a.test:80', '/x'),
    { path: '/up?b=1', listener: 1, tls: true },
    { path: '/x', listener: 1, tls: true },
  ],
  paths: [
    ...get('/healthz', '/healthz/x', '/users/7/orders', '/users/7/orders/8', '/users/a/orders', '/users/7/orders?z=1'),
    ...get('/api/v1/users', '/api/v1/users/7?a=b', '/api/v1/users2', '/api/v2', '/api/v2/x?y', '/api/v22'),
    { path: '/beta', headers: { 'x-beta': 'on-for-you' } },
    { path: '/beta', headers: { 'x-beta': 'off' } },
    { path: '/beta', headers: { 'x-beta': 'on', 'x-off': '1' } },
    { path: '/beta', method: 'POST', headers: { 'x-beta': 'on' } },
  ],
  canary: [...get('/'), { path: '/', headers: { 'x-canary': 'always' } }],
  domains: [
    host('monitor.example.com', '/a'),
    host('grafana.example.com', '/a'),
    host('x.example.com', '/app/1'),
    host('x.example.com', '/other'),
    host('example.com', '/app'),
    host('elsewhere.test', '/app'),
  ],
  database: 'tcp',
  'camel-case': get('/'),
  hello: get('/', '/x'),
  announced: 'announced',
  'everything-measured': get('/', '/hello?x=1'),
  gateway: get('/healthz', '/api/v1/users/7', '/api/v1/orders', '/other'),
};

/** Files that do not start, and what is said of each: one line for each cause. */
const REFUSED: Readonly<Record<string, readonly RegExp[]>> = {
  'local-replies': [/^line 41: .*listeners\[1\].*local_reply_config: .*; leave it out: /],
  names: [
    /^line 41: .*filter_chains\[1\]\.filters: all filter chains of an HTTP listener must have the same filter$/,
    /^line \d+: .*filter_chains\[2\]\.transport_socket: all filter chains of a listener have TLS, or none$/,
    /^line \d+: .*filter_chains\[2\]\.filters: tcp_proxy and http_connection_manager cannot share a listener$/,
  ],
  edge: [/^line 3: overload_manager: .*--limit connections=N$/, /headers_with_underscores_action: REJECT_REQUEST/],
  cors: [/^line 21: .*typed_per_filter_config: /],
  lua: [/http_filters\[0\]\.name: envoy\.filters\.http\.lua is not supported; /],
};

const certificate = createCertificate();
const found = await findBinary(query);
const skip = 'state' in found && `${found.reason}; install: ${found.install}`;

async function freePort(protocol: 'tcp' | 'udp'): Promise<number> {
  if (protocol === 'udp') {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    socket.close();
    return port;
  }
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  return port;
}

/** The file with certificates in `folder`. */
function prepared(name: string, folder: string): Promise<Prepared> {
  const files = { 'certs/servercert.pem': certificate.cert, 'certs/serverkey.pem': certificate.key };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const paths = Object.fromEntries(Object.keys(files).map((path) => [path, join(folder, path)]));
  return prepare(name, certificate, paths, freePort);
}

async function ours({ text }: Prepared): Promise<AsyncDisposable> {
  const { listeners } = readEnvoyConfig(text);
  const [first, ...others] = listeners.map(({ proxy, intent }): Part => ({ definition: proxies.get(proxy)!, intent }));
  return startTogether([first!, ...others], undefined, never);
}

async function envoys({ text, ports }: Prepared, folder: string, isUdp: boolean): Promise<AsyncDisposable> {
  const file = join(folder, 'envoy.yaml');
  writeFileSync(file, text);
  const { path } = found as { path: string };
  const child = spawn(path, ['-c', file, '--disable-hot-restart', '--concurrency', '1', '--log-level', 'warning'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => (said += part));
  const ended = once(child, 'exit');
  for (const port of isUdp ? [] : ports)
    while (!(await opens(port))) {
      if (child.exitCode !== null) throw new Error(`Envoy ended: ${said.slice(-2000)}`);
      await delay(20);
    }
  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

const opens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

/** What is the same whoever answers: status, Location, a few fields, the body. */
async function answerTo(
  { path, method = 'GET', headers = {}, tls: secure = false }: Ask,
  port: number,
): Promise<object> {
  const client = secure ? https : http;
  const options = { port, host: '127.0.0.1', path, method, headers: { host: 'a.test', ...headers } };
  const request = client.request({ ...options, agent: false, rejectUnauthorized: false }).end();
  if (headers['upgrade'] !== undefined) return upgraded(request);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let body = '';
  for await (const part of response.setEncoding('utf8')) body += String(part);
  const { location, 'x-served-by': by, 'x-one': one, 'x-origin': origin } = response.headers;
  const { statusCode: status = 0 } = response;
  // What a proxy says itself of a failure is its own.
  return { status, location, by, one, origin, body: status < 300 ? body : '' };
}

async function upgraded(request: http.ClientRequest): Promise<object> {
  const [response, socket] = (await once(request, 'upgrade')) as [http.IncomingMessage, net.Socket];
  socket.write('ping');
  const [echo] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return { status: response.statusCode, upgrade: response.headers.upgrade, echo: echo.toString() };
}

async function raw(port: number, text: string, until: RegExp): Promise<string> {
  const socket = net.connect(port, '127.0.0.1').setEncoding('latin1');
  socket.write(text);
  let got = '';
  for await (const part of socket) {
    got += String(part);
    if (until.test(got)) break;
  }
  return got;
}

/** Datagrams may be lost, before the other end listens above all: sent until one comes back. */
async function datagram(port: number): Promise<string> {
  const socket = createSocket('udp4');
  const sending = setInterval(() => socket.send('ping', port, '127.0.0.1'), 20);
  try {
    const [message] = (await once(socket, 'message', { signal: AbortSignal.timeout(10_000) })) as [Buffer];
    return message.toString();
  } finally {
    clearInterval(sending);
    socket.close();
  }
}

async function answers(name: string, { ports }: Prepared): Promise<unknown[]> {
  const asks = STARTING[name]!;
  if (asks === 'udp') return [await datagram(ports[0]!)];
  if (asks === 'tcp') return [await raw(ports[0]!, 'ping', /ping/)];
  if (asks === 'announced') {
    const request = 'PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n';
    return [(await raw(ports[0]!, request, /\}/)).replace(/^(HTTP\/1\.1 200 OK)[^]*(\{.*\})[^]*$/, '$1 $2')];
  }
  const all: unknown[] = [];
  for (const ask of asks) all.push([ask, await answerTo(ask, ports[ask.listener ?? 0]!)]);
  return all;
}

test('every file is in one of the lists, and most of them start', () => {
  const names = readdirSync(join(import.meta.dirname, 'corpus/public')).map((name) => name.replace('.yaml', ''));
  assert.deepEqual(names.toSorted(), [...Object.keys(STARTING), ...Object.keys(REFUSED)].toSorted());
  assert.ok(Object.keys(STARTING).length >= 0.7 * names.length);
});

for (const name of Object.keys(STARTING)) {
  test(`${name}: starts, and answers`, async (t) => {
    using folder = temporaryFolder();
    const withUs = await (async () => {
      await using file = await prepared(name, folder.path);
      await using _ = await ours(file);
      return await answers(name, file);
    })();
    assert.ok(withUs.length > 0);
    if (skip !== false) return t.skip(`as Envoy does cannot be told here: ${skip}`);
    await using file = await prepared(name, folder.path);
    await using _ = await envoys(file, folder.path, STARTING[name] === 'udp');
    assert.deepEqual(withUs, await answers(name, file));
  });
}

for (const [name, said] of Object.entries(REFUSED))
  test(`${name}: is refused, each cause once, by line and path`, () => {
    assert.throws(
      () => readEnvoyConfig(textOf(name)),
      (error) => {
        assert.ok(error instanceof IntentError);
        const told = error.problems.map(problemText).filter((line) => !line.includes('cannot be read'));
        assert.equal(told.length, said.length, told.join('\n'));
        for (const [index, pattern] of said.entries()) assert.match(told[index]!, pattern);
        return true;
      },
    );
  });
