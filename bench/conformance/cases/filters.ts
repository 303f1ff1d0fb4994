/**
 * What each filter does, seen by the client and at the origin. The settings are those that all who offer it can be given; services that
 * filters ask are the second origin. Sources: RFC 6585 §4, RFC 7617, RFC 6750, RFC 8725, RFC 9110 §12.5.3, RFC 9111, Fetch §3.2, W3C Trace Context.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import type { Endpoint, FilterSettings, ProxyIntent } from '#proxies/config/intent.ts';
import type { Bench } from '../bench.ts';
import type { ConformanceCase } from '../contract.ts';
import { ok } from '../origin.ts';
import { http, type Setup } from '../setups.ts';
import { type StrictResponse, valuesOf } from '../strict-reader.ts';
import { NotApplicable, show, Violation } from '../violation.ts';
import { arrived, checkRequest, type ExpectedRequest } from './tables.ts';
import { TOKENS, tokenKey } from './tokens.ts';

type FilterName = keyof FilterSettings;

const at = ({ host, port }: Endpoint, path = ''): string => `http://${host}:${port}${path}`;

/** The filters, in front of the first origin. `settings` is told where the second one is. */
const filtered = (name: string, settings: (service: Endpoint) => FilterSettings): Setup =>
  http(
    `filter ${name}`,
    (base): ProxyIntent => {
      const [cluster] = base.clusters;
      const [origin, service] = cluster!.endpoints;
      return { ...base, clusters: [{ ...cluster!, endpoints: [origin!] }], filters: settings(service!) };
    },
    { origins: 2 },
  );

type Fields = Readonly<Record<string, string | RegExp | null>>;

/** One request, and what becomes of it. */
interface Step {
  readonly send: string;
  /** 200 by default. */
  readonly status?: number | readonly number[];
  /** Of the answer, by lower-case name; null: none. */
  readonly fields?: Fields;
  /** What the answer's body is, once it is decoded. */
  readonly content?: string;
  /** What the origin sees; null: nothing. By default anything where the status is 200, else nothing. */
  readonly origin?: ExpectedRequest | null;
}

async function take(bench: Bench, { send, status = 200, fields = {}, content, origin }: Step): Promise<void> {
  const wire = await bench.open();
  wire.write(Buffer.from(send, 'latin1'));
  const method = /^[A-Z]+/.exec(send)![0];
  const { messages, problem } = await bench.answers(wire, [method]);
  const answer = messages.find((message) => message.status >= 200);
  const statuses = typeof status === 'number' ? [status] : status;
  const received = bench.origin.take();
  if (answer === undefined || !answer.complete || !statuses.includes(answer.status))
    throw new Violation(show(send), statuses.join(' or '), problem ?? String(answer?.status ?? 'no answer'));
  for (const [name, expected] of Object.entries(fields)) checkField(send, answer, name, expected);
  if (content !== undefined && decoded(answer) !== content)
    throw new Violation(show(send), `the content ${show(content, 40)}`, show(decoded(answer), 80));
  const expected = origin === undefined ? (answer.status === 200 ? {} : null) : origin;
  if (received.requests.length !== (expected === null ? 0 : 1) || received.problems.length > 0)
    throw new Violation(
      show(send),
      `${expected === null ? 'nothing' : 'one request'} at the origin`,
      arrived(received),
    );
  if (expected !== null) checkRequest(show(send), received.requests[0]!, expected);
}

function checkField(send: string, answer: StrictResponse, name: string, expected: Fields[string]): void {
  const values = valuesOf(answer.fields, name);
  const got = values.length === 0 ? null : values.join(', ');
  const isRight = expected instanceof RegExp ? expected.test(got ?? '') : got === expected;
  if (!isRight) throw new Violation(show(send), `${name}: ${String(expected)}`, `${name}: ${got}`);
}

function decoded({ fields, body }: StrictResponse): string {
  if (valuesOf(fields, 'content-encoding')[0] !== 'gzip') return body;
  try {
    return gunzipSync(Buffer.from(body, 'latin1')).toString('latin1');
  } catch (error) {
    return `(no gzip: ${(error as Error).message})`;
  }
}

interface Row {
  readonly name: string;
  readonly setup?: Setup;
  /** What the origins answer; 'ok' by default. */
  readonly origin?: string;
  readonly service?: string;
  readonly steps: readonly Step[];
  /** What else must be so afterwards. */
  readonly afterwards?: (bench: Bench) => Promise<void>;
}

