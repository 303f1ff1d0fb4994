/** What filters make of responses: every kind of them, at once or later, and what becomes of their mistakes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGunzip, createGzip, type Gzip } from 'node:zlib';
import type { ClientSide, Filter, FilterExchange } from '#proxies/filters/contract.ts';
import { BytesClient, PassingClient } from '#proxies/filters/passing.ts';
import { type FieldBlock, NO_FIELDS } from '#proxies/http/field-block.ts';
import { NO_BODY, type ResponseHead } from '#proxies/http/head.ts';
import type { Reply } from '#proxies/http/reply.ts';
import { answering, ok, type Reader } from '../l7/lab.ts';
import { contentOf, reasonsOf, setupFilters } from './lab.ts';

const get = (method = 'GET', line = '') => `${method} / HTTP/1.1\r\nHost: a\r\n${line}\r\n`;
const last = 'Connection: close\r\n';
const once =
  (answer: string, close = false) =>
  (origin: Reader) => {
    origin.socket.once('data', () => {
      origin.send(answer);
      if (close) origin.socket.end();
    });
  };

/** Says what passed it, and makes content louder. */
class Loud extends BytesClient {
  readonly seen: string[];
  constructor(next: ClientSide, seen: string[]) {
    super(next);
    this.seen = seen;
  }
  override inform(head: ResponseHead): boolean {
    this.seen.push(`inform ${head.status}`);
    head.set('X-Seen', 'yes');
    return super.inform(head);
  }
  override respond(head: ResponseHead, start: number, end: number, complete: boolean): boolean {
    this.seen.push(`respond ${head.status}`);
    head.set('X-Seen', 'yes');
    return super.respond(head, start, end, complete);
  }
  override sendBody(buffer: Buffer, start: number, end: number): boolean {
    const loud = Buffer.from(buffer.toString('latin1', start, end).toUpperCase(), 'latin1');
    return super.sendBody(loud, 0, loud.length);
  }
  override sendEnd(trailers: FieldBlock): void {
    this.seen.push('end');
    super.sendEnd(trailers);
  }
  override reply(reply: Reply): void {
    this.seen.push(`reply ${reply.status}`);
    super.reply({ ...reply, fields: [['X-Seen', 'yes']] });
  }
}

interface Case {
  readonly answer: string;
  readonly ask?: string;
  readonly gets: string;
  readonly seen: string;
  readonly closes?: true;
}
const cases: Readonly<Record<string, Case>> = {
  'with a length': {
    answer: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    gets: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Seen: yes\r\nConnection: close\r\n\r\nHELLO',
    seen: 'respond 200, end',
  },
  'in chunks, with trailers': {
    answer: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\nx-t: 1\r\n\r\n',
    ask: 'TE: trailers\r\n',
    gets: 'HTTP/1.1 200 OK\r\nX-Seen: yes\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n6\r\nHELLO!\r\n0\r\nx-t: 1\r\n\r\n',
    seen: 'respond 200, end',
  },
  'until the origin closes': {
    answer: 'HTTP/1.1 200 OK\r\n\r\nhello',
    gets: 'HTTP/1.1 200 OK\r\nX-Seen: yes\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nHELLO\r\n0\r\n\r\n',
    seen: 'respond 200, end',
    closes: true,
  },
  'after others that only inform': {
    answer: 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n',
    gets: 'HTTP/1.1 103 Early Hints\r\nLink: x\r\nX-Seen: yes\r\n\r\nHTTP/1.1 204 No Content\r\nX-Seen: yes\r\nConnection: close\r\n\r\n',
    seen: 'inform 103, respond 204, end',
  },
  'that is not modified': {
    answer: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
    gets: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nX-Seen: yes\r\nConnection: close\r\n\r\n',
    seen: 'respond 304, end',
  },
  'of ours in place of a broken one': {
    answer: 'HTTP/9 what\r\n\r\n',
    gets: 'HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 16\r\nX-Seen: yes\r\nConnection: close\r\n\r\n502 Bad Gateway\n',
    seen: 'reply 502',
  },
};
for (const [kind, { answer, ask = '', gets, seen, closes = false }] of Object.entries(cases))
  test(`an answer ${kind} passes the filter`, async () => {
    const events: string[] = [];
    const loud: Filter = { response: (side) => new Loud(side, events) };
    await using lab = await setupFilters(once(answer, closes), { loud });
    assert.equal(await lab.exchange(get('GET', ask + last)), gets);
    assert.equal(events.join(', '), seen);
  });

