/** What the origin may answer, and what the client sees of it: RFC 9112 §4–§8, RFC 9110 §15. */
import type { ConformanceCase } from '../contract.ts';
import { show, Violation } from '../violation.ts';
import { http, plain, withLimits, withTimeouts } from '../setups.ts';
import { answered, type Answered } from './tables.ts';
import { openBlackHole } from './black-hole.ts';

const ok200 = (lines: string, body = ''): string => `HTTP/1.1 200 OK\r\n${lines}\r\n\r\n${body}`;
const head = (target: string): string => `HEAD ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
const old = (target: string): string => `GET ${target} HTTP/1.0\r\nHost: a\r\n\r\n`;

const bad = (name: string, origin: string, more: Partial<Answered> = {}): Answered => ({
  rule: 'bad-gateway',
  name,
  origin,
  client: { status: 502 },
  ...more,
});

const truncated = (name: string, origin: string, ends: 'close' | 'reset' = 'close'): Answered => ({
  rule: 'truncated',
  name,
  origin,
  ends,
  client: { status: 200, complete: false },
});

const rows: readonly Answered[] = [
  {
    rule: 'space-before-colon-response',
    name: 'SP',
    origin: ok200('X : b\r\nContent-Length: 0'),
    client: { status: [200, 502], fields: { x: /^b?$/ } },
  },
  {
    rule: 'obs-fold-response',
    name: 'SP',
    origin: ok200('X: a\r\n b\r\nContent-Length: 0'),
    client: { status: [200, 502], fields: { x: /^(a +b)?$/ } },
  },
  {
    rule: 'obs-fold-response',
    name: 'of the length',
    origin: ok200('Content-Length:\r\n 2', 'ok'),
    client: { status: [200, 502] },
  },
  ...(
    [
      ['negative', '-1'],
      ['list, differing', '2, 3'],
      ['plus sign', '+2'],
      ['empty', ''],
    ] as const
  ).map(([name, length]): Answered => ({
    rule: 'length-invalid-upstream',
    name,
    origin: ok200(`Content-Length: ${length}`, 'ok'),
    client: { status: 502 },
    upstreamCloses: true,
  })),
  {
    rule: 'length-invalid-upstream',
    name: 'two fields, differing',
    origin: ok200('Content-Length: 2\r\nContent-Length: 3', 'ok'),
    client: { status: 502 },
    upstreamCloses: true,
  },
  {
    rule: 'length-invalid-upstream',
    name: 'beside Transfer-Encoding: one framing or none reaches the client',
    origin: ok200('Content-Length: 2\r\nTransfer-Encoding: chunked', '2\r\nok\r\n0\r\n\r\n'),
    client: { status: [200, 502] },
  },
  {
    rule: 'informational-11',
    name: '103',
    origin: `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok200('Content-Length: 2', 'ok')}`,
    client: { status: 200, informational: [103], body: 'ok' },
  },
  {
    rule: 'informational-11',
    name: 'several, one of them unknown',
    origin: `HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 X\r\n\r\nHTTP/1.1 199 X\r\nY: 1\r\n\r\n${ok200('Content-Length: 2', 'ok')}`,
    client: { status: 200, informational: [102, 103, 199], body: 'ok' },
  },
  {
    rule: 'informational-10',
    name: '103',
    request: old,
    origin: `HTTP/1.1 103 X\r\n\r\n${ok200('Content-Length: 2', 'ok')}`,
    client: { status: 200, body: 'ok' },
  },
  {
    rule: 'informational-10',
    name: '100',
    request: old,
    origin: `HTTP/1.1 100 Continue\r\n\r\n${ok200('Content-Length: 2', 'ok')}`,
    client: { status: 200, body: 'ok' },
  },
  {
    rule: 'bodiless',
    name: 'HEAD with a length',
    request: head,
    method: 'HEAD',
    origin: ok200('Content-Length: 5'),
    client: { status: 200, body: '', fields: { 'content-length': '5' } },
  },
  {
    rule: 'bodiless',
    name: 'HEAD, chunked',
    request: head,
    method: 'HEAD',
    origin: ok200('Transfer-Encoding: chunked'),
    client: { status: 200, body: '' },
  },
  {
    rule: 'bodiless',
    name: '204',
    origin: 'HTTP/1.1 204 No Content\r\n\r\n',
    client: { status: 204, body: '', fields: { 'content-length': null, 'transfer-encoding': null } },
  },
  {
    rule: 'bodiless',
    name: '204 with a length of 0',
    origin: 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n',
    client: { status: 204, fields: { 'content-length': null } },
  },
  {
    rule: 'bodiless',
    name: '304 with a length',
    origin: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
    client: { status: 304, body: '' },
  },
  truncated('length', ok200('Content-Length: 5', 'hel')),
  truncated('length, no octet', ok200('Content-Length: 5')),
  truncated('length, reset', ok200('Content-Length: 5', 'hel'), 'reset'),
  truncated('amid a chunk', ok200('Transfer-Encoding: chunked', '5\r\nhel')),
  truncated('amid a chunk line', ok200('Transfer-Encoding: chunked', '5\r\nhello\r\n5')),
  truncated('without the last chunk', ok200('Transfer-Encoding: chunked', '5\r\nhello\r\n')),
  truncated('without the end of the trailers', ok200('Transfer-Encoding: chunked', '5\r\nhello\r\n0\r\n')),
  truncated('a bad chunk line', ok200('Transfer-Encoding: chunked', '5\r\nhello\r\nx\r\n')),
  {
    rule: 'truncated',
    name: 'no length: its end is the close',
    origin: ok200('X: 1', 'hello'),
    ends: 'close',
    client: { status: 200, body: 'hello' },
  },
  {
    rule: 'truncated',
    name: 'no length, to HTTP/1.0',
    request: old,
    origin: ok200('X: 1', 'hello'),
    ends: 'close',
    client: { status: 200, body: 'hello' },
  },
  {
    rule: 'chunk-rewritten',
    name: 'of an answer',
    origin: ok200('Transfer-Encoding: chunked', '005;x=y\r\nhello\r\n0;z\r\n\r\n'),
    client: { status: 200, body: 'hello' },
  },
  {
    rule: 'chunk-rewritten',
    name: 'of an answer to HTTP/1.0',
    request: old,
    origin: ok200('Transfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n'),
    client: { status: 200, body: 'hello', fields: { 'transfer-encoding': null } },
  },
  ...(
    [
      ['LF alone', 'HTTP/1.1 200 OK\nX: a\r\nContent-Length: 2\n\nok'],
      ['blanks after a chunk size', ok200('Transfer-Encoding: chunked', '2  \r\nok\r\n0 \r\n\r\n')],
      ['the same length twice', ok200('Content-Length: 2\r\nX: a\r\nContent-Length: 2', 'ok')],
      ['the same length in a list', ok200('Content-Length: 2, 2', 'ok')],
    ] as const
  ).map(([name, origin]): Answered => ({
    rule: 'tolerated',
    name,
    origin,
    client: { status: 200, body: 'ok', fields: { 'content-length': /^2?$/ } },
  })),
  {
    rule: 'tolerated',
    name: 'a status of its own kind',
    origin: 'HTTP/1.1 999 Request Denied\r\nContent-Length: 2\r\n\r\nok',
    client: { status: 999, body: 'ok' },
  },
  {
    rule: 'informational-11',
    name: 'ends with its head, whatever its fields say',
    origin: `HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n${ok200('Content-Length: 2', 'ok')}`,
    client: { status: 200, informational: [103], body: 'ok' },
  },
  bad('an extension without a name', ok200('Transfer-Encoding: chunked', '5;\r\nhello\r\n0\r\n\r\n'), {
    rule: 'truncated',
    client: { status: 200, complete: false },
  }),
  bad('no HTTP', 'hello\r\n\r\n'),
  bad('another version', 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n'),
  bad('letters in the status', 'HTTP/1.1 2OO OK\r\nContent-Length: 0\r\n\r\n'),
  bad('two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n'),
  bad('NUL in a value', ok200('X: a\0b\r\nContent-Length: 0')),
  bad('no colon', ok200('X\r\nContent-Length: 0')),
  bad('unknown coding', ok200('Transfer-Encoding: gzip', 'ok'), { ends: 'close' }),
  bad('a head too large', ok200(`X: ${'x'.repeat(300_000)}\r\nContent-Length: 0`)),
  bad('101 that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n', {
    rule: 'tunnel-101',
  }),
  ...(
    [
      ['101 to another protocol', 'Upgrade: tcp\r\n'],
      ['101 to none', ''],
    ] as const
  ).map(([name, lines]) =>
    bad(name, `HTTP/1.1 101 Switching Protocols\r\n${lines}Connection: Upgrade\r\n\r\n`, {
      rule: 'tunnel-101',
      needs: ['upgrade'],
      request: (target) =>
        `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    }),
  ),
  bad('closed without an answer', '', { ends: 'close' }),
  bad('reset without an answer', '', { ends: 'reset' }),
  bad('closed amid the head', 'HTTP/1.1 200 OK\r\nContent-Le', { ends: 'close' }),
  bad('closed after a 103', 'HTTP/1.1 103 X\r\n\r\n', { ends: 'close', client: { status: 502, informational: [103] } }),
];

