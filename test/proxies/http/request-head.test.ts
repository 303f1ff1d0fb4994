/** Every rule on request heads: the verdict on the whole, and the same verdict however the octets arrive. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CHUNKED, Head, LENGTH, NO_BODY } from '#proxies/http/head.ts';
import { scanRequestHead } from '#proxies/http/request-head.ts';
import { canonicalPath, pathOf, queryOf } from '#proxies/http/target.ts';

const limits = { headBytes: 4096, targetBytes: 1024, bodyBytes: 1000 };
const head = new Head(16);

function scan(text: string, from = 0): number {
  const buffer = Buffer.from(text, 'latin1');
  return scanRequestHead(head, buffer, from, buffer.length, limits);
}

/** Verdict when octets come one by one: the first that is not "more". */
function scanSplit(text: string): number {
  for (let end = 1; end <= text.length; end += 1) {
    const result = scan(text.slice(0, end));
    if (result !== 0) return result;
  }
  return 0;
}

const get = (lines: string): string => `GET / HTTP/1.1\r\n${lines}\r\n`;
const host = 'Host: a\r\n';

const refused: readonly [name: string, head: string, status: number][] = [
  ['bare LF after the request line', 'GET / HTTP/1.1\nHost: a\r\n\r\n', 400],
  ['bare LF after a field', get('Host: a\nX: b\r\n'), 400],
  ['bare CR in a value', get('Host: a\r\nX: b\rc\r\n'), 400],
  ['bare CR before the end', get('Host: a\r\nX: b\r\r\n'), 400],
  ['NUL in a value', get('Host: a\r\nX: b\0c\r\n'), 400],
  ['DEL in a value', get('Host: a\r\nX: b\x7fc\r\n'), 400],
  ['whitespace before the first field', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n', 400],
  ['obs-fold', get('Host: a\r\nX: b\r\n c\r\n'), 400],
  ['space before the colon', get('Host : a\r\n'), 400],
  ['empty field name', get('Host: a\r\n: x\r\n'), 400],
  ['field line without a colon', get('Host: a\r\nfoo\r\n'), 400],
  ['octet above ASCII in a name', get('Host: a\r\nX\xe9: b\r\n'), 400],
  ['two spaces in the request line', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['tab in the request line', 'GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['space after the version', 'GET / HTTP/1.1 \r\nHost: a\r\n\r\n', 400],
  ['no target', 'GET HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['lower-case protocol', 'GET / http/1.1\r\nHost: a\r\n\r\n', 400],
  ['HTTP/0.9 form', 'GET /\r\n', 400],
  ['HTTP/2.0', 'GET / HTTP/2.0\r\nHost: a\r\n\r\n', 505],
  ['HTTP/1.2', 'GET / HTTP/1.2\r\nHost: a\r\n\r\n', 505],
  ['HTTP/1.10', 'GET / HTTP/1.10\r\nHost: a\r\n\r\n', 400],
  ['method that is no token', 'G(T / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['TLS instead of HTTP', '\x16\x03\x01\x02\x00\x01', 400],
  ['two empty lines first', '\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['missing Host', 'GET / HTTP/1.1\r\nX: y\r\n\r\n', 400],
  ['repeated Host', get('Host: a\r\nHost: a\r\n'), 400],
  ['empty Host', get('Host:\r\n'), 400],
  ['userinfo in Host', get('Host: u@a\r\n'), 400],
  ['path in Host', get('Host: a/b\r\n'), 400],
  ['comma in Host', get('Host: a,b\r\n'), 400],
  ['space in Host', get('Host: a b\r\n'), 400],
  ['port out of range', get('Host: a:65536\r\n'), 400],
  ['port that is no number', get('Host: a:b\r\n'), 400],
  ['unclosed literal', get('Host: [::1\r\n'), 400],
  ['authority-form without CONNECT', 'GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['CONNECT to a path', 'CONNECT /x HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['CONNECT without a port', 'CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['asterisk without OPTIONS', 'GET * HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['unknown scheme', 'GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['userinfo in absolute form', 'GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['absolute form without authority', 'GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['fragment', 'GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['dot segment beside an encoded slash', 'GET /a/..%2fb HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['dot segment after an encoded slash', 'GET /a%2F%2e%2e/b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['dot segment with parameter beside an encoded slash', 'GET /a%2F..;x/b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['dot segment above an encoded slash', 'GET /a%2fb/../c HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['dot segment above a repeated slash', 'GET /a//../b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['dot segments that reach a repeated slash', 'GET /a//b/../../c HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['parameter without a segment', 'GET /;x/admin HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['encoded backslash', 'GET /a%5Cb HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['encoded NUL', 'GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['backslash', 'GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['broken percent-encoding', 'GET /a%2 HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['dot segment with parameter', 'GET /a/..;/b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['dot segment after a parameter', 'GET /a;/../b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['path above the root', 'GET /../etc HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['encoded dots above the root', 'GET /%2e%2E/etc HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['octet above ASCII in the target', 'GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['Transfer-Encoding with Content-Length', get(`${host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n`), 400],
  ['two Content-Lengths', get(`${host}Content-Length: 1\r\nContent-Length: 2\r\n`), 400],
  ['list in Content-Length', get(`${host}Content-Length: 1, 1\r\n`), 400],
  ['signed Content-Length', get(`${host}Content-Length: +1\r\n`), 400],
  ['hexadecimal Content-Length', get(`${host}Content-Length: 0x1\r\n`), 400],
  ['empty Content-Length', get(`${host}Content-Length:\r\n`), 400],
  ['Content-Length past the safe integers', get(`${host}Content-Length: 99999999999999999999\r\n`), 400],
  ['Content-Length over the limit', get(`${host}Content-Length: 1001\r\n`), 413],
  ['unknown coding', get(`${host}Transfer-Encoding: gzip, chunked\r\n`), 501],
  ['coding list not ending in chunked', get(`${host}Transfer-Encoding: chunked, gzip\r\n`), 400],
  ['chunked twice', get(`${host}Transfer-Encoding: chunked, chunked\r\n`), 400],
  ['chunked twice in two lines', get(`${host}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n`), 400],
  ['empty Transfer-Encoding', get(`${host}Transfer-Encoding:\r\n`), 400],
  ['vertical tab before chunked', get(`${host}Transfer-Encoding: \x0bchunked\r\n`), 400],
  ['Transfer-Encoding in HTTP/1.0', 'GET / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
  ['alias of Transfer-Encoding', get(`${host}Transfer_Encoding: chunked\r\n`), 400],
  ['alias of Content-Length', get(`${host}Content.Length: 1\r\n`), 400],
  ['alias of X-Forwarded-For', get(`${host}X_Forwarded_For: 1.1.1.1\r\n`), 400],
  ['Connection option that is no token', get(`${host}Connection: a b\r\n`), 400],
  ['overlong target', `GET /${'a'.repeat(1024)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
  ['overlong target, unfinished', `GET /${'a'.repeat(1024)}`, 414],
  ['too many fields', get(host + 'X: y\r\n'.repeat(16)), 431],
  ['overlong head', get(`${host}X: ${'y'.repeat(4096)}\r\n`), 431],
  ['overlong head, unfinished', `GET / HTTP/1.1\r\nX: ${'y'.repeat(4096)}`, 431],
];

describe('request heads that are refused', () => {
  for (const [name, text, status] of refused) {
    it(`${name}: ${status}`, () => {
      assert.equal(scan(text), -status);
      assert.equal(scanSplit(text), -status, 'split at every octet');
    });
  }
});

describe('request heads that are accepted', () => {
  const accepted: readonly [name: string, text: string, check: () => void][] = [
    ['a plain one', get(host), () => assert.equal(head.body, NO_BODY)],
    ['after one empty line', `\r\n${get(host)}`, () => assert.equal(head.start, 2)],
    ['target of 1,000 octets', `GET /${'a'.repeat(999)} HTTP/1.1\r\nHost: a\r\n\r\n`, () => {}],
    ['IP literal with port', get('Host: [2001:db8::1]:8080\r\n'), () => {}],
    ['HTTP/1.0 without Host', 'GET / HTTP/1.0\r\n\r\n', () => assert.equal(head.minor, 0)],
    [
      'empty and obs-text values',
      get(`${host}A:\r\nB: \xe9\t\xff \r\n`),
      () => assert.equal(head.value(2), '\xe9\t\xff'),
    ],
    [
      'Content-Length',
      get(`${host}content-length:  7 \r\n`),
      () => assert.deepEqual([head.body, head.contentLength], [LENGTH, 7]),
    ],
    ['chunked', get(`${host}TRANSFER-encoding: Chunked\r\n`), () => assert.equal(head.body, CHUNKED)],
    ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', () => assert.equal(head.form, 'asterisk')],
    ['CONNECT', 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n', () => assert.equal(head.form, 'authority')],
    [
      'absolute form, which wins over Host',
      'GET http://b:81/x?y HTTP/1.1\r\nHost: a\r\n\r\n',
      () =>
        assert.deepEqual(
          [head.text(head.authorityStart, head.authorityEnd), head.canonical, head.relative],
          ['b:81', '/x', '/x?y'],
        ),
    ],
    [
      'absolute form without a path',
      'GET http://b?q HTTP/1.1\r\nHost: a\r\n\r\n',
      () => assert.deepEqual([head.canonical, head.relative], ['/', '/?q']),
    ],
    [
      'dot segments',
      'GET /a/./b/../c.d?/../%2f HTTP/1.1\r\nHost: a\r\n\r\n',
      () => assert.deepEqual([pathOf(head), queryOf(head), head.relative], ['/a/c.d', '?/../%2f', undefined]),
    ],
    ['encoded letters', 'GET /%61%7e%c3%a9 HTTP/1.1\r\nHost: a\r\n\r\n', () => assert.equal(pathOf(head), '/a~%C3%A9')],
    [
      'a canonical path',
      'GET /a.b/..c;d?e HTTP/1.1\r\nHost: a\r\n\r\n',
      () => assert.equal(pathOf(head), '/a.b/..c;d'),
    ],
    [
      'encoded slashes',
      'GET /a%2fb/%2F/%2f HTTP/1.1\r\nHost: a\r\n\r\n',
      () => assert.equal(pathOf(head), '/a%2Fb/%2F/%2F'),
    ],
    ['repeated slashes', 'GET //a///b//?//c HTTP/1.1\r\nHost: a\r\n\r\n', () => assert.equal(pathOf(head), '/a/b/')],
    [
      'repeated slashes and an escape',
      'GET //%61//b// HTTP/1.1\r\nHost: a\r\n\r\n',
      () => assert.equal(pathOf(head), '/a/b/'),
    ],
    [
      'dot segments beside repeated slashes',
      'GET /a//b/../c/./ HTTP/1.1\r\nHost: a\r\n\r\n',
      () => assert.equal(pathOf(head), '/a/c/'),
    ],
    [
      'a parameter of the root',
      'GET /;jsessionid=1 HTTP/1.1\r\nHost: a\r\n\r\n',
      () => assert.equal(pathOf(head), '/;jsessionid=1'),
    ],
    [
      'Connection options',
      get(`${host}Connection: Close, X-A , keep-alive\r\nConnection: TE\r\n`),
      () => assert.deepEqual([head.close, head.keepAlive, head.nominatedNames], [true, true, ['x-a']]),
    ],
  ];
  for (const [name, text, check] of accepted) {
    it(name, () => {
      assert.equal(scan(text), text.length);
      check();
      assert.equal(scanSplit(text), text.length, 'split at every octet');
      check();
      assert.equal(scan(`${text}GET`), text.length, 'what follows is left alone');
    });
  }
});

describe('canonical path', () => {
  it('an encoded slash is refused where the intent says so', () => {
    const text = 'GET /a%2fb?%2f HTTP/1.1\r\nHost: a\r\n\r\n';
    const buffer = Buffer.from(text, 'latin1');
    const scanning = (escapedSlashes: 'keep' | 'refuse') =>
      scanRequestHead(head, buffer, 0, buffer.length, { ...limits, escapedSlashes });
    assert.deepEqual([scanning('keep'), scanning('refuse')], [text.length, -400]);
    assert.equal(canonicalPath('/a?%2f'.slice(0, 2), 'refuse'), '/a');
  });

  it('is its own canonical form, and that of whoever merges first or decodes all', () => {
    const piece = fc.constantFrom('/', '/', '.', '..', 'a', 'b', '%2e', '%2F', '%61', ';', ';x', '%3b', '%25', '//');
    const paths = fc.array(piece, { maxLength: 10 }).map((parts) => `/${parts.join('')}`);
    fc.assert(
      fc.property(paths, (raw) => {
        const path = canonicalPath(raw);
        if (path === undefined) return;
        assert.equal(canonicalPath(path), path);
        assert.doesNotMatch(path, /\/\/|\/\.\.?(\/|$)/);
        // Another reader's order of steps comes to the same path.
        const merged = raw.replaceAll(/\/{2,}/g, '/');
        assert.equal(canonicalPath(merged), path, 'merged first');
        assert.equal(
          new URL(`http://a${raw.replaceAll('%2f', '%2F')}`).pathname
            .replaceAll(/\/{2,}/g, '/')
            .replaceAll('%61', 'a')
            .replaceAll('%3b', '%3B')
            .replaceAll('%2e', '.'),
          path,
          'dots first',
        );
      }),
      { seed: 20_261_126, numRuns: 20_000 },
    );
  });
});

describe('scanRequestHead, fuzzed', () => {
  const piece = fc.constantFrom(
    'GET',
    'POST',
    ' ',
    '/',
    'HTTP/1.1',
    '\r\n',
    '\r',
    '\n',
    'Host',
    ':',
    ': ',
    'a',
    '\t',
    '\0',
    '\x7f',
    '\xff',
    ',',

    'Content-Length: 5',
    'Transfer-Encoding: chunked',
    'Connection: close',
    'Host: a\r\n',
    '%2e',
    '..',
    ';',
    '#',
    '\\',
  );
  const soup = fc.oneof(
    fc.array(piece, { maxLength: 20 }).map((parts) => parts.join('')),
    fc.array(piece, { maxLength: 12 }).map((parts) => `GET / HTTP/1.1\r\nHost: a\r\n${parts.join('')}\r\n\r\n`),
    fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 80 }).map((octets) => String.fromCharCode(...octets)),
  );

  it('gives the same verdict at every split, and never reads past the end', () => {
    fc.assert(
      fc.property(soup, (text) => {
        const whole = scan(text);
        const split = scanSplit(text);
        // A verdict on a prefix is final: what comes later cannot change it.
        assert.equal(split, whole);
        if (whole > 0) assert.ok(whole <= text.length);
        const shifted = scan(`xyz${text}`, 3);
        assert.equal(shifted > 0 ? shifted - 3 : shifted, whole);
      }),
      { seed: 20_260_701, numRuns: 20_000 },
    );
  });
});
