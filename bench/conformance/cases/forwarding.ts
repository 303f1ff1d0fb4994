/** What becomes of a request's fields on its way: RFC 9110 §7.6, RFC 7239, RFC 9110 §10.1.1. */
import type { Forwarding } from '#proxies/config/intent.ts';
import type { ConformanceCase } from '../contract.ts';
import { show, Violation } from '../violation.ts';
import { ok } from '../origin.ts';
import { http, plain } from '../setups.ts';
import { answered, checkRequest, either, forwarded, refused, type Forwarded } from './tables.ts';

const get = (lines: string): string => `GET /a HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n`;
const options = (lines: string, method = 'OPTIONS'): string => `${method} /a HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n`;
const forwarding = (name: string, value: Forwarding) => http(name, (base) => ({ ...base, forwarding: value }));

const via = forwarding('Via', { via: 'hop' });
const anonymous = forwarding('no X-Forwarded', { xForwardedFor: false });
const rfc7239 = forwarding('Forwarded', { forwarded: true });
const trusting = forwarding('trusted peer', { trustedPeers: ['127.0.0.0/8'] });
const trusting7239 = forwarding('trusted peer, Forwarded', { trustedPeers: ['127.0.0.1'], forwarded: true });
const trustingOthers = forwarding('another trusted peer', { trustedPeers: ['10.0.0.0/8'] });

const forged = [
  'X-Forwarded-For: 6.6.6.6',
  'X-Forwarded-Proto: ftp',
  'X-Forwarded-Host: evil',
  'Forwarded: for=6.6.6.6',
  'X-Forwarded-For: 7.7.7.7',
].join('\r\n');

/** What origins take for the same, by lower-case name. */
const CLAIMS = {
  'x-real-ip': '6.6.6.6',
  'x-forwarded-port': '1',
  'x-forwarded-prefix': '/x',
  'x-forwarded-ssl': 'on',
  'x-forwarded-server': 'evil',
  'true-client-ip': '6.6.6.6',
  'cf-connecting-ip': '6.6.6.6',
  'x-original-url': '/admin',
} as const;

