/** Heads of HTTP/2 as HTTP/1.1's table: what goes on is what was sent, and nothing that a reader of HTTP/1.1 takes differently. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readRequests } from '#bench/conformance/strict-reader.ts';
import { CHUNKED, GET as GET_METHOD, Head, HEAD, LENGTH, NO_BODY } from '#proxies/http/head.ts';
import { pathOf } from '#proxies/http/target.ts';
import { fillRequestHead, fillResponseHead } from '#proxies/http2/heads.ts';
import { MessageHead } from '#proxies/http2/message.ts';
import { GET, type Pairs, POST } from './requests.ts';

const RULES = { headBytes: 8_192, targetBytes: 2_048, bodyBytes: 1_000_000 };
const head = new Head(64);

function messageOf(pairs: Pairs): MessageHead {
  const message = new MessageHead();
  message.section.begin();
  for (const [name, value] of pairs) message.section.add(name, value);
  return message;
}

function request(pairs: Pairs, isEnd = true): number {
  const message = messageOf(pairs);
  assert.equal(message.readRequest(), undefined);
  return fillRequestHead(head, message, isEnd, RULES);
}

const fields = (): [string, string][] => Array.from({ length: head.count }, (_, at) => [head.name(at), head.value(at)]);
const and = (...more: [string, string][]): Pairs => [...GET, ...more];

describe('a request head', () => {
  it('has what was sent', () => {
    assert.equal(request(and(['x-a', 'b'], ['accept', '*/*'])), 0);
    assert.equal(head.methodText(), 'GET');
    assert.equal(pathOf(head), '/');
    assert.equal(head.text(head.authorityStart, head.authorityEnd), 'a.example');
    assert.equal(head.body, NO_BODY);
    assert.deepEqual(fields(), [
      ['host', 'a.example'],
      ['x-a', 'b'],
      ['accept', '*/*'],
    ]);
  });

  it('takes its host from either place, once', () => {
    assert.equal(request([...GET.slice(0, 3), ['host', 'b.example']]), 0);
    assert.deepEqual(fields(), [['host', 'b.example']]);
    assert.equal(request(and(['host', 'a.example'])), 0);
    assert.deepEqual(fields(), [['host', 'a.example']]);
    assert.equal(request(GET.slice(0, 3)), -400);
  });

  it('joins cookie crumbs', () => {
    assert.equal(request(and(['cookie', 'a=b'], ['x', 'y'], ['cookie', 'c=d'])), 0);
    assert.deepEqual(fields().slice(1), [
      ['cookie', 'a=b; c=d'],
      ['x', 'y'],
    ]);
  });

  it('knows how its body is framed', () => {
    assert.equal(request(POST, false), 0);
    assert.equal(head.body, CHUNKED);
    assert.equal(request([...POST, ['content-length', '5']], false), 0);
    assert.equal(head.body, LENGTH);
    assert.equal(head.contentLength, 5);
    assert.equal(request([...POST, ['content-length', '5000000']], false), -413);
    assert.equal(
      request(
        [
          [':method', 'CONNECT'],
          [':authority', 'a.example:443'],
        ],
        false,
      ),
      0,
    );
    assert.equal(head.form, 'authority');
  });

  it('is refused as it would be over HTTP/1.1', () => {
    const at = (path: string): Pairs => GET.map(([name, value]) => [name, name === ':path' ? path : value]);
    assert.equal(request(at(`/${'x'.repeat(3_000)}`)), -414);
    assert.equal(request(at('/a%00')), -400);
    assert.equal(request(at('/a\\b')), -400);
    assert.equal(request(at('/a#b')), -400);
    assert.equal(request(and(['content_length', '5'])), -400);
    assert.equal(request(and(['x_forwarded_for', 'me'])), -400);
    assert.equal(request(and(['x-big', 'v'.repeat(9_000)])), -431);
    assert.equal(request([...GET.slice(0, 3), [':authority', 'a:b:c']]), -400);
    assert.equal(request(at('/a/../b')), 0);
    assert.equal(pathOf(head), '/b');
  });

  it('reads as one request to a strict reader, whatever passed as a message', () => {
    const text = fc.string({ unit: 'binary-ascii', maxLength: 12 });
    const odd = fc.oneof(
      text,
      fc.constantFrom(
        '/',
        '/a b',
        '/ HTTP/1.1\r\nx: y',
        'a\r\nb: c',
        'chunked',
        '0',
        '5',
        'trailers',
        'close',
        '\t',
        ' x',
      ),
    );
    const name = fc.oneof(
      text,
      fc.constantFrom('x-a', 'te', 'host', 'content-length', 'transfer-encoding', 'cookie', 'X'),
    );
    let passed = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(name, odd), { maxLength: 5 }), odd, odd, (more, path, authority) => {
        const message = messageOf([
          [':method', 'GET'],
          [':scheme', 'http'],
          [':path', `/${path}`],
          [':authority', authority],
          ...more,
        ]);
        if (message.readRequest() !== undefined || message.contentLength > 0) return;
        if (fillRequestHead(head, message, true, RULES) !== 0) return;
        passed++;
        const bytes = head.text(0, head.end);
        const { messages, length } = readRequests(bytes);
        assert.equal(messages.length, 1, bytes);
        assert.equal(length, bytes.length, bytes);
      }),
      { numRuns: 20_000 },
    );
    assert.ok(passed > 100, `${passed} passed`);
  });
});

describe('a response head', () => {
  const response = (pairs: Pairs, isEnd: boolean, method = GET_METHOD): number => {
    const message = messageOf(pairs);
    assert.equal(message.readResponse(), undefined);
    return fillResponseHead(head, message, isEnd, { method, headBytes: RULES.headBytes });
  };

  it('has status, fields and framing', () => {
    assert.equal(
      response(
        [
          [':status', '404'],
          ['x-a', 'b'],
        ],
        false,
      ),
      0,
    );
    assert.equal(head.status, 404);
    assert.equal(head.body, CHUNKED);
    assert.equal(head.value(head.findName('x-a')), 'b');
    assert.equal(response([[':status', '200']], true), 0);
    assert.equal(head.body, NO_BODY);
    assert.equal(
      response(
        [
          [':status', '200'],
          ['content-length', '7'],
        ],
        false,
      ),
      0,
    );
    assert.deepEqual([head.body, head.contentLength], [LENGTH, 7]);
    assert.equal(
      response(
        [
          [':status', '200'],
          ['content-length', '7'],
        ],
        true,
        HEAD,
      ),
      0,
    );
    assert.deepEqual([head.body, head.contentLength], [NO_BODY, 7]);
    assert.equal(response([[':status', '304']], true), 0);
    assert.equal(
      response(
        [
          [':status', '103'],
          ['link', '</a>'],
        ],
        false,
      ),
      0,
    );
    assert.equal(head.body, NO_BODY);
  });

  it('is refused as it would be over HTTP/1.1', () => {
    assert.equal(
      response(
        [
          [':status', '200'],
          ['x-big', 'v'.repeat(9_000)],
        ],
        true,
      ),
      -502,
    );
    assert.equal(
      response(
        [
          [':status', '200'],
          ['transfer_encoding', 'chunked'],
        ],
        true,
      ),
      -502,
    );
  });
});
