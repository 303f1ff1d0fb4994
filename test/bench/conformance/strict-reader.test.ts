/** The strict re-reader: what it takes is what was written, what two readers could take differently it refuses, wherever it is cut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readRequests, readResponses } from '#bench/conformance/strict-reader.ts';

const head = (lines: string, method = 'GET'): string => `${method} / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`;

test('requests one after the other, with every framing', () => {
  const raw =
    head('') +
    head('Content-Length: 5\r\n', 'POST') +
    'hello' +
    head('Transfer-Encoding: chunked\r\n', 'POST') +
    '5\r\nhello\r\nc\r\n hello hello\r\n0\r\nX: y\r\n\r\n';
  const { messages, length, problem } = readRequests(raw);
  assert.equal(problem, undefined);
  assert.equal(length, raw.length);
  assert.deepEqual(
    messages.map(({ method, framing, body, trailers }) => ({ method, framing, body, trailers })),
    [
      { method: 'GET', framing: 'none', body: '', trailers: [] },
      { method: 'POST', framing: 'length', body: 'hello', trailers: [] },
      { method: 'POST', framing: 'chunked', body: 'hello hello hello', trailers: [['X', 'y']] },
    ],
  );
});

const ambiguous: Readonly<Record<string, string>> = {
  'a bare LF': 'GET / HTTP/1.1\nHost: a\r\n\r\n',
  'a bare CR': 'GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n',
  'no Host': 'GET / HTTP/1.1\r\nX: a\r\n\r\n',
  'two Hosts': head('Host: b\r\n'),
  'a folded line': head('X: a\r\n b\r\n'),
  'space before the colon': head('X : a\r\n'),
  'NUL in a value': head('X: a\0b\r\n'),
  'both framings': `${head('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n')}0\r\n\r\n`,
  'two lengths': `${head('Content-Length: 5\r\nContent-Length: 5\r\n')}hello`,
  'a signed length': `${head('Content-Length: +5\r\n')}hello`,
  'another coding': head('Transfer-Encoding: gzip, chunked\r\n'),
  'chunked in HTTP/1.0': 'GET / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'a framing alias': head('transfer_encoding: chunked\r\n'),
  'a chunk extension': `${head('Transfer-Encoding: chunked\r\n')}5;x\r\nhello\r\n0\r\n\r\n`,
  'a chunk longer than it says': `${head('Transfer-Encoding: chunked\r\n')}4\r\nhello\r\n0\r\n\r\n`,
  'a space in the target': 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n',
  'another version': 'GET / HTTP/1.2\r\nHost: a\r\n\r\n',
};
for (const [name, raw] of Object.entries(ambiguous))
  test(`refuses ${name}`, () => {
    const { messages, problem } = readRequests(raw);
    assert.equal(messages.length, 0);
    assert.notEqual(problem, undefined);
  });

test('whatever prefix it is given, it says the same of what is whole and never more', () => {
  const request = fc.record({
    method: fc.constantFrom('GET', 'POST'),
    value: fc.stringMatching(/^[ -~]{0,8}$/),
    chunks: fc.array(fc.stringMatching(/^[\r\n -~]{1,6}$/), { maxLength: 3 }),
  });
  fc.assert(
    fc.property(fc.array(request, { minLength: 1, maxLength: 3 }), fc.nat(), (requests, at) => {
      const raw = requests
        .map(({ method, value, chunks }) => {
          const body = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
          return `${head(`X: ${value}\r\nTransfer-Encoding: chunked\r\n`, method)}${body}0\r\n\r\n`;
        })
        .join('');
      const whole = readRequests(raw);
      assert.equal(whole.problem, undefined);
      assert.deepEqual(
        whole.messages.map(({ body }) => body),
        requests.map(({ chunks }) => chunks.join('')),
      );
      const part = readRequests(raw.slice(0, at % (raw.length + 1)));
      assert.equal(part.problem, undefined);
      assert.deepEqual(part.messages, whole.messages.slice(0, part.messages.length));
    }),
  );
});

test('answers: informational ones, bodiless ones, and where the close is the end', () => {
  const raw =
    'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' +
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n' +
    'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n' +
    'HTTP/1.1 200 OK\r\n\r\nto the end';
  const read = (ended: boolean) => readResponses(raw, ['HEAD', 'GET', 'GET'], ended).messages;
  assert.deepEqual(
    read(true).map(({ status, body, complete }) => [status, body, complete]),
    [
      [103, '', true],
      [200, '', true],
      [304, '', true],
      [200, 'to the end', true],
    ],
  );
  assert.equal(read(false).at(-1)?.complete, false);
});

test('a truncated answer is not a complete one', () => {
  for (const raw of [
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n',
  ]) {
    assert.equal(readResponses(raw, ['GET'], true).messages[0]?.complete, false);
    assert.equal(readResponses(raw, ['GET'], false).messages.length, 0);
  }
});

test('an answer that nobody asked for, and framing where there is no body, are refused', () => {
  for (const raw of [
    'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/2.0 200 OK\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\nx',
  ])
    assert.notEqual(readResponses(raw, ['GET'], true).problem, undefined, raw);
});
