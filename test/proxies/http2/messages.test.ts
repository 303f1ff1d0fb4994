/** Which field sections are messages: RFC 9113 §8, and what must not reach a reader of HTTP/1.1. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { frame } from './frame-bytes.ts';
import { joinCookies } from '#proxies/http2/message.ts';
import { greetedClient, greetedServer } from './recorder.ts';
import { block, GET, type Pairs, section } from './requests.ts';

const without = (name: string): Pairs => GET.filter(([field]) => field !== name);
const withPseudo = (name: string, value: string): Pairs => [[name, value], ...without(name)];
const and = (name: string, value: string): Pairs => [...GET, [name, value]];

const GOOD_REQUESTS: readonly [name: string, pairs: Pairs][] = [
  ['a plain one', GET],
  ['pseudo-fields in another order', GET.toReversed()],
  ['te: trailers', and('te', 'trailers')],
  ['an empty value', and('x-empty', '')],
  ['a value of all visible bytes', and('x-a', '!~\t\x80\xff')],
  ['host that says the same', and('host', 'A.example')],
  ['host alone', [...without(':authority'), ['host', 'a.example']]],
  ['no authority at all', without(':authority')],
  ['an authority with port', withPseudo(':authority', 'a.example:8080')],
  ['an IPv6 authority', withPseudo(':authority', '[::1]:8080')],
  ['a method of its own', withPseudo(':method', 'PROPFIND')],
  [
    'OPTIONS *',
    [
      [':method', 'OPTIONS'],
      [':scheme', 'http'],
      [':path', '*'],
      [':authority', 'a.example'],
    ],
  ],
  [
    'CONNECT',
    [
      [':method', 'CONNECT'],
      [':authority', 'a.example:443'],
    ],
  ],
  ['another scheme', withPseudo(':scheme', 'coap+tcp')],
  ['content-length: 0', and('content-length', '0')],
  ['a priority field (RFC 9218)', and('priority', 'u=1, i')],
  ['cookie crumbs', [...GET, ['cookie', 'a=b'], ['cookie', 'c=d']]],
];

const BAD_REQUESTS: readonly [name: string, pairs: Pairs][] = [
  ['no :method', without(':method')],
  ['no :scheme', without(':scheme')],
  ['no :path', without(':path')],
  ['two :method', [[':method', 'GET'], ...GET]],
  ['two :path', [[':path', '/'], ...GET]],
  ['two :authority', [[':authority', 'a.example'], ...GET]],
  ['an unknown pseudo-field', [[':x', 'y'], ...GET]],
  ['the :protocol of an extension that was not offered', [[':protocol', 'websocket'], ...GET]],
  ['the :status of a response', [[':status', '200'], ...GET]],
  ['a pseudo-field behind a regular one', [...without(':path'), ['x-a', 'b'], [':path', '/']]],
  ['an empty :method', withPseudo(':method', '')],
  ['a :method with a space', withPseudo(':method', 'GET /')],
  ['an empty :path', withPseudo(':path', '')],
  ['a :path without a slash', withPseudo(':path', 'index')],
  ['a :path with a space', withPseudo(':path', '/a b')],
  ['a :path with a line end', withPseudo(':path', '/ HTTP/1.1\r\nx: y')],
  ['a :path with bytes above ASCII', withPseudo(':path', '/\xe9')],
  ['GET *', withPseudo(':path', '*')],
  ['an empty :scheme', withPseudo(':scheme', '')],
  ['a :scheme with a slash', withPseudo(':scheme', 'http/')],
  ['an empty :authority', withPseudo(':authority', '')],
  ['an :authority with userinfo', withPseudo(':authority', 'u@a.example')],
  ['an :authority with a path', withPseudo(':authority', 'a.example/x')],
  ['an :authority with a space', withPseudo(':authority', 'a.example x')],
  ['a host that says otherwise', and('host', 'b.example')],
  ['two hosts', [...without(':authority'), ['host', 'a'], ['host', 'a']]],
  ['a name in upper case', and('X-a', 'b')],
  ['an empty name', and('', 'b')],
  ['a name with a colon', and('a:b', 'c')],
  ['a name with a space', and('a b', 'c')],
  ['a name with a line end', and('a\r\nb', 'c')],
  ['a name above ASCII', and('\xe9', 'c')],
  ['a value with CR', and('x-a', 'b\rc')],
  ['a value with LF', and('x-a', 'b\nc')],
  ['a value with NUL', and('x-a', 'b\0c')],
  ['a value with DEL', and('x-a', 'b\x7fc')],
  ['a value that begins with a space', and('x-a', ' b')],
  ['a value that ends with a tab', and('x-a', 'b\t')],
  ['a pseudo-field with LF', withPseudo(':authority', 'a\nb')],
  ['connection', and('connection', 'close')],
  ['keep-alive', and('keep-alive', '1')],
  ['proxy-connection', and('proxy-connection', 'x')],
  ['transfer-encoding', and('transfer-encoding', 'chunked')],
  ['upgrade', and('upgrade', 'h2c')],
  ['te that asks for more', and('te', 'trailers, gzip')],
  ['content-length that is no number', and('content-length', '+3')],
  ['two content-lengths', [...GET, ['content-length', '0'], ['content-length', '0']]],
  ['a list of content-lengths', and('content-length', '0, 0')],
  [
    'CONNECT with a :path',
    [
      [':method', 'CONNECT'],
      [':authority', 'a.example:443'],
      [':path', '/'],
    ],
  ],
  [
    'CONNECT with a :scheme',
    [
      [':method', 'CONNECT'],
      [':authority', 'a.example:443'],
      [':scheme', 'http'],
    ],
  ],
  ['CONNECT without :authority', [[':method', 'CONNECT']]],
];

const status = (value: string, ...more: [string, string][]): Pairs => [[':status', value], ...more];

const GOOD_RESPONSES: readonly [name: string, pairs: Pairs, isEnd: boolean][] = [
  ['a plain one', status('200'), true],
  ['one with a body to come', status('200', ['content-length', '3']), false],
  ['a status of its own', status('799'), true],
  ['an interim one', status('103', ['link', '</a>']), false],
  ['204 with a length', status('204', ['content-length', '3']), true],
  ['304 with a length', status('304', ['content-length', '3']), true],
  ['the same length twice', status('200', ['content-length', '0'], ['content-length', '0']), true],
];
const BAD_RESPONSES: readonly [name: string, pairs: Pairs, isEnd: boolean][] = [
  ['no :status', [['x-a', 'b']], true],
  [
    'two :status',
    [
      [':status', '200'],
      [':status', '200'],
    ],
    true,
  ],
  ['a :status of two digits', status('20'), true],
  ['a :status of four digits', status('2000'), true],
  ['a :status below 100', status('099'), true],
  ['a :status with a sign', status('+20'), true],
  ['101', status('101'), false],
  [
    'a pseudo-field of requests',
    [
      [':status', '200'],
      [':path', '/'],
    ],
    true,
  ],
  ['an interim answer that ends the stream', status('103'), true],
  ['content-length without content', status('200', ['content-length', '3']), true],
  ['different lengths', status('200', ['content-length', '3'], ['content-length', '4']), false],
  ['transfer-encoding', status('200', ['transfer-encoding', 'chunked']), true],
  ['a value with CR', status('200', ['x-a', 'b\rc']), true],
];

describe('a request', () => {
  const heard = (pairs: Pairs): string => {
    const server = greetedServer();
    server.receive(frame(1, 5, 1, block(pairs)));
    return server.heard()[0]!;
  };
  for (const [name, pairs] of GOOD_REQUESTS) {
    it(`is taken: ${name}`, () =>
      assert.equal(heard(pairs), `headers 1 ${pairs.map(([field, value]) => `${field}=${value}`).join(' ')} end`));
  }
  for (const [name, pairs] of BAD_REQUESTS)
    it(`is refused: ${name}`, () => assert.equal(heard(pairs), 'refused 1 PROTOCOL_ERROR'));
});

describe('a response', () => {
  const heard = (pairs: Pairs, isEnd: boolean, method = 'GET'): string[] => {
    const client = greetedClient();
    client.connection.open(section([[':method', method], ...GET.slice(1)]), true, '');
    client.receive(frame(1, isEnd ? 5 : 4, 1, block(pairs)));
    return client.heard();
  };
  for (const [name, pairs, isEnd] of GOOD_RESPONSES) {
    it(`is taken: ${name}`, () => {
      const fields = pairs.map(([field, value]) => `${field}=${value}`).join(' ');
      assert.deepEqual(heard(pairs, isEnd), [
        `headers 1 ${fields}${isEnd ? ' end' : ''}`,
        ...(isEnd ? ['close 1 ended'] : []),
      ]);
    });
  }
  for (const [name, pairs, isEnd] of BAD_RESPONSES)
    it(`is refused: ${name}`, () => assert.equal(heard(pairs, isEnd)[0], 'close 1 PROTOCOL_ERROR'));

  it('to HEAD has no content, whatever it announces', () => {
    assert.equal(heard(status('200', ['content-length', '3']), true, 'HEAD').at(-1), 'close 1 ended');
    const client = greetedClient();
    client.connection.open(section([[':method', 'HEAD'], ...GET.slice(1)]), true, '');
    client.receive(Buffer.concat([frame(1, 4, 1, block(status('200'))), frame(0, 1, 1, 'ab')]));
    assert.equal(client.heard().at(-2), 'close 1 PROTOCOL_ERROR');
  });

  it('begins with a head', () => {
    const client = greetedClient();
    client.connection.open(section(GET), true, '');
    client.receive(frame(0, 1, 1, 'ab'));
    assert.equal(client.heard()[0], 'close 1 PROTOCOL_ERROR');
  });
});

describe('cookie crumbs', () => {
  it('are joined', () => {
    assert.equal(
      joinCookies(
        section([
          ['cookie', 'a=b'],
          ['x', 'y'],
          ['cookie', 'c=d'],
          ['cookie', 'e'],
        ]),
      ),
      'a=b; c=d; e',
    );
    assert.equal(joinCookies(section([['x', 'y']])), undefined);
  });
});

describe('what an owner sends', () => {
  it('may not hold what would end a line', () => {
    const client = greetedClient();
    const send = (pairs: Pairs) => () => client.connection.open(section(pairs), true, '');
    assert.throws(send([...GET, ['x-a', 'b\r\nc: d']]), TypeError);
    assert.throws(send([...GET, ['x-a', 'b\u010ac']]), TypeError);
    assert.throws(send([...GET, ['X-a', 'b']]), TypeError);
    assert.throws(send([...GET, ['x a', 'b']]), TypeError);
  });
});