const rows: readonly Forwarded[] = [
  ...Object.entries(CLAIMS).map(([name, value]): Forwarded => ({
    rule: 'identity-untrusted',
    name,
    send: get(`${name}: ${value}`),
    // Some peers write it themselves.
    origin: { fields: { [name]: new RegExp(`^(?!${value}$)`) } },
  })),
  {
    rule: 'identity-trusted',
    name: 'what says the same in other words is kept',
    setup: trusting,
    send: get(
      Object.entries(CLAIMS)
        .map((field) => field.join(': '))
        .join('\r\n'),
    ),
    origin: { fields: CLAIMS },
  },
  {
    rule: 'hop-by-hop',
    name: 'fields of a connection',
    send: get(
      'Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: gzip\r\nUpgrade: x',
    ),
    origin: { fields: { 'keep-alive': null, 'proxy-connection': null, te: null, upgrade: null } },
    quick: true,
  },
  {
    rule: 'hop-by-hop',
    name: 'TE: at most trailers goes on',
    send: get('Connection: TE\r\nTE: gzip;q=0.5, trailers'),
    origin: { fields: { te: /^(trailers)?$/ } },
  },
  {
    rule: 'hop-by-hop',
    name: 'an upgrade to h2c is not passed on',
    send: get('Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'),
    origin: { fields: { upgrade: null, 'http2-settings': null } },
  },
  {
    rule: 'nominated',
    name: 'one',
    send: get('Connection: X-Secret\r\nX-Secret: 1\r\nX-Other: 2'),
    origin: { fields: { 'x-secret': null, 'x-other': '2' } },
    quick: true,
  },
  {
    rule: 'nominated',
    name: 'several, in any case, after the field itself',
    send: get('x-SECRET: 1\r\nY: 1\r\nConnection: close ,, X-Secret\r\nConnection: y'),
    origin: { fields: { 'x-secret': null, y: null } },
  },
  {
    rule: 'nominated',
    name: 'every line of a repeated field',
    send: get('X-S: 1\r\nConnection: X-S\r\nX-S: 2'),
    origin: { fields: { 'x-s': null } },
  },
  { rule: 'nominated-own', name: 'Host', send: get('Connection: Host'), origin: { fields: { host: 'a' } } },
  {
    rule: 'nominated-own',
    name: 'Content-Length',
    send: 'POST /a HTTP/1.1\r\nHost: a\r\nConnection: Content-Length\r\nContent-Length: 5\r\n\r\nhello',
    origin: { body: 'hello' },
  },
  {
    rule: 'nominated-own',
    name: 'Transfer-Encoding',
    send: 'POST /a HTTP/1.1\r\nHost: a\r\nConnection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    origin: { body: 'hello' },
  },
  {
    rule: 'nominated-own',
    name: 'X-Forwarded-For',
    send: get('Connection: X-Forwarded-For, X-Forwarded-Proto'),
    origin: { fields: { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': /^https?$/ } },
  },
  { rule: 'via', name: 'added', setup: via, send: get('X: 1'), origin: { fields: { via: '1.1 hop' } } },
  {
    rule: 'via',
    name: 'appended',
    setup: via,
    send: get('Via: 1.0 fred'),
    origin: { fields: { via: '1.0 fred, 1.1 hop' } },
  },
  { rule: 'via', name: 'none without configuration', send: get('X: 1'), origin: { fields: { via: null } } },
  {
    rule: 'max-forwards',
    name: 'counted down',
    send: options('Max-Forwards: 3'),
    origin: { fields: { 'max-forwards': '2' } },
  },
  {
    rule: 'identity-untrusted',
    name: 'X-Forwarded-* are ours alone',
    send: get(forged),
    origin: {
      fields: {
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-proto': /^https?$/,
        'x-forwarded-host': /^a?$/,
        forwarded: null,
      },
    },
    quick: true,
  },
  {
    rule: 'identity-untrusted',
    name: 'none leaves where they are off',
    setup: anonymous,
    send: get(forged),
    origin: {
      fields: { 'x-forwarded-for': null, 'x-forwarded-proto': null, 'x-forwarded-host': null, forwarded: null },
    },
  },
  {
    rule: 'identity-untrusted',
    name: 'Forwarded is ours alone',
    setup: rfc7239,
    send: get(forged),
    origin: { fields: { forwarded: /^for=127\.0\.0\.1;(?!.*6\.6\.6\.6)/ } },
  },
  {
    rule: 'identity-untrusted',
    name: 'a peer outside the trusted networks',
    setup: trustingOthers,
    send: get(forged),
    origin: { fields: { 'x-forwarded-for': '127.0.0.1', forwarded: null } },
  },
  {
    rule: 'identity-trusted',
    name: 'X-Forwarded-*',
    setup: trusting,
    send: get(
      'X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: 7.7.7.7\r\nX-Forwarded-Host: b',
    ),
    origin: {
      fields: {
        'x-forwarded-for': '6.6.6.6, 7.7.7.7, 127.0.0.1',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'b',
      },
    },
  },
  {
    rule: 'identity-trusted',
    name: 'Forwarded',
    setup: trusting7239,
    send: get('Forwarded: for=6.6.6.6'),
    origin: { fields: { forwarded: /^for=6\.6\.6\.6, for=127\.0\.0\.1/ } },
  },
  {
    rule: 'expect',
    name: 'ignored from HTTP/1.0',
    send: 'POST /a HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello',
    origin: { body: 'hello', fields: { expect: null } },
  },
];

const expectation = get('Expect: miracles');

export const forwardingCases: readonly ConformanceCase[] = [
  ...rows.map(forwarded),
  refused({
    rule: 'max-forwards',
    name: 'OPTIONS answered at 0',
    send: options('Max-Forwards: 0'),
    status: [200, 204],
  }),
  refused({
    rule: 'max-forwards',
    name: 'TRACE answered at 0',
    send: options('Max-Forwards: 0', 'TRACE'),
    status: [200, 405, 501],
  }),
  either(
    refused({ rule: 'expect', name: 'another one', send: expectation, status: 417 }),
    forwarded({ rule: 'expect', name: 'another one', send: expectation, origin: { fields: { expect: 'miracles' } } }),
  ),
  answered({
    rule: 'via',
    name: 'of answers',
    setup: via,
    origin: 'HTTP/1.1 200 OK\r\nVia: 1.0 fred\r\nContent-Length: 0\r\n\r\n',
    client: { status: 200, fields: { via: '1.0 fred, 1.1 hop' } },
  }),
  answered({
    rule: 'hop-by-hop',
    name: 'of answers',
    origin:
      'HTTP/1.1 200 OK\r\nConnection: X-Secret\r\nX-Secret: 1\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nok',
    client: { status: 200, body: 'ok', fields: { 'x-secret': null, 'keep-alive': /^(?!timeout=5$)/ } },
  }),
  {
    rule: 'expect',
    name: 'the body waits for the 100',
    layer: 'l7',
    setup: plain,
    async run(bench) {
      const wire = await bench.open();
      wire.write('POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
      await bench.seen(wire, (text) => text.startsWith('HTTP/1.1 100'), 'a 100');
      wire.write('hello');
      const { messages } = await bench.answers(wire, ['POST']);
      const statuses = messages.map(({ status }) => status).join();
      if (statuses !== '100,200') throw new Violation('Expect: 100-continue', '100, 200', statuses);
      for (const request of bench.origin.take().requests) checkRequest('the body', request, { body: 'hello' });
    },
  },
  {
    rule: 'expect',
    name: 'a final answer in place of the 100',
    layer: 'l7',
    setup: plain,
    async run(bench) {
      bench.origin.script = () => ({
        at: 'head',
        answer: 'HTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\n',
        ends: 'close',
      });
      const wire = await bench.open();
      wire.write('POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
      await bench.seen(wire, (text) => /HTTP\/1\.1 413[^]*\r\n\r\n/.test(text), 'a 413');
    },
  },
  {
    rule: 'trailer-forwarded',
    name: 'of an answer: only to who asked for them',
    layer: 'l7',
    setup: plain,
    async run(bench) {
      const body = '5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n';
      bench.origin.script = () => ({
        answer: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n${body}`,
      });
      for (const [lines, wanted] of [
        ['X: 1', /^$/],
        ['Connection: TE\r\nTE: trailers', /^1?$/],
      ] as const) {
        const wire = await bench.open();
        wire.write(get(lines));
        const { messages, problem } = await bench.answers(wire, ['GET']);
        const [answer] = messages;
        const sum = answer?.trailers.map(([, value]) => value).join() ?? '';
        if (answer?.body !== 'hello' || !wanted.test(sum))
          throw new Violation(
            show(lines),
            `hello and trailers like ${wanted}`,
            problem ?? `${answer?.body} and '${sum}'`,
          );
      }
    },
  },
  {
    rule: 'early-answer',
    name: 'delivered; its upstream connection is not used again',
    layer: 'l7',
    setup: plain,
    async run(bench) {
      bench.origin.script = ({ method }) =>
        method === 'POST'
          ? { at: 'head', answer: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly' }
          : { answer: ok() };
      const wire = await bench.open();
      wire.write('POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhello');
      const early = await bench.seen(wire, (text) => text.endsWith('early'), 'the early answer');
      if (!early.startsWith('HTTP/1.1 200')) throw new Violation('half a body', '200', show(early));
      const used = bench.origin.connections.find(({ raw }) => raw.includes('POST /a'))!;
      const before = used.raw.length;
      const next = await bench.open();
      next.write(get('X: 1'));
      const { messages } = await bench.answers(next, ['GET']);
      if (messages[0]?.status !== 200) throw new Violation('a request after it', '200', String(messages[0]?.status));
      if (used.raw.slice(before).includes('GET /a'))
        throw new Violation('a request after an early answer', 'another upstream connection', 'the same one');
    },
  },
];
