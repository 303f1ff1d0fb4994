import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ChunkedDecoder, DATA, DONE, MALFORMED, MORE, TOO_LARGE } from '#proxies/http/chunked.ts';

const limits = { chunkExtensionBytes: 16, trailerBytes: 64 };

interface Outcome {
  readonly event: number;
  readonly content: string;
  readonly trailers: string;
  readonly rest: string;
}

/** Feeds the pieces; what follows the message comes back as `rest`. */
function decode(pieces: readonly string[], isLenient = false): Outcome {
  const decoder = new ChunkedDecoder(limits, isLenient);
  let content = '';
  for (const [index, piece] of pieces.entries()) {
    const buffer = Buffer.from(piece, 'latin1');
    let position = 0;
    for (;;) {
      const event = decoder.decode(buffer, position, buffer.length);
      if (event === MALFORMED || event === TOO_LARGE) return { event, content, trailers: '', rest: '' };
      position = decoder.position;
      if (event === DONE) {
        const rest = piece.slice(position) + pieces.slice(index + 1).join('');
        return { event, content, trailers: decoder.trailers, rest };
      }
      if (event === MORE) break;
      assert.equal(event, DATA);
      content += buffer.toString('latin1', decoder.dataStart, decoder.dataEnd);
    }
  }
  return { event: MORE, content, trailers: '', rest: '' };
}

const cases: readonly [
  name: string,
  text: string,
  event: number,
  content?: string,
  trailers?: string,
  rest?: string,
][] = [
  ['empty body', '0\r\n\r\n', DONE, ''],
  ['two chunks', '3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n', DONE, 'abc0123456789'],
  ['leading zeros', '0003\r\nabc\r\n000\r\n\r\n', DONE, 'abc'],
  ['thirteen digits, most of them zeros', '0000000000003\r\nabc\r\n0000000000000\r\n\r\n', DONE, 'abc'],
  ['extensions, dropped', '3;a=b;c\r\nabc\r\n0;x\r\n\r\n', DONE, 'abc'],
  ['blanks where they may stand', '3 ; a = b\r\nabc\r\n0\t;x ;y\r\n\r\n', DONE, 'abc'],
  ['a quoted value', '3;a="\\"; \xe9"\r\nabc\r\n0\r\n\r\n', DONE, 'abc'],
  ['a quoted CRLF is none', '3;a="\r\n"\r\nabc', MALFORMED],
  ['an extension without a name', '3;\r\nabc', MALFORMED],
  ['an extension without a name before another', '3;;a\r\nabc', MALFORMED],
  ['a name that is no token', '3;bad[=x\r\nabc', MALFORMED],
  ['an extension without a value', '3;a=\r\nabc', MALFORMED],
  ['a value that is no token', '3;a=b@c\r\nabc', MALFORMED],
  ['two words as a value', '3;a=b c\r\nabc', MALFORMED],
  ['a quoted value without its end', '3;a="x\r\nabc', MALFORMED],
  ['an octet after a quoted value', '3;a="x"y\r\nabc', MALFORMED],
  ['a control in a quoted value', '3;a="\x01"\r\nabc', MALFORMED],
  ['a control after a backslash', '3;a="\\\x01"\r\nabc', MALFORMED],
  ['CRLF inside content', '4\r\n\r\n\r\n\r\n0\r\n\r\n', DONE, '\r\n\r\n'],
  ['trailers', '0\r\nX-A: b\r\nx-c:d\r\n\r\n', DONE, '', 'x-a: b\r\nx-c: d\r\n'],
  ['what follows', '1\r\na\r\n0\r\n\r\nGET', DONE, 'a', '', 'GET'],
  ['what follows trailers', '0\r\nA: b\r\n\r\nGET', DONE, '', 'a: b\r\n', 'GET'],
  ['no size', '\r\n', MALFORMED],
  ['only an extension', ';a\r\n', MALFORMED],
  ['sign', '+3\r\nabc\r\n', MALFORMED],
  ['0x', '0x3\r\nabc\r\n', MALFORMED],
  ['no hexadecimal', 'g\r\n', MALFORMED],
  ['space after the size', '3 \r\nabc\r\n', MALFORMED],
  ['bare LF after the size', '3\nabc\r\n', MALFORMED],
  ['bare CR after the size', '3\rabc', MALFORMED],
  ['overflow', 'fffffffffffff\r\n', MALFORMED],
  ['zeros without end', `${'0'.repeat(65)}3\r\nabc`, MALFORMED],
  ['content longer than its size', '3\r\nabcd\r\n', MALFORMED],
  ['LF alone after content', '3\r\nabc\n', MALFORMED],
  ['control in an extension', '3;a\x01\r\nabc', MALFORMED],
  ['bare LF in an extension', '3;a\nabc', MALFORMED],
  ['extensions over the limit', `3;${'a'.repeat(17)}\r\n`, MALFORMED],
  ['extensions over the limit in sum', `1;${'a'.repeat(10)}\r\na\r\n1;${'a'.repeat(10)}\r\na\r\n`, MALFORMED],
  ['bare LF in trailers', '0\r\nX: y\n\r\n', MALFORMED],
  ['folded trailer', '0\r\nX: y\r\n z\r\n\r\n', MALFORMED],
  ['Content-Length in trailers', '0\r\nContent-Length: 5\r\n\r\n', MALFORMED],
  ['its alias in trailers', '0\r\ncontent_length: 5\r\n\r\n', MALFORMED],
  ['Host in trailers', '0\r\nHost: a\r\n\r\n', MALFORMED],
  ['Authorization in trailers', '0\r\nauthorization: a\r\n\r\n', MALFORMED],
  ['trailers over the limit', `0\r\nX: ${'y'.repeat(64)}\r\n\r\n`, TOO_LARGE],
  ['trailers over the limit, unfinished', `0\r\nX: ${'y'.repeat(80)}`, TOO_LARGE],
  ['unfinished size', '3', MORE],
  ['unfinished content', '5\r\nabc', MORE, 'abc'],
];

