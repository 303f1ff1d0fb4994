/**
 * A proxy as a user may have it, told everything by its arguments or its environment:
 * `own-proxy.ts BEHAVIOUR --listen HOST:PORT --upstream HOST:PORT [--cert FILE --key FILE] [--version 1.1|2]`.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { connect, createServer } from 'node:net';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    listen: { type: 'string', default: process.env['OWN_LISTEN'] ?? '' },
    upstream: { type: 'string', default: process.env['OWN_UPSTREAM'] ?? '' },
    cert: { type: 'string' },
    key: { type: 'string' },
    version: { type: 'string' },
  },
});
const endpoint = (text: string) => ({
  host: text.slice(0, text.lastIndexOf(':')),
  port: Number(text.split(':').at(-1)),
});
const listen = endpoint(values.listen);
const upstream = endpoint(values.upstream);

/** Bytes both ways, FIN and RST too. */
const relay = createServer({ allowHalfOpen: true }, (client) => {
  const origin = connect({ ...upstream, allowHalfOpen: true });
  client.pipe(origin).pipe(client);
  client.on('error', () => origin.resetAndDestroy());
  origin.on('error', () => client.resetAndDestroy());
});

const agent = new http.Agent({ keepAlive: true });
const forward: http.RequestListener = (request, response) => {
  if (request.url === '/healthz') return void response.end('ok');
  const { connection: _, ...headers } = request.headers;
  const forwarded = http.request({ ...upstream, agent, method: request.method, path: request.url, headers });
  forwarded.on('response', (answer) => {
    const { connection: __, 'keep-alive': ___, ...answered } = answer.headers;
    response.writeHead(answer.statusCode!, answered);
    answer.pipe(response);
  });
  forwarded.on('error', () => response.destroy());
  request.pipe(forwarded);
};

const stay = (): void => void setInterval(() => {}, 1_000);
/** A child that notices nothing, in this process group or in one of its own. */
const child = (detached: boolean): void =>
  spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached, stdio: 'ignore' }).unref();

/** Forwards until it has done so often: more than any check asks of one start. */
const FORWARDS = 500;
let forwarded = 0;

const BEHAVIOURS: Readonly<Record<string, () => void>> = {
  relays: () => relay.listen(listen),
  forwards: () => http.createServer(forward).listen(listen),
  'ends-tls': () =>
    https.createServer({ cert: readFileSync(values.cert!), key: readFileSync(values.key!) }, forward).listen(listen),
  'has-children'() {
    child(false);
    child(true);
    relay.listen(listen);
  },
  /** In a session of its own, below a parent that has ended, with nothing of the environment. */
  'has-an-orphan'() {
    const orphan = `require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore', env: {} })`;
    const parent = spawn(process.execPath, ['-e', `const { pid } = ${orphan}; console.log(pid); process.exit(0)`]);
    parent.stdout.pipe(process.stdout);
    parent.once('exit', () => relay.listen(listen));
  },
  /** As a daemon does it. */
  'goes-to-the-background'() {
    const [file, , ...args] = process.argv.slice(1);
    spawn(process.execPath, [file!, 'relays', ...args], { detached: true, stdio: 'ignore', env: {} }).unref();
    process.exit(0);
  },
  'dies-under-load': () =>
    http
      .createServer((request, response) => {
        if (++forwarded === FORWARDS) {
          console.error('own: \x1b[31mout of luck\x1b[0m');
          process.exit(7);
        }
        forward(request, response);
      })
      .listen(listen),
  'answers-wrongly': () => http.createServer((_request, response) => response.end('of my own')).listen(listen),
  'never-healthy': () => http.createServer((_request, response) => void response.writeHead(503).end()).listen(listen),
  'exits-at-once'() {
    console.error('own: cannot read own.toml');
    process.exitCode = 4;
  },
  'never-listens': stay,
  'listens-elsewhere': () => relay.listen(0, '127.0.0.1'),
  /** Once it forwards the first connection, it is gone. */
  crashes: () => createServer(() => process.exit(5)).listen(listen),
};

BEHAVIOURS[positionals[0] ?? '']?.();
