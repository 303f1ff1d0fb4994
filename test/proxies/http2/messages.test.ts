/** Which field sections are messages: RFC 9113 §8, and what must not reach a reader of HTTP/1.1. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { frame } from './frame-bytes.ts';
import { joinCookies } from '#proxies/http2/message.ts';
import { greetedClient, greetedServer } from './recorder.ts';
import { block, GET, type Pairs, section } from './requests.ts';
import { BAD_REQUESTS, BAD_RESPONSES, GOOD_REQUESTS, GOOD_RESPONSES, status } from './sections.ts';

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