test('an answer to HEAD passes the filter, and has no body', async () => {
  const events: string[] = [];
  const loud: Filter = { response: (side) => new Loud(side, events) };
  const answers = once('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n');
  await using lab = await setupFilters(answers, { loud });
  const text = await lab.exchange(get('HEAD', last));
  assert.equal(text, 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Seen: yes\r\nConnection: close\r\n\r\n');
  assert.equal(events.join(', '), 'respond 200, end');
});

test('a small answer still leaves in one write', async () => {
  let writes = 0;
  const loud: Filter = { response: (side) => new Loud(side, []) };
  await using lab = await setupFilters(answering(ok), { loud });
  const client = await lab.client();
  client.socket.on('data', () => writes++);
  client.send(get());
  await client.sees('OK');
  await client.until(() => client.text.endsWith('OK'));
  assert.equal(writes, 1);
});

for (const [kind, body] of [
  ['smaller', ''],
  ['larger', 'much more than there was'],
] as const)
  test(`a filter may give an answer of another length, ${kind}`, async () => {
    class Other extends BytesClient {
      override respond(head: ResponseHead, start: number, end: number, complete: boolean): boolean {
        head.reframe(body.length);
        return super.respond(head, start, end, complete);
      }
      override sendBody(): boolean {
        return true;
      }
      override sendEnd(): void {
        this.next.sendText(body);
        this.next.sendEnd(NO_FIELDS);
      }
    }
    for (const framing of ['Content-Length: 2\r\n\r\nok', 'Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n']) {
      const other: Filter = { response: (side) => new Other(side) };
      await using lab = await setupFilters(answering(`HTTP/1.1 200 OK\r\n${framing}`), { other });
      const client = await lab.client();
      client.send(get() + get('GET', last));
      const whole = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n`;
      assert.equal(await client.end(), `${whole}\r\n${body}${whole}Connection: close\r\n\r\n${body}`);
    }
  });

/** Compresses, in the thread pool and with all the waiting that this brings. */
class Gzipped extends BytesClient {
  readonly #gzip: Gzip = createGzip();
  readonly #exchange: FilterExchange;
  /** The compressor has more than it takes at once. */
  #isFull = false;

  constructor(next: ClientSide, exchange: FilterExchange) {
    super(next);
    this.#exchange = exchange;
    exchange.signal.addEventListener('abort', () => this.#gzip.destroy());
    this.#gzip.on('data', (piece: Buffer) => {
      if (!this.next.sendBody(piece, 0, piece.length)) this.#gzip.pause();
    });
    this.#gzip.on('drain', () => {
      this.#isFull = false;
      this.#exchange.resumeResponse();
    });
    this.#gzip.on('end', () => this.next.sendEnd(NO_FIELDS));
    this.#gzip.on('error', (error) => this.#exchange.fail(error));
  }
  override respond(head: ResponseHead, start: number, end: number, complete: boolean): boolean {
    head.set('Content-Encoding', 'gzip');
    head.reframe(undefined);
    return super.respond(head, start, end, complete);
  }
  override sendBody(buffer: Buffer, start: number, end: number): boolean {
    this.#isFull = !this.#gzip.write(Buffer.from(buffer.subarray(start, end)));
    return !this.#isFull;
  }
  override flush(): boolean {
    if (!this.next.flush()) return false;
    this.#gzip.resume();
    return !this.#isFull;
  }
  override sendEnd(): void {
    this.#gzip.end();
  }
}
const gzipping: Filter = {
  response(side, head, exchange) {
    return head.get('accept-encoding')?.includes('gzip') === true ? new Gzipped(side, exchange) : side;
  },
};

const gunzipped = async (bytes: Buffer): Promise<string> =>
  Buffer.concat(await createGunzip().end(bytes).toArray()).toString('latin1');

for (const size of [3, 100_000, 8_000_000])
  test(`a filter that works elsewhere meanwhile passes ${size} bytes, and the next request waits for it`, async () => {
    const body = Array.from({ length: Math.ceil(size / 20) }, (_, i) => `${i * 7_919_003_017} `.padEnd(20, '.')).join(
      '',
    );
    const content = body.slice(0, size);
    const answers = (origin: Reader): void => {
      origin.socket.on('data', () =>
        origin.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\nConnection: close\r\n\r\n${content}`),
      );
    };
    await using lab = await setupFilters(answers, { gzipping });
    const client = await lab.client();
    client.send(get('GET', 'Accept-Encoding: gzip\r\n') + get('GET', last));
    const text = await client.end();
    const [first = '', ...more] = text.split(/(?=HTTP\/1\.1 200 OK)/);
    assert.equal(more.length, 1);
    assert.match(first, /Content-Encoding: gzip\r\n/);
    assert.doesNotMatch(first, /Content-Length/);
    assert.ok((await gunzipped(Buffer.from(contentOf(first), 'latin1'))) === content);
    assert.ok(more[0]!.endsWith(`\r\n\r\n${content}`));
  });

