/** Field sections that are messages (RFC 9113 §8), and such as must not reach a reader of HTTP/1.1. */
import { GET, type Pairs } from './requests.ts';

export const without = (name: string): Pairs => GET.filter(([field]) => field !== name);
export const withPseudo = (name: string, value: string): Pairs => [[name, value], ...without(name)];
export const and = (name: string, value: string): Pairs => [...GET, [name, value]];

export const GOOD_REQUESTS: readonly [name: string, pairs: Pairs][] = [
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

export const BAD_REQUESTS: readonly [name: string, pairs: Pairs][] = [
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

export const status = (value: string, ...more: [string, string][]): Pairs => [[':status', value], ...more];

export const GOOD_RESPONSES: readonly [name: string, pairs: Pairs, isEnd: boolean][] = [
  ['a plain one', status('200'), true],
  ['one with a body to come', status('200', ['content-length', '3']), false],
  ['a status of its own', status('799'), true],
  ['an interim one', status('103', ['link', '</a>']), false],
  ['204 with a length', status('204', ['content-length', '3']), true],
  ['304 with a length', status('304', ['content-length', '3']), true],
  ['the same length twice', status('200', ['content-length', '0'], ['content-length', '0']), true],
];
export const BAD_RESPONSES: readonly [name: string, pairs: Pairs, isEnd: boolean][] = [
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
