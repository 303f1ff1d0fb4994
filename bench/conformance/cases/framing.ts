/** Where a request ends: RFC 9112 §6–§7. */
import type { ConformanceCase } from '../contract.ts';
import { withLimits } from '../setups.ts';
import { ANY_REFUSAL, forwarded, refused, type Forwarded, type Refused } from './tables.ts';

const post = (lines: string, body = '', version = '1.1'): string =>
  `POST / HTTP/${version}\r\nHost: a\r\n${lines}\r\n\r\n${body}`;
const chunked = (body: string): string => post('Transfer-Encoding: chunked', body);
const small = withLimits({ bodyBytes: 10 });

const refusals: readonly Refused[] = [
  {
    rule: 'te-with-length',
    name: 'CL first',
    send: post('Content-Length: 5\r\nTransfer-Encoding: chunked', '0\r\n\r\n'),
    status: 400,
    closes: true,
    quick: true,
  },
  {
    rule: 'te-with-length',
    name: 'TE first',
    send: post('Transfer-Encoding: chunked\r\nContent-Length: 5', '0\r\n\r\n'),
    status: 400,
    closes: true,
  },
  {
    rule: 'te-with-length',
    name: 'lower case, length 0',
    send: post('transfer-encoding: chunked\r\ncontent-length: 0', '0\r\n\r\n'),
    status: 400,
    closes: true,
  },
  ...(
    [
      ['negative', '-1'],
      ['plus sign', '+5'],
      ['hexadecimal', '0x5'],
      ['decimal point', '5.0'],
      ['empty', ''],
      ['trailing text', '5 x'],
      ['list, differing', '5, 6'],
      ['list with an empty member', '5,'],
      ['overflow', '18446744073709551621'],
      ['beyond 2^53', '9007199254740993'],
      ['not a number', 'five'],
    ] as const
  ).map(([name, length]): Refused => ({
    rule: 'length-invalid',
    name,
    send: post(`Content-Length: ${length}`, 'hello'),
    status: 400,
    closes: true,
    ...(name === 'plus sign' && { quick: true }),
  })),
  {
    rule: 'length-invalid',
    name: 'two fields, differing',
    send: post('Content-Length: 5\r\nContent-Length: 6', 'hello'),
    status: 400,
    closes: true,
    quick: true,
  },
  ...(
    [
      ['chunked, gzip', 400],
      ['chunked, chunked', 400],
      ['chunked,', 400],
      ['gzip', 400],
      ['identity', 400],
    ] as const
  ).map(([coding, status]): Refused => ({
    rule: 'chunked-last',
    name: coding,
    send: post(`Transfer-Encoding: ${coding}`, '0\r\n\r\n'),
    status: [status, 501],
    closes: true,
  })),
  {
    rule: 'chunked-last',
    name: 'two fields, chunked first',
    send: post('Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip', '0\r\n\r\n'),
    status: 400,
    closes: true,
  },
  ...['xchunked', 'gzip, chunked', '"chunked"', 'chunked;q=1', '\x0bchunked'].map((coding): Refused => ({
    rule: 'coding-unknown',
    name: coding,
    send: post(`Transfer-Encoding: ${coding}`, '0\r\n\r\n'),
    status: coding === 'gzip, chunked' ? 501 : [400, 501],
    closes: true,
  })),
  {
    rule: 'te-http10',
    name: 'chunked',
    send: post('Transfer-Encoding: chunked', '0\r\n\r\n', '1.0'),
    status: ANY_REFUSAL,
    closes: true,
  },
  ...(
    [
      ['empty', '\r\nhello\r\n0\r\n\r\n'],
      ['minus', '-5\r\nhello\r\n0\r\n\r\n'],
      ['plus', '+5\r\nhello\r\n0\r\n\r\n'],
      ['0x', '0x5\r\nhello\r\n0\r\n\r\n'],
      ['underscore', '1_0\r\nhello\r\n0\r\n\r\n'],
      ['leading space', ' 5\r\nhello\r\n0\r\n\r\n'],
      ['overflow of 64 bits', '10000000000000005\r\nhello\r\n0\r\n\r\n'],
      ['overflow of 32 bits with leading digits', 'fffffffff00000005\r\nhello\r\n0\r\n\r\n'],
      ['no hexadecimal', 'g\r\nhello\r\n0\r\n\r\n'],
      ['bare LF', '5\nhello\r\n0\r\n\r\n'],
      ['bare CR', '5\rhello\r\n0\r\n\r\n'],
      ['data longer than its size', '4\r\nhello\r\n0\r\n\r\n'],
      ['data ended by LF', '5\r\nhello\n0\r\n\r\n'],
      ['data ended by nothing', '5\r\nhello0\r\n\r\n'],
      ['LF in place of the last CRLF', '5\r\nhello\r\n0\r\n\n'],
    ] as const
  ).map(([name, body]): Refused => ({
    rule: 'chunk-size',
    name,
    send: chunked(body),
    status: 400,
    closes: true,
    amidBody: true,
    ...(name === 'overflow of 64 bits' && { quick: true }),
  })),
  {
    rule: 'chunk-extension',
    name: 'without end',
    setup: withLimits({ chunkExtensionBytes: 64 }),
    send: chunked(`5;${'x'.repeat(200)}\r\nhello\r\n0\r\n\r\n`),
    status: [400, 413],
    amidBody: true,
  },
  {
    rule: 'chunk-extension',
    name: 'bounded over all chunks',
    setup: withLimits({ chunkExtensionBytes: 64 }),
    send: chunked(`${`1;${'x'.repeat(30)}\r\na\r\n`.repeat(5)}0\r\n\r\n`),
    status: [400, 413],
    amidBody: true,
  },
  {
    rule: 'chunk-extension',
    name: 'LF in it',
    send: chunked('5;a\nb\r\nhello\r\n0\r\n\r\n'),
    status: 400,
    amidBody: true,
    closes: true,
  },
  ...(
    [
      ['no name', '5;'],
      ['no name before another', '5;;a'],
      ['a name that is no token', '5;bad[=x'],
      ['no value', '5;a='],
      ['a quoted value without its end', '5;a="x'],
      ['text after a quoted value', '5;a="x"y'],
      ['blanks that end the line', '5;a '],
    ] as const
  ).map(([name, line]): Refused => ({
    rule: 'chunk-extension',
    name,
    send: chunked(`${line}\r\nhello\r\n0\r\n\r\n`),
    status: 400,
    amidBody: true,
    closes: true,
  })),
  {
    rule: 'chunk-extension',
    name: 'NUL in it',
    send: chunked('5;a\0b\r\nhello\r\n0\r\n\r\n'),
    status: 400,
    amidBody: true,
    closes: true,
  },
  ...[
    'Content-Length: 5',
    'Transfer-Encoding: chunked',
    'Host: evil',
    'Authorization: Basic x',
    'content_length: 5',
  ].map((trailer): Refused => ({
    rule: 'trailer-forbidden',
    name: trailer.slice(0, trailer.indexOf(':')),
    send: chunked(`5\r\nhello\r\n0\r\n${trailer}\r\n\r\n`),
    status: 400,
    amidBody: true,
    closes: true,
  })),
  {
    rule: 'trailer-forbidden',
    name: 'no field line',
    send: chunked('0\r\nX\r\n\r\n'),
    status: 400,
    amidBody: true,
    closes: true,
  },
  {
    rule: 'trailer-forbidden',
    name: 'folded',
    send: chunked('0\r\nX: a\r\n b\r\n\r\n'),
    status: 400,
    amidBody: true,
    closes: true,
  },
  {
    rule: 'body-too-large',
    name: 'announced',
    setup: small,
    send: post('Content-Length: 11', 'hello hello'),
    status: 413,
  },
  {
    rule: 'body-too-large',
    name: 'found out amid the chunks',
    setup: small,
    send: chunked('6\r\nhello \r\n6\r\nhello \r\n0\r\n\r\n'),
    status: 413,
    amidBody: true,
  },
];