test('a client that does not read stops the origin, through a filter that makes more of what passes', async () => {
  let sent = 0;
  const piece = Buffer.alloc(65_536, 'content ');
  const answers = async (origin: Reader): Promise<void> => {
    await origin.sees('\r\n\r\n');
    origin.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    const write = (): void => {
      for (let more = true; more && sent < 512; sent++) {
        origin.socket.write(`${piece.length.toString(16)}\r\n`);
        origin.socket.write(piece);
        more = origin.socket.write('\r\n');
      }
      if (sent < 512) origin.socket.once('drain', write);
      else origin.socket.end('0\r\n\r\n');
    };
    write();
  };
  // Grows what passes, so that the way to the client is the narrow one.
  class Growing extends BytesClient {
    override sendBody(buffer: Buffer, start: number, end: number): boolean {
      let accepted = true;
      for (let i = 0; i < 4; i++) accepted = super.sendBody(buffer, start, end);
      return accepted;
    }
  }
  await using lab = await setupFilters(answers, { growing: { response: (side) => new Growing(side) } });
  const client = await lab.client();
  client.socket.pause();
  client.send(get('GET', last));
  const origin = await lab.origin.connection(0);
  await origin.sees('\r\n\r\n');
  const heap = process.memoryUsage().arrayBuffers;
  let before = -1;
  while (before !== sent) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 100)); // until nothing moves any more
  }
  assert.ok(sent < 512, 'the origin is stopped');
  assert.ok(process.memoryUsage().arrayBuffers - heap < 16e6);
  client.socket.resume();
  const text = await client.end();
  assert.equal(contentOf(text).length, 4 * 512 * piece.length);
});

const mistakes: Readonly<Record<string, { readonly side: (next: ClientSide) => ClientSide; readonly whole: boolean }>> =
  {
    'throws at the head': {
      side: (next) => Object.assign(new PassingClient(next), { respond: () => assert.fail('out') }),
      whole: true,
    },
    'throws at a 1xx': {
      side: (next) => Object.assign(new PassingClient(next), { inform: () => assert.fail('out') }),
      whole: true,
    },
    'throws at content': {
      side: (next) =>
        Object.assign(new PassingClient(next), {
          sendBody: () => assert.fail('out'),
          sendText: () => assert.fail('out'),
        }),
      whole: false,
    },
    'throws at the end': {
      side: (next) => Object.assign(new PassingClient(next), { sendEnd: () => assert.fail('out') }),
      whole: false,
    },
    'answers twice': {
      side: (next) => Object.assign(new PassingClient(next), { sendEnd: () => next.reply({ status: 200 }) }),
      whole: false,
    },
  };
