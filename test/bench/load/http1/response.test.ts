import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FramingError } from '#bench/load/http1/head.ts';
import { ResponseReader } from '#bench/load/http1/response.ts';

interface Outcome {
  readonly done: boolean;
  readonly status: number | undefined;
  readonly body: string;
  readonly keepAlive: boolean | undefined;
}

/** Reads `text` in the given pieces, each delivered at the start of a buffer with old bytes behind it, as sockets do. */
function readIn(
  pieces: readonly string[],
  toHead = false,
  end = false,
  reader = new ResponseReader(toHead),
): Outcome | 'refused' {
  const buffer = Buffer.alloc(64 * 1024, 'HTTP/1.1 200 OK\r\n\r\n');
  let body = '';
  let done = false;
  reader.sink = (bytes, from, to) => (body += bytes.toString('latin1', from, to));
  reader.begin();
  try {
    for (const piece of pieces) done = reader.read(buffer, buffer.write(piece, 'latin1'));
    if (end) done = reader.end() || done;
  } catch (error) {
    assert.ok(error instanceof FramingError, String(error));
    return 'refused';
  }
  assert.equal(reader.bodyBytes, body.length);
  return { done, status: reader.head?.status, body, keepAlive: reader.head?.keepAlive };
}

const byteByByte = (text: string): string[] => text.split('');
const whole = (text: string, toHead = false, end = false) => readIn([text], toHead, end);
const ok = (body: string, keepAlive = true): Outcome => ({ done: true, status: 200, body, keepAlive });