/** They send requests of their own, to the second origin. */
const SERVED: ReadonlySet<FilterName> = new Set(['ext-authz', 'mirror']);

function casesOf<One extends FilterName>(filter: One, common: Setup, rows: readonly Row[]): ConformanceCase[] {
  return rows.map(({ name, setup = common, origin, service, steps, afterwards }) => ({
    rule: `filter-${filter}` as ConformanceCase['rule'],
    name,
    layer: 'l7',
    needs: [`filter ${filter}`],
    setup,
    async run(bench) {
      if (SERVED.has(filter) && bench.options.intent.clusters[0]!.tls !== undefined)
        throw new NotApplicable('it has no origin in the clear for the filter to ask');
      if (origin !== undefined) bench.origin.script = () => ({ answer: origin });
      if (service !== undefined) bench.origins[1]!.script = () => ({ answer: service });
      for (const step of steps) await take(bench, step);
      await afterwards?.(bench);
    },
  }));
}

const get = (lines = '', target = '/a', method = 'GET'): string =>
  `${method} ${target} HTTP/1.1\r\nHost: a\r\n${lines === '' ? '' : `${lines}\r\n`}\r\n`;
const answer = (status: number, lines: readonly string[], body = ''): string =>
  [`HTTP/1.1 ${status} X`, ...lines, `Content-Length: ${body.length}`, '', body].join('\r\n');

const LOOPBACK = ['127.0.0.0/8'];
const ELSEWHERE = ['192.0.2.0/24', '2001:db8::/32'];
const FORBIDDEN: readonly Step[] = [{ send: get(), status: 403 }];

const ipRules = casesOf(
  'ip-rules',
  filtered('ip-rules', () => ({ 'ip-rules': { allow: ELSEWHERE } })),
  [
    { name: 'who is not allowed', steps: FORBIDDEN },
    {
      name: 'who is allowed',
      setup: filtered('ip-rules, allow', () => ({ 'ip-rules': { allow: LOOPBACK } })),
      steps: [{ send: get() }],
    },
    {
      name: 'deny beats allow',
      setup: filtered('ip-rules, both', () => ({ 'ip-rules': { allow: LOOPBACK, deny: ['127.0.0.1'] } })),
      steps: FORBIDDEN,
    },
    {
      name: 'what a client says of itself is not its address',
      steps: [{ send: get('X-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.1'), status: 403 }],
    },
  ],
);

/** Not to be refilled while a case runs. */
const SLOW = { requests: 2, period: 120_000 };
const limited = (name: string, key?: 'none'): Setup =>
  filtered(`rate-limit, ${name}`, () => ({ 'rate-limit': { ...SLOW, ...(key && { key }) } }));
const [ONCE, TOO_MANY]: Step[] = [{ send: get() }, { send: get(), status: 429 }];

const rateLimit = casesOf('rate-limit', limited('a client'), [
  { name: 'as many as it says', steps: [ONCE!, ONCE!, TOO_MANY!, TOO_MANY!] },
  { name: 'all together', setup: limited('all', 'none'), steps: [ONCE!, ONCE!, TOO_MANY!] },
  {
    name: 'Retry-After',
    setup: limited('told'),
    steps: [ONCE!, ONCE!, { ...TOO_MANY!, fields: { 'retry-after': /^\d+$/ } }],
  },
]);