for (const [kind, { side, whole }] of Object.entries(mistakes))
  test(`a side that ${kind} costs that request alone`, async () => {
    const filter: Filter = { response: (next, head) => (head.get('x-fail') === undefined ? next : side(next)) };
    const hints = 'HTTP/1.1 103 Early Hints\r\n\r\n';
    const chunks = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n';
    const answers = (origin: Reader): void => {
      origin.socket.on('data', () => {
        origin.send(hints + chunks);
        setImmediate(() => origin.send('0\r\n\r\n'));
      });
    };
    await using lab = await setupFilters(answers, { filter });
    const client = await lab.client();
    client.send(get('GET', 'X-Fail: 1\r\n'));
    if (whole) await client.sees('500 Internal Server Error\n');
    else {
      await client.close();
      assert.ok(!client.text.endsWith('0\r\n\r\n'), 'never completed');
    }
    const text = await lab.exchange(get('GET', last));
    assert.ok(text.endsWith('2\r\nok\r\n0\r\n\r\n'), text);
    assert.deepEqual(await reasonsOf(lab), { filter_failed: 1 });
  });

test('a side may answer in place of the origin, whose connection serves nobody else', async () => {
  class Denied extends PassingClient {
    override respond(): boolean {
      this.next.reply({ status: 403 });
      return true;
    }
  }
  const denied: Filter = { response: (side, head) => (head.get('x-deny') === undefined ? side : new Denied(side)) };
  await using lab = await setupFilters(answering(ok), { denied });
  const client = await lab.client();
  client.send(get('GET', 'X-Deny: 1\r\n') + get('GET', last));
  assert.match(await client.end(), /^HTTP\/1\.1 403 [^]*HTTP\/1\.1 200 /);
  assert.equal(lab.origin.connections.length, 2);
  assert.deepEqual(await reasonsOf(lab), {});
});

test('what a filter still has when its exchange is over reaches nobody', async () => {
  const kept: ClientSide[] = [];
  /** Holds the answer back for ever. */
  class Held extends PassingClient {
    override respond(): boolean {
      kept.push(this.next);
      return true;
    }
    override sendEnd(): void {}
  }
  const held: Filter = { response: (side, head) => (head.get('x-hold') === undefined ? side : new Held(side)) };
  const routes = [{ match: {}, action: { kind: 'forward', clusters: [{ name: 'origin' }], timeout: 60 } }] as const;
  await using lab = await setupFilters(answering(ok), { held }, { routes });
  const client = await lab.client();
  client.send(get('GET', 'X-Hold: 1\r\n'));
  await client.sees('504 Gateway Timeout\n');
  for (const side of kept) {
    side.sendText('late');
    assert.equal(side.sendBody(Buffer.from('late'), 0, 4), true);
    assert.equal(side.flush(), true);
    side.reply({ status: 200, body: 'late' });
    side.sendEnd(NO_FIELDS);
  }
  client.send(get('GET', last));
  const text = await client.end();
  assert.ok(!text.includes('late'), text);
  assert.ok(text.endsWith('\r\n\r\nok'));
});

test('an origin that breaks off what a filter holds is told to the client', async () => {
  class Whole extends PassingClient {
    #end = 0;
    override respond(head: ResponseHead, start: number, end: number, complete: boolean): boolean {
      this.#end = complete || head.body === NO_BODY ? end : 0;
      return this.#end === 0 ? true : super.respond(head, start, end, complete);
    }
  }
  const whole: Filter = { response: (side) => new Whole(side) };
  const answers = once('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf', true);
  await using lab = await setupFilters(answers, { whole });
  assert.match(await lab.exchange(get('GET', last)), /^HTTP\/1\.1 502 /);
  assert.deepEqual(await reasonsOf(lab), { upstream_closed: 1 });
});
