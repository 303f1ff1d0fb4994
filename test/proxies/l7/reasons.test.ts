/** Each failure of ours has its word: in the access log, in the statistics, and on stderr. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { mock, test } from 'node:test';
import { createCertificate } from '#bench/lab/certificates.ts';
import type { Cluster } from '#proxies/config/intent.ts';
import { definition } from '#proxies/l7/l7-http.ts';
import { definition as forward } from '#proxies/l7/l7-forward.ts';
import { definition as terminate } from '#proxies/l7/l7-tls.ts';
import { REASONS, type Reason } from '#proxies/stats/reasons.ts';
import { closedPort } from '../sockets.ts';
import { answering, type Change, ok, Origin, type Reader, setup } from './lab.ts';

const get = 'GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const silent = (): void => {};
const answer = (response: string, close = false) => {
  return (connection: Reader) =>
    void connection.socket.once('data', () => {
      connection.send(response);
      if (close) connection.socket.end();
    });
};
const post = (body: string, headers = '') =>
  `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${headers}Transfer-Encoding: chunked\r\n\r\n${body}`;

interface Case {
  readonly reason: Reason;
  readonly status: number;
  readonly send?: string;
  readonly origin?: (connection: Reader) => unknown;
  readonly change?: Change & { readonly clusters?: readonly Cluster[] };
  readonly define?: typeof definition;
}

const reply = (status: number) => ({ routes: [{ match: {}, action: { kind: 'reply' as const, status } }] });
const cluster = (host: string, port: number) => ({
  clusters: [{ name: 'origin', endpoints: [{ host, port }] }],
});

const cases: Readonly<Record<string, Case>> = {
  'no host': { reason: 'request_malformed', status: 400, send: 'GET / HTTP/1.1\r\n\r\n' },
  'too long a target': {
    reason: 'request_target_too_long',
    status: 414,
    send: `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
  },
  'too large a head': {
    reason: 'request_head_too_large',
    status: 431,
    send: `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`,
  },
  'another version': { reason: 'request_version', status: 505, send: 'GET / HTTP/3.0\r\nHost: a\r\n\r\n' },
  'an unknown coding': {
    reason: 'request_coding',
    status: 501,
    send: 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
  },
  'half a head': {
    reason: 'request_timeout',
    status: 408,
    send: 'GET / HT',
    change: { timeouts: { requestHead: 60 } },
  },
  'half a body': {
    reason: 'request_timeout',
    status: 408,
    send: post('5\r\nab'),
    change: { timeouts: { requestBody: 60 } },
  },
  'half a body, whose answer has begun': {
    reason: 'request_timeout',
    status: 200,
    send: post('5\r\nab'),
    origin: answer('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx'),
    change: { timeouts: { request: 100 } },
  },
  'a chunk of no size': { reason: 'request_malformed', status: 400, send: post('x\r\n') },
  'too large a body': {
    reason: 'request_body_too_large',
    status: 413,
    send: post('5\r\nabcde\r\n0\r\n\r\n'),
    change: { limits: { bodyBytes: 4 } },
  },
  'an unknown expectation': {
    reason: 'request_expectation',
    status: 417,
    send: 'GET / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\nConnection: close\r\n\r\n',
  },
  CONNECT: {
    reason: 'request_method',
    status: 405,
    send: 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nConnection: close\r\n\r\n',
  },
  'a route that refuses': { reason: 'route_reply', status: 403, change: reply(403) },
  'a destination that is denied': {
    reason: 'destination_denied',
    status: 403,
    define: forward,
    send: 'GET http://b.test/ HTTP/1.1\r\nHost: b.test\r\nConnection: close\r\n\r\n',
    change: { forward: { block: ['b.test'] } },
  },
  'an origin that refuses': {
    reason: 'upstream_connect',
    status: 502,
    change: cluster('127.0.0.1', await closedPort()),
  },
  'an origin without address': {
    reason: 'upstream_name',
    status: 502,
    change: cluster('no-such-host.invalid', 80),
  },
  'an origin that is full': {
    reason: 'upstream_overflow',
    status: 503,
    change: { limits: { upstreamPerEndpoint: 0 } },
  },
  'an origin that closes': { reason: 'upstream_closed', status: 502, origin: ({ socket }) => void socket.end() },
  'an origin that resets': {
    reason: 'upstream_reset',
    status: 502,
    origin: ({ socket }) => void socket.once('data', () => socket.resetAndDestroy()),
  },
  'a malformed answer': { reason: 'upstream_malformed', status: 502, origin: answer('HTTP/1.1 2OO OK\r\n\r\n') },
  'a silent origin': {
    reason: 'upstream_timeout',
    status: 504,
    change: { timeouts: { upstreamResponse: 60 } },
  },
  'half an answer': {
    reason: 'upstream_closed',
    status: 200,
    origin: answer('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf', true),
  },
};

for (const [name, { reason, status, send = get, origin = silent, change = {}, define = definition }] of Object.entries(
  cases,
)) {
  test(`${name}: ${reason}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hopcost-'));
    try {
      const accessLog = join(folder, 'log');
      {
        await using lab = await setup(origin, { ...change, accessLog, stats: true }, define);
        const got = await lab.exchange(send);
        if (got !== '') assert.ok(got.startsWith(`HTTP/1.1 ${status} `), got);
        const { reasons, codes } = (await lab.proxy.stats!()).listener.traffic;
        assert.deepEqual(reasons, { [reason]: 1 });
        assert.equal(codes[Math.trunc(status / 100)], 1);
      }
      const lines = (await readFile(accessLog, 'utf8')).trimEnd().split('\n');
      const records = lines.map(
        (line) => JSON.parse(line) as { status: number; reason: string; flags: string; source: string },
      );
      assert.deepEqual(
        records.map((record) => [record.status, record.reason, record.flags, record.source]),
        [[status, reason, REASONS[reason], '127.0.0.1']],
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}

test('no route: no_route', async () => {
  const proxy = await definition.start(
    { listener: { address: { host: '127.0.0.1', port: 0 } }, clusters: [], stats: true },
    new AbortController().signal,
  );
  try {
    const client = connect(proxy.address.port, '127.0.0.1');
    client.write(get);
    assert.match(await text(client), /^HTTP\/1\.1 404 /);
    assert.deepEqual((await proxy.stats!()).listener.traffic.reasons, { no_route: 1 });
  } finally {
    await proxy[Symbol.asyncDispose]();
  }
});

test('what goes well has no reason', async () => {
  await using lab = await setup(answer(ok), { stats: true });
  await lab.exchange(get);
  assert.deepEqual((await lab.proxy.stats!()).listener.traffic.reasons, {});
});

test('a full disk costs lines of the access log, which are counted', async () => {
  await using lab = await setup(answering(ok), { stats: true, accessLog: '/dev/full' });
  let lost = 0;
  while (lost === 0) {
    await lab.exchange(`GET /${'x'.repeat(15_000)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    lost = (await lab.proxy.stats!()).listener.traffic.reasons.access_log_failed ?? 0;
  }
});

test('plain HTTP at a TLS port is told so, in plain text', async () => {
  const { cert, key } = createCertificate();
  await using origin = await new Origin(answer(ok)).listen();
  const proxy = await terminate.start(
    {
      listener: { address: { host: '127.0.0.1', port: 0 }, tls: { certificates: [{ cert, key }] } },
      clusters: [{ name: 'o', endpoints: [{ host: '127.0.0.1', port: origin.port }] }],
      defaultCluster: 'o',
    },
    new AbortController().signal,
  );
  const said: string[] = [];
  const write = mock.method(process.stderr, 'write', (line: string) => said.push(line) > 0);
  try {
    for (const method of ['GET', 'HEAD', 'POST', 'CONNECT']) {
      const client = connect(proxy.address.port, '127.0.0.1');
      client.write(`${method} a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi`);
      const got = await text(client);
      assert.match(got, /^HTTP\/1\.1 400 Bad Request\r\nContent-Type: text\/plain; charset=utf-8\r\n/, method);
      assert.ok(got.includes('plain HTTP'), method);
    }
    const other = connect(proxy.address.port, '127.0.0.1');
    other.on('error', () => {}).write('\x16\x03\x01\0\x05nonsense');
    await once(other.resume(), 'close');
    const gone = connect(proxy.address.port, '127.0.0.1');
    gone.end();
    await once(gone.resume(), 'close');
    const { reasons } = (await proxy.stats!()).listener.traffic;
    assert.deepEqual(reasons, { plain_http_to_tls: 4, tls_handshake_failed: 1, client_closed: 1 });
    assert.equal(said.filter((line) => line.startsWith('hopcost: plain_http_to_tls: client 127.0.0.1: ')).length, 1);
    assert.equal(origin.connections.length, 0);
  } finally {
    write.mock.restore();
    await proxy[Symbol.asyncDispose]();
  }
});