/** Nobody listens on port 1. */
const nobody = http('nobody listens', (base) => ({
  ...base,
  clusters: base.clusters.map((cluster) => ({ ...cluster, endpoints: [{ host: '127.0.0.1', port: 1 }] })),
}));

const REQUEST = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n';

/** One request, one answer: its status and body. */
const status = (
  row: Pick<ConformanceCase, 'rule' | 'name' | 'setup'>,
  wanted: readonly number[],
  prepare: (bench: Parameters<ConformanceCase['run']>[0]) => void,
  check: (fields: Map<string, string>, body: string) => void = () => {},
): ConformanceCase => ({
  ...row,
  layer: 'l7',
  async run(bench) {
    prepare(bench);
    const wire = await bench.open();
    wire.write(REQUEST);
    const { messages, problem, ended } = await bench.answers(wire, ['GET']);
    const answer = messages.at(-1);
    if (!answer || !wanted.includes(answer.status))
      throw new Violation(
        row.name,
        wanted.join(' or '),
        problem ?? (answer ? String(answer.status) : `${ended}, no answer`),
      );
    check(new Map(answer.fields.map(([name, value]) => [name.toLowerCase(), value])), answer.body);
  },
});

const INTERNALS = /127\.0\.0\.1|::1|ECONN|EPIPE|\bat .*\.[jt]s|node:|\/(usr|work|home|tmp)\//i;
const names = (fields: Map<string, string>, body: string): void => {
  const said = [...fields.values(), body].find((text) => INTERNALS.test(text));
  if (said !== undefined) throw new Violation('a request that fails', 'no internals in the answer', show(said));
};