const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const answers: readonly (readonly [name: string, text: string, expected: Outcome, toHead?: boolean, end?: boolean])[] =
  [
    ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', ok('hello')],
    ['no body', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', ok('')],
    ['no reason', 'HTTP/1.1 200 \r\ncontent-length:1\r\n\r\nx', ok('x')],
    ['the same length twice', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx', ok('x')],
    ['close', 'HTTP/1.1 200 OK\r\nConnection: foo, Close\r\nContent-Length: 1\r\n\r\nx', ok('x', false)],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx', ok('x', false)],
    ['HTTP/1.0, kept', 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx', ok('x')],
    ['chunks', `${chunked}5\r\nhello\r\n1;a=b\r\n!\r\n00\r\n\r\n`, ok('hello!')],
    ['big chunk sizes', `${chunked}0000a\r\n0123456789\r\nA \r\n0123456789\r\n0\r\n\r\n`, ok('01234567890123456789')],
    ['trailers', `${chunked}1\r\nx\r\n0\r\nExpires: never\r\nX-Sum: 1\r\n\r\n`, ok('x')],
    ['close-delimited', 'HTTP/1.1 200 OK\r\n\r\nall of it', ok('all of it', false), false, true],
    ['close-delimited, empty', 'HTTP/1.1 200 OK\r\n\r\n', ok('', false), false, true],
    ['to HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', ok(''), true],
    ['to HEAD, chunked', chunked, ok(''), true],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n', { ...ok(''), status: 204 }],
    ['304', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n', { ...ok(''), status: 304 }],
    [
      '1xx before',
      'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 \r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx',
      ok('x'),
    ],
  ];

const refused: readonly (readonly [name: string, text: string])[] = [
  ['another protocol', 'SSH-2.0-OpenSSH\r\n'],
  ['HTTP/2', 'HTTP/2 200 OK\r\n\r\n'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
  ['no space after the status', 'HTTP/1.1 200\r\n\r\n'],
  ['space before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\nx'],
  ['a folded line', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n'],
  ['a bare LF', 'HTTP/1.1 200 OK\r\nA: b\nContent-Length: 0\r\n\r\n'],
  ['a NUL', 'HTTP/1.1 200 OK\r\nA: \0\r\nContent-Length: 0\r\n\r\n'],
  ['lengths that differ', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx'],
  ['a list of lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\nx'],
  ['a signed length', 'HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx'],
  ['an endless length', 'HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nx'],
  ['length and chunks', `HTTP/1.1 200 OK\r\nContent-Length: 1\r\n${chunked.slice(17)}`],
  ['another coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n'],
  ['chunked twice', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n'],
  ['chunked in 204', 'HTTP/1.1 204 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['chunked in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['101', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'],
  ['no chunk size', `${chunked}\r\n`],
  ['a chunk size that is none', `${chunked}5x\r\n`],
  ['a chunk size without end', `${chunked}0000000000001\r\n`],
  ['a bare LF after a size', `${chunked}1\nx\r\n`],
  ['a chunk longer than its size', `${chunked}1\r\nxy\r\n`],
  ['a malformed trailer', `${chunked}0\r\nbad trailer\r\n\r\n`],
];

for (const [name, text, expected, toHead = false, end = false] of answers) {
  test(`reads ${name}, wherever it is split`, () => {
    assert.deepEqual(whole(text, toHead, end), expected);
    for (let at = 1; at < text.length; at += 1) {
      assert.deepEqual(readIn([text.slice(0, at), text.slice(at)], toHead, end), expected, `split at ${at}`);
    }
    assert.deepEqual(readIn(byteByByte(text), toHead, end), expected, 'byte by byte');
  });
}

for (const [name, text] of refused) {
  test(`refuses ${name}, wherever it is split`, () => {
    assert.equal(whole(text), 'refused');
    for (let at = 1; at < text.length; at += 1) assert.equal(readIn([text.slice(0, at), text.slice(at)]), 'refused');
    assert.equal(readIn(byteByByte(text)), 'refused');
  });
}

const lapsing: readonly (readonly [name: string, text: string, lapses: number])[] = [
  ['no space after the status', 'HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello', 1],
  ['LF alone in the head', 'HTTP/1.1 200 OK\nA: b\r\nContent-Length: 5\n\r\nhello', 1],
  ['LF alone at the end of the head', 'HTTP/1.1 200\nContent-Length: 5\n\nhello', 2],
  ['LF alone between chunks', `${chunked}5 \nhello\n0;x\nA: b\n\n`, 0],
  ['LF alone after the last chunk', `${chunked}5\r\nhello\r\n0\n\n`, 0],
];

for (const [name, text, lapses] of lapsing) {
  test(`of a peer that is not ours: reads ${name}, wherever it is split, and names it`, () => {
    const reader = new ResponseReader(false, true);
    for (const at of text.split('').keys()) {
      const pieces = [text.slice(0, at), text.slice(at)].filter((piece) => piece !== '');
      assert.deepEqual(readIn(pieces, false, false, reader), ok('hello'), `split at ${at}`);
      assert.equal(reader.head?.lapses?.length ?? 0, lapses);
    }
    assert.deepEqual(readIn(byteByByte(text), false, false, reader), ok('hello'), 'byte by byte');
    assert.notDeepEqual(whole(text), ok('hello'), 'of one that is ours');
  });
}

test('a peer that is not ours is read as any other where it keeps to the letter', () => {
  for (const [, text, expected, toHead = false, end = false] of answers)
    assert.deepEqual(readIn([text], toHead, end, new ResponseReader(toHead, true)), expected);
  for (const [name, text] of refused.filter(([each]) => !/space after the status|bare LF/.test(each)))
    assert.equal(readIn([text], false, false, new ResponseReader(false, true)), 'refused', name);
});

test('a redirect says where it leads', () => {
  const reader = new ResponseReader(false);
  readIn(['HTTP/1.1 307 X\r\nlocation:  /a b \r\nContent-Length: 0\r\n\r\n'], false, false, reader);
  assert.equal(reader.head?.location, '/a b');
  readIn(['HTTP/1.1 200 X\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n'], false, false, reader);
  assert.equal(reader.head?.location, undefined);
});

test('an answer cut short is not done, and a connection end does not make it so', () => {
  for (const [, text, , toHead = false, end = false] of answers) {
    if (end) continue;
    for (let at = 0; at < text.length; at += 1) {
      const outcome = readIn([text.slice(0, at)], toHead, true);
      assert.ok(outcome !== 'refused' && !outcome.done, `${JSON.stringify(text)} cut at ${at}`);
    }
  }
});

test('bytes after the end are refused', () => {
  assert.equal(whole('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxy'), 'refused');
  assert.equal(whole('HTTP/1.1 204 OK\r\n\r\nx'), 'refused');
  assert.equal(whole(`${chunked}0\r\n\r\nx`), 'refused');
});

test('the short cut for an equal head gives what the parse gives: any sequence of answers on one connection', () => {
  const sequence = fc.array(fc.tuple(fc.nat(answers.length - 1), fc.nat(400)), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(sequence, (steps) => {
      const reader = new ResponseReader(false);
      for (const [index, cut] of steps) {
        const [, text, expected, toHead = false, end = false] = answers[index]!;
        if (toHead || end) continue;
        const at = cut % (text.length + 1);
        const pieces = [text.slice(0, at), text.slice(at)].filter((piece) => piece !== '');
        assert.deepEqual(readIn(pieces, false, false, reader), expected);
      }
    }),
    { numRuns: 500 },
  );
});

test('any bytes: no crash, and the same outcome whole, split and byte by byte', () => {
  const alphabet = [
    'HTTP/1.1 200 OK\r\n',
    'Content-Length: 3\r\n',
    'Transfer-Encoding: chunked\r\n',
    '\r\n',
    '\n',
    '3',
    '0',
    ';',
    'abc',
    ':',
    ' ',
    'Connection: close\r\n',
    '\0',
    'HTTP/1.1 100 C\r\n',
  ];
  const soup = fc.array(fc.constantFrom(...alphabet), { maxLength: 14 }).map((parts) => parts.join(''));
  const mutated = fc
    .tuple(
      fc.constantFrom(...answers, ...refused.map(([name, text]) => [name, text] as const)),
      fc.nat(500),
      fc.nat(255),
    )
    .map(([[, text], at, byte]) => {
      const i = at % text.length;
      return text.slice(0, i) + String.fromCharCode(byte) + text.slice(i + 1);
    });
  fc.assert(
    fc.property(fc.oneof(soup, mutated), fc.nat(500), (text, cut) => {
      const expected = whole(text);
      const at = cut % (text.length + 1);
      const pieces = [text.slice(0, at), text.slice(at)].filter((piece) => piece !== '');
      assert.deepEqual(readIn(pieces), expected);
      assert.deepEqual(readIn(byteByByte(text)), expected);
    }),
    { numRuns: 8_000, seed: 20_260 },
  );
});

test('an endless head or trailer section is refused', () => {
  const lines = Array.from({ length: 2_000 }, (_, i) => `X-${i}: ${'a'.repeat(50)}\r\n`);
  assert.equal(readIn(['HTTP/1.1 200 OK\r\n', ...lines]), 'refused');
  assert.equal(readIn([`${chunked}0\r\n`, ...lines]), 'refused');
});