const passes: readonly Forwarded[] = [
  {
    rule: 'length-invalid',
    name: 'a valid one passes',
    send: post('Content-Length: 5', 'hello'),
    origin: { body: 'hello', fields: { 'content-length': '5', 'transfer-encoding': null } },
    quick: true,
  },
  {
    rule: 'length-invalid',
    name: 'zero passes',
    send: post('Content-Length: 0'),
    origin: { body: '', fields: { 'content-length': '0' } },
  },
  {
    rule: 'body-too-large',
    name: 'one at the limit passes',
    setup: small,
    send: post('Content-Length: 10', 'hello hell'),
    origin: { body: 'hello hell' },
  },
  {
    rule: 'chunk-rewritten',
    name: 'leading zeros and odd cases',
    send: chunked('0000a\r\nhello hell\r\n000B\r\nhello hello\r\n00\r\n\r\n'),
    origin: { body: 'hello hellhello hello', fields: { host: 'a' } },
    quick: true,
  },
  {
    rule: 'chunk-rewritten',
    name: 'case of the coding name',
    send: post('Transfer-Encoding: CHUNKED', '5\r\nhello\r\n0\r\n\r\n'),
    origin: { body: 'hello' },
  },
  {
    rule: 'chunk-extension',
    name: 'dropped',
    send: chunked('5;a=b;c="d e"\r\nhello\r\n0;x\r\n\r\n'),
    origin: { body: 'hello' },
  },
  {
    rule: 'chunk-extension',
    name: 'blanks where they may stand',
    send: chunked('5 ; a = b;c\t= "d"\r\nhello\r\n0;x ;y\r\n\r\n'),
    origin: { body: 'hello' },
  },
  {
    rule: 'chunk-rewritten',
    name: 'more leading zeros than digits that count',
    send: chunked('0000000000005\r\nhello\r\n0000000000000\r\n\r\n'),
    origin: { body: 'hello' },
  },
  {
    rule: 'trailer-forwarded',
    name: 'of a request: forwarded or dropped, never merged into the head',
    send: post('Transfer-Encoding: chunked\r\nTrailer: X-Sum', '5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n'),
    origin: { body: 'hello', fields: { 'x-sum': null } },
  },
];

export const framingCases: readonly ConformanceCase[] = [...refusals.map(refused), ...passes.map(forwarded)];