const basic = (name: string, password: string): string =>
  `Authorization: Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
const IDENTITY = 'X-User';
const ANN: ExpectedRequest = { fields: { 'x-user': 'ann' } };

/** An identity is told, whatever a client says of itself. */
const identities = (credentials: string): Row[] => [
  { name: 'tells who it is', steps: [{ send: get(credentials), origin: ANN }] },
  { name: 'a forged identity', steps: [{ send: get(`X-User: eve\r\n${credentials}\r\nx-USER: eve`), origin: ANN }] },
  {
    name: 'a forged identity by a like name',
    steps: [{ send: get(`X_User: eve\r\n${credentials}`), origin: { fields: { 'x-user': 'ann', x_user: null } } }],
  },
];
const unauthenticated = (scheme: RegExp, sent: Readonly<Record<string, string>>): Row[] =>
  Object.entries(sent).map(([name, lines]) => ({
    name,
    steps: [{ send: get(lines), status: 401, fields: { 'www-authenticate': scheme } }],
  }));

const basicAuth = casesOf(
  'basic-auth',
  filtered('basic-auth', () => ({
    'basic-auth': { users: { ann: 'a:secret', bob: 'other' }, identityHeader: IDENTITY },
  })),
  [
    ...unauthenticated(/^Basic realm=/i, {
      'no credentials': '',
      'a wrong password': basic('ann', 'other'),
      'a wrong name': basic('eve', 'a:secret'),
      'no base64': 'Authorization: Basic §',
      'another scheme': 'Authorization: Bearer YW5uOmE6c2VjcmV0',
    }),
    ...identities(basic('ann', 'a:secret')),
  ],
);

const KEY = 'k-0123456789abcdef';
const apiKey = casesOf(
  'api-key',
  filtered('api-key', () => ({ 'api-key': { keys: { ann: KEY, bob: `${KEY}0` }, identityHeader: IDENTITY } })),
  [
    ...unauthenticated(/./, {
      'no key': '',
      'a wrong key': `X-API-Key: ${KEY}1`,
      'a part of a key': `X-API-Key: ${KEY.slice(0, -1)}`,
      'a key in another case': `X-API-Key: ${KEY.toUpperCase()}`,
    }),
    ...identities(`X-API-Key: ${KEY}`),
    {
      name: 'the key goes no further',
      steps: [{ send: get(`X-API-Key: ${KEY}`), origin: { fields: { 'x-api-key': null } } }],
    },
  ],
);

const jwt = casesOf(
  'jwt',
  filtered('jwt', () => ({
    jwt: { algorithm: 'ES256', keys: { pem: tokenKey() }, issuer: ['id'], remembered: 0, identityHeader: IDENTITY },
  })),
  [
    ...unauthenticated(/^Bearer/i, { 'no token': '', 'no token at all': 'Authorization: Bearer x' }),
    ...Object.entries(TOKENS.bad).map(([name, token]): Row => ({
      name,
      steps: [{ send: get(`Authorization: Bearer ${token()}`), status: 401 }],
    })),
    ...identities(`Authorization: Bearer ${TOKENS.good()}`),
  ],
);

const asked = (bench: Bench): string => arrived(bench.origins[1]!.take());
const extAuthz = casesOf(
  'ext-authz',
  filtered('ext-authz', (service) => ({ 'ext-authz': { url: at(service, '/verify'), tell: [IDENTITY] } })),
  [
    {
      name: 'a 200 lets it pass, and tells who it is',
      service: answer(200, ['X-User: ann']),
      steps: [{ send: get('X-User: eve\r\nAuthorization: x'), origin: ANN }],
    },
    {
      name: 'a 403 is the answer',
      service: answer(403, ['Content-Type: text/plain'], 'no'),
      steps: [{ send: get(), status: 403 }],
    },
    {
      name: 'its body, too',
      service: answer(403, ['Content-Type: text/plain'], 'because'),
      steps: [{ send: get(), status: 403, content: 'because' }],
    },
    {
      name: 'a redirection is the answer',
      service: answer(302, ['Location: /login']),
      steps: [{ send: get(), status: 302, fields: { location: /\/login$/ } }],
    },
    { name: 'without a verdict nobody passes', service: answer(500, []), steps: [{ send: get(), status: [500, 503] }] },
    {
      name: 'it is asked by GET, and told what is asked for',
      service: answer(200, []),
      steps: [
        {
          send: 'POST /a?b=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxy',
          origin: { method: 'POST', body: 'xy' },
        },
      ],
      async afterwards(bench) {
        const { requests } = bench.origins[1]!.take();
        if (requests.length !== 1) throw new Violation('POST /a?b=1', 'one question', asked(bench));
        checkRequest('POST /a?b=1', requests[0]!, {
          method: 'GET',
          fields: { 'x-forwarded-method': 'POST', 'x-forwarded-uri': '/a?b=1', 'x-forwarded-host': 'a' },
          body: '',
        });
        return Promise.resolve();
      },
    },
  ],
);

const PAGE = 'https://app.test';
const cors = casesOf(
  'cors',
  filtered('cors', () => ({ cors: { origins: [PAGE], headers: ['X-A'], methods: ['GET', 'PUT'] } })),
  [
    {
      name: 'a page that may read',
      steps: [{ send: get(`Origin: ${PAGE}`), fields: { 'access-control-allow-origin': PAGE } }],
    },
    { name: 'answers vary by it', steps: [{ send: get(`Origin: ${PAGE}`), fields: { vary: /origin/i } }] },
    {
      name: 'a page that may not',
      steps: [{ send: get('Origin: https://evil.test'), fields: { 'access-control-allow-origin': null } }],
    },
    {
      name: 'a preflight is answered here',
      steps: [
        {
          send: get(`Origin: ${PAGE}\r\nAccess-Control-Request-Method: PUT`, '/a', 'OPTIONS'),
          status: [200, 204],
          fields: {
            'access-control-allow-origin': PAGE,
            'access-control-allow-methods': /PUT/,
            'access-control-allow-headers': /X-A/i,
          },
          origin: null,
        },
      ],
    },
    {
      name: 'a preflight of another page',
      steps: [
        {
          send: get('Origin: https://evil.test\r\nAccess-Control-Request-Method: PUT', '/a', 'OPTIONS'),
          status: [200, 204, 403],
          fields: { 'access-control-allow-origin': null },
          origin: null,
        },
      ],
    },
  ],
);

const TEXT = 'the same words again and again, '.repeat(64);
const plainText = (...lines: string[]): string => answer(200, ['Content-Type: text/plain', ...lines], TEXT);
const GZIP = 'Accept-Encoding: gzip';
const asItIs = (name: string, lines: string, origin = plainText()): Row => ({
  name,
  origin,
  steps: [{ send: get(lines), fields: { 'content-encoding': null }, content: TEXT }],
});
const compression = casesOf(
  'compression',
  filtered('compression', () => ({ compression: { encodings: ['gzip'], minBytes: 0, types: ['text/plain'] } })),
  [
    {
      name: 'who accepts it',
      origin: plainText(),
      steps: [
        {
          send: get(GZIP),
          fields: { 'content-encoding': 'gzip', vary: /accept-encoding/i },
          content: TEXT,
        },
      ],
    },
    {
      name: 'an ETag is of what was sent no more',
      origin: plainText('ETag: "1"'),
      steps: [{ send: get(GZIP), fields: { etag: /^(W\/.*)?$/ }, content: TEXT }],
    },
    asItIs('who does not say so', ''),
    asItIs('who does not accept it', 'Accept-Encoding: gzip;q=0, identity'),
    asItIs('no-transform', GZIP, plainText('Cache-Control: no-transform')),
    asItIs('another content type', GZIP, answer(200, ['Content-Type: image/png'], TEXT)),
    {
      name: 'what is compressed already',
      origin: answer(200, ['Content-Type: text/plain', 'Content-Encoding: br'], 'compressed'),
      steps: [{ send: get(GZIP), fields: { 'content-encoding': 'br' }, content: 'compressed' }],
    },
  ],
);

const fresh = (...lines: string[]): string => answer(200, ['Cache-Control: max-age=60', ...lines], 'fresh');
const twice = (name: string, origin: string, lines = '', second: ExpectedRequest | null = {}): Row => ({
  name,
  origin,
  steps: [
    { send: get(lines, `/${encodeURIComponent(name)}`) },
    { send: get(lines, `/${encodeURIComponent(name)}`), origin: second },
  ],
});
const cache = casesOf(
  'cache',
  filtered('cache', () => ({ cache: { bytes: 16 * 1024 * 1024 } })),
  [
    twice('fresh', fresh(), '', null),
    twice('no-store', answer(200, ['Cache-Control: no-store, max-age=60'], 'x')),
    twice('private', answer(200, ['Cache-Control: private, max-age=60'], 'x')),
    twice('no-cache', answer(200, ['Cache-Control: no-cache, max-age=60'], 'x')),
    twice('authorization', fresh(), 'Authorization: x'),
    twice('no-freshness', answer(200, [], 'x')),
    {
      name: 'vary',
      origin: fresh('Vary: X-Lang'),
      steps: [
        { send: get('X-Lang: de', '/vary') },
        { send: get('X-Lang: en', '/vary') },
        { send: get('X-Lang: de', '/vary'), origin: null },
      ],
    },
    {
      name: 'a POST is not answered from it',
      origin: fresh(),
      steps: [
        { send: get('', '/post') },
        { send: 'POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n', origin: { method: 'POST' } },
      ],
    },
    {
      name: 'the age is told',
      origin: fresh(),
      steps: [{ send: get('', '/age') }, { send: get('', '/age'), origin: null, fields: { age: /^\d+$/ } }],
    },
  ],
);

const transform = casesOf(
  'transform',
  filtered('transform', () => ({
    transform: {
      request: { set: { 'X-Set': '50%' }, remove: ['X-Own'] },
      response: { set: { 'X-Said': 'by the proxy' }, remove: ['X-Secret'] },
    },
  })),
  [
    {
      name: 'fields of requests',
      steps: [
        {
          send: get('X-Set: 1\r\nX-Own: 1\r\nX-Other: 1'),
          origin: { fields: { 'x-set': '50%', 'x-own': null, 'x-other': '1' } },
        },
      ],
    },
    {
      name: 'fields of answers',
      origin: answer(200, ['X-Said: by the origin', 'X-Secret: 1', 'X-Other: 1']),
      steps: [{ send: get(), fields: { 'x-said': 'by the proxy', 'x-secret': null, 'x-other': '1' } }],
    },
  ],
);

const mirror = casesOf(
  'mirror',
  filtered('mirror', (service) => ({ mirror: { url: at(service) } })),
  [
    {
      name: 'a copy goes elsewhere, and its answer nowhere',
      service: answer(500, []),
      steps: [{ send: 'POST /a?b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxy', content: 'ok' }],
      async afterwards(bench) {
        const second = bench.origins[1]!;
        await bench.arrived(
          () => second.connections.some(({ raw }) => raw.endsWith('xy') || raw.includes('xy\r\n')),
          second,
        );
        const { requests } = second.take();
        checkRequest('POST /a?b', requests[0]!, { method: 'POST', target: '/a?b', body: 'xy', fields: { host: /^a/ } });
      },
    },
  ],
);

const logFile = join(tmpdir(), `hopcost-header-log-${randomUUID()}.ndjson`);
const headerLog = casesOf(
  'header-log',
  filtered('header-log', () => ({ 'header-log': { file: logFile, request: ['User-Agent'], response: ['X-Said'] } })),
  [
    {
      name: 'fields of both sides in a file',
      origin: answer(200, ['X-Said: yes']),
      steps: [{ send: get('User-Agent: some "thing"\r\nX-Other: not this') }],
      async afterwards(bench) {
        let text = '';
        try {
          while (!text.includes('\n')) {
            await pause(20, undefined, { signal: bench.signal });
            text = readFileSync(logFile, 'utf8');
          }
          const line = text.split('\n', 1)[0]!;
          JSON.parse(line);
          if (!line.includes(String.raw`some \"thing\"`) || !line.includes('yes') || line.includes('not this'))
            throw new Violation('a request', 'User-Agent and X-Said in the log, and nothing else', line);
        } finally {
          rmSync(logFile, { force: true });
        }
      },
    },
  ],
);

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`;
const tracing = casesOf(
  'tracing',
  filtered('tracing', (service) => ({ tracing: { url: at(service, '/v1/traces') } })),
  [
    {
      name: 'a trace is kept',
      service: ok('{}'),
      steps: [
        {
          send: get(`traceparent: ${PARENT}\r\ntracestate: a=b`),
          origin: {
            fields: { traceparent: new RegExp(`^00-${TRACE}-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$`), tracestate: 'a=b' },
          },
        },
      ],
    },
    {
      name: 'a trace is begun',
      service: ok('{}'),
      steps: [{ send: get(), origin: { fields: { traceparent: /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/ } } }],
    },
  ],
);

const requestRules = casesOf(
  'request-rules',
  filtered('request-rules', () => ({
    'request-rules': {
      methods: ['GET'],
      queryBytes: 20,
      patterns: [{ id: 'script', in: ['query'], pattern: '<script', score: 5 }],
    },
  })),
  [
    { name: 'what is allowed', steps: [{ send: get('', '/a?b=c') }] },
    { name: 'another method', steps: [{ send: get('Content-Length: 0', '/a', 'POST'), status: 405 }] },
    { name: 'a long query', steps: [{ send: get('', `/a?${'b'.repeat(21)}`), status: 414 }] },
    { name: 'a pattern', steps: [{ send: get('', '/a?b=%3CsCript'), status: 403 }] },
  ],
);

export const filterCases: readonly ConformanceCase[] = [
  ...ipRules,
  ...rateLimit,
  ...basicAuth,
  ...apiKey,
  ...jwt,
  ...extAuthz,
  ...cors,
  ...compression,
  ...cache,
  ...transform,
  ...mirror,
  ...headerLog,
  ...tracing,
  ...requestRules,
];