describe('chunked decoder', () => {
  for (const [name, text, event, content, trailers = '', rest = ''] of cases) {
    it(name, () => {
      for (const pieces of [[text], Array.from(text), text.split(/(?<=\n)/)]) {
        const outcome = decode(pieces);
        assert.equal(outcome.event, event);
        if (content !== undefined) assert.deepEqual(outcome, { event, content, trailers, rest });
      }
    });
  }

  const fromOrigins: readonly [name: string, text: string, event: number][] = [
    ['blanks after the size', '3  \r\nabc\r\n0 \r\n\r\n', DONE],
    ['blanks after an extension', '3;a \r\nabc\r\n0;a="b"\t\r\n\r\n', DONE],
    ['LF alone', '3\nabc\n0;x\n\n', DONE],
    ['LF alone ends trailers, too', '3\nabc\n0\nX: y\n\n', DONE],
    ['blanks without end', `3${' '.repeat(65)}\r\nabc`, MALFORMED],
    ['blanks before the size', ' 3\r\nabc', MALFORMED],
    ['an extension without a name', '3;\nabc', MALFORMED],
    ['CR alone', '3\rabc', MALFORMED],
  ];
  for (const [name, text, event] of fromOrigins) {
    it(`of an origin: ${name}`, () => {
      for (const pieces of [[text], Array.from(text), text.split(/(?<=\n)/)]) {
        const outcome = decode(pieces, true);
        assert.equal(outcome.event, event);
        if (event === DONE) assert.equal(outcome.content, 'abc');
      }
      assert.equal(decode([text]).event, MALFORMED, 'of a client');
    });
  }

  it('takes as many padded chunks as there are', () => {
    const padded = `${'0'.repeat(14)}1${' '.repeat(8)}\r\na\r\n`.repeat(1_000);
    assert.deepEqual(decode([`${padded}0\r\n\r\n`], true), {
      event: DONE,
      content: 'a'.repeat(1_000),
      trailers: '',
      rest: '',
    });
  });

  it('gives the same outcome at every split', () => {
    const piece = fc.constantFrom(
      '0',
      '1',
      '3',
      'a',
      'F',
      ';',
      ';x="',
      '"',
      '\\',
      '=',
      '\r\n',
      '\r',
      '\n',
      'abc',
      ' ',
      'X: y',
      ':',
      '\0',
    );
    const chunk = fc.string({ unit: 'binary-ascii', maxLength: 20 }).map((s) => `${s.length.toString(16)}\r\n${s}\r\n`);
    const message = fc.array(fc.oneof(chunk, piece), { maxLength: 12 }).map((parts) => `${parts.join('')}0\r\n\r\n`);
    fc.assert(
      fc.property(message, fc.array(fc.nat(200), { maxLength: 6 }), fc.boolean(), (text, cuts, isLenient) => {
        const whole = decode([text], isLenient);
        const at = [0, ...cuts.map((cut) => cut % (text.length + 1)), text.length].sort((a, b) => a - b);
        const pieces = at.slice(1).map((cut, index) => text.slice(at[index], cut));
        assert.deepEqual(decode(pieces, isLenient), whole);
        assert.deepEqual(decode(Array.from(text), isLenient), whole);
        // Whatever a client may send an origin may, and it means the same.
        if (decode([text]).event === DONE) assert.deepEqual(decode([text], true), decode([text]));
      }),
      { seed: 20_260_702, numRuns: 5_000 },
    );
  });
});