export const responseCases: readonly ConformanceCase[] = [
  ...rows.map(answered),
  status({ rule: 'bad-gateway', name: 'nobody listens', setup: nobody }, [502, 503], () => {}),
  status({ rule: 'error-body', name: 'nobody listens', setup: nobody }, [502, 503], () => {}, names),
  status(
    { rule: 'error-body', name: 'the origin hangs up', setup: plain },
    [502],
    ({ origin }) => (origin.script = () => ({ answer: '', ends: 'reset' })),
    names,
  ),
  status(
    { rule: 'gateway-timeout', name: 'no answer', setup: withTimeouts({ upstreamResponse: 150 }) },
    [504],
    ({ origin }) => (origin.script = () => ({ answer: '' })),
  ),
  status(
    { rule: 'gateway-timeout', name: 'half a head', setup: withTimeouts({ upstreamResponse: 150 }) },
    [504],
    ({ origin }) => (origin.script = () => ({ answer: 'HTTP/1.1 200 OK\r\nX' })),
  ),
  {
    rule: 'unavailable',
    name: 'more than the endpoint may carry',
    layer: 'l7',
    setup: withLimits({ upstreamPerEndpoint: 1 }),
    async run(bench) {
      const held = Promise.withResolvers<void>();
      bench.origin.script = () => ({ at: 'head', answer: () => held.resolve() });
      const first = await bench.open();
      first.write(REQUEST);
      await held.promise;
      const second = await bench.open();
      second.write(REQUEST);
      const { messages } = await bench.answers(second, ['GET']);
      const retry = messages[0]?.fields.some(([name]) => name.toLowerCase() === 'retry-after');
      if (messages[0]?.status !== 503 || !retry)
        throw new Violation(
          'a second request',
          '503 with Retry-After',
          `${messages[0]?.status}, Retry-After: ${retry}`,
        );
    },
  },
  {
    rule: 'timer-connect',
    name: 'an endpoint that does not answer at all',
    layer: 'l7',
    setup: withTimeouts({ connect: 150 }),
    async run(bench) {
      await using hole = await openBlackHole(bench.signal);
      const { intent } = bench.options;
      const endpoints = [hole.address];
      await bench.requireReload()({ ...intent, clusters: [{ ...intent.clusters[0]!, endpoints }] });
      const wire = await bench.open();
      wire.write(REQUEST);
      const { messages } = await bench.answers(wire, ['GET']);
      await bench.requireReload()(intent);
      const [answer] = messages;
      if (answer === undefined || ![502, 503, 504].includes(answer.status))
        throw new Violation('a request to a full accept queue', '504', String(answer?.status));
    },
  },
];
