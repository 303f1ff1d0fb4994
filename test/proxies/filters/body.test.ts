/** How filters see, change and refuse the content of requests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContentSide, Filter, FilterExchange } from '#proxies/filters/contract.ts';
import { BytesContent, PassingContent } from '#proxies/filters/passing.ts';
import type { FieldBlock } from '#proxies/http/field-block.ts';
import { ok, type Reader } from '../l7/lab.ts';
import { contentOf, reasonsOf, setupFilters } from './lab.ts';

const post = (rest: string, line = '') => `POST / HTTP/1.1\r\nHost: a\r\n${line}${rest}`;
const last = 'Connection: close\r\n';
/** Answers once it has seen all of these. */
const after =
  (...parts: string[]) =>
  async (origin: Reader) => {
    for (const part of parts) await origin.sees(part);
    origin.send(ok);
  };
const bodyOf = (text: string) => text.slice(text.indexOf('\r\n\r\n') + 4);

const bodies = {
  'of known length': { pieces: ['Content-Length: 11\r\n\r\nhello', ' wor', 'ld'], end: 'world', as: 'hello world' },
  'that came with its head': { pieces: ['Content-Length: 11\r\n\r\nhello world'], end: 'world', as: 'hello world' },
  'in chunks': {
    pieces: ['Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n', '6\r\n wo', 'rld\r\n0\r\n\r\n'],
    end: '0\r\n\r\n',
    as: 'b\r\nhello world\r\n0\r\n\r\n',
  },
  'in chunks, with trailers': {
    pieces: ['Transfer-Encoding: chunked\r\nTrailer: x-t\r\n\r\nb\r\nhello world\r\n', '0\r\nx-t: 1\r\n\r\n'],
    end: '0\r\nx-t: 1\r\n\r\n',
    as: 'b\r\nhello world\r\n0\r\nx-t: 1\r\n\r\n',
  },
};

for (const [kind, { pieces, end, as }] of Object.entries(bodies)) {
  test(`a body ${kind} is read by filters, and goes on as it was`, async () => {
    const read: (string | undefined)[] = [];
    const reading: Filter = {
      async request(_head, exchange) {
        read.push((await exchange.readBody(11))?.toString());
        return undefined;
      },
    };
    await using lab = await setupFilters(after(end), { first: reading, second: reading });
    const client = await lab.client();
    for (const piece of pieces) client.send(piece === pieces[0] ? post(piece, last) : piece);
    assert.match(await client.end(), /^HTTP\/1\.1 200 /);
    assert.deepEqual(read, ['hello world', 'hello world']);
    assert.equal(bodyOf(lab.origin.connections[0]!.text), as);
  });

  test(`a body ${kind} is refused by what is in it, and reaches nobody`, async () => {
    const strict: Filter = {
      async request(_head, exchange) {
        return (await exchange.readBody(1000))?.includes('world') === true ? { status: 422 } : undefined;
      },
    };
    await using lab = await setupFilters(after(end), { strict });
    const client = await lab.client();
    for (const piece of pieces) client.send(piece === pieces[0] ? post(piece) : piece);
    client.send(`GET / HTTP/1.1\r\nHost: a\r\n${last}\r\n`);
    await client.sees('HTTP/1.1 422 ');
    const origin = await lab.origin.connection(0);
    await origin.sees('\r\n\r\n');
    assert.match(origin.text, /^GET /);
    assert.deepEqual(await reasonsOf(lab), { filter_reply: 1 });
  });

  test(`a body ${kind} is too long for a filter, and goes on all the same`, async () => {
    const read: (string | undefined)[] = [];
    const reading: Filter = {
      async request(_head, exchange) {
        read.push((await exchange.readBody(4))?.toString());
        return undefined;
      },
    };
    await using lab = await setupFilters(after(end), { reading });
    const client = await lab.client();
    for (const piece of pieces) client.send(piece === pieces[0] ? post(piece, last) : piece);
    assert.match(await client.end(), /^HTTP\/1\.1 200 /);
    assert.deepEqual(read, [undefined]);
    assert.equal(contentOf(lab.origin.connections[0]!.text), 'hello world');
  });

  for (const content of ['x', 'much longer than before'])
    test(`a body ${kind} is replaced by ${content.length} bytes`, async () => {
      const replacing: Filter = {
        async request(_head, exchange) {
          await exchange.readBody(1000);
          exchange.replaceBody(Buffer.from(content));
          return undefined;
        },
      };
      await using lab = await setupFilters(after(content), { replacing });
      const client = await lab.client();
      for (const piece of pieces) client.send(piece === pieces[0] ? post(piece, last) : piece);
      assert.match(await client.end(), /^HTTP\/1\.1 200 /);
      const { text } = lab.origin.connections[0]!;
      assert.equal(bodyOf(text), content);
      assert.deepEqual(text.match(/^(content-length|transfer-encoding):.*$/gim), [`Content-Length: ${content.length}`]);
    });

  test(`a body ${kind} passes a side that changes it`, async () => {
    class Loud extends BytesContent {
      override sendBody(buffer: Buffer, start: number, end: number): boolean {
        const loud = Buffer.from(buffer.toString('latin1', start, end).toUpperCase(), 'latin1');
        return super.sendBody(loud, 0, loud.length);
      }
    }
    class Marked extends PassingContent {
      readonly letter: string;
      constructor(next: ContentSide, letter: string) {
        super(next);
        this.letter = letter;
      }
      override sendEnd(trailers: FieldBlock): void {
        this.next.sendText(this.letter);
        super.sendEnd(trailers);
      }
    }
    const filters = {
      a: { requestBody: (side, head) => (head.reframe(undefined), new Marked(side, 'a')) } satisfies Filter,
      loud: { requestBody: (side) => new Loud(side) } satisfies Filter,
      b: { requestBody: (side) => new Marked(side, 'b') } satisfies Filter,
    };
    await using lab = await setupFilters(after('\r\n0\r\n'), filters);
    const client = await lab.client();
    for (const piece of pieces) client.send(piece === pieces[0] ? post(piece, last) : piece);
    assert.match(await client.end(), /^HTTP\/1\.1 200 /);
    const { text } = lab.origin.connections[0]!;
    assert.match(text, /Transfer-Encoding: chunked\r\n/);
    assert.doesNotMatch(text, /Content-Length/);
    assert.equal(contentOf(text), 'HELLO WORLDAb');
  });
}

test('a request without a body has none to read, nor to replace', async () => {
  const read: unknown[] = [];
  const reading: Filter = {
    async request(head, exchange) {
      read.push((await exchange.readBody(0))?.length);
      if (head.get('x-replace') !== undefined) exchange.replaceBody(Buffer.from('x'));
      return undefined;
    },
  };
  await using lab = await setupFilters(after('\r\n\r\n'), { reading });
  const client = await lab.client();
  client.send(`GET / HTTP/1.1\r\nHost: a\r\nX-Replace: 1\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n${last}\r\n`);
  assert.match(await client.end(), /^HTTP\/1\.1 500 [^]*HTTP\/1\.1 200 /);
  assert.deepEqual(read, [0, 0]);
});

test('a client that waits for 100 gets it from who reads the body', async () => {
  const reading: Filter = {
    async request(_head, exchange) {
      assert.equal((await exchange.readBody(5))?.toString(), 'hello');
      return undefined;
    },
  };
  await using lab = await setupFilters(after('hello'), { reading });
  const client = await lab.client();
  client.send(post('Content-Length: 5\r\n\r\n', `Expect: 100-continue\r\n${last}`));
  await client.sees('HTTP/1.1 100 Continue\r\n\r\n');
  assert.equal(lab.origin.connections.length, 0);
  client.send('hello');
  assert.match(await client.end(), /HTTP\/1\.1 200 /);
});

test('a client that does not send the body that a filter reads is timed out as ever', async () => {
  const reading: Filter = { request: async (_head, exchange) => void (await exchange.readBody(5)) as undefined };
  await using lab = await setupFilters(after('hello'), { reading }, { timeouts: { requestBody: 60 } });
  assert.match(await lab.exchange(post('Content-Length: 5\r\n\r\nhe')), /^HTTP\/1\.1 408 /);
  assert.deepEqual(await reasonsOf(lab), { request_timeout: 1 });
  assert.equal(lab.origin.connections.length, 0);
});

test('a body that a filter has read is sent again where an endpoint refuses', async () => {
  const reading: Filter = { request: async (_head, exchange) => void (await exchange.readBody(5)) as undefined };
  await using lab = await setupFilters(after('hello'), { reading });
  await using other = await setupFilters(after('hello'), { reading });
  const { port } = other.origin;
  await other[Symbol.asyncDispose](); // nobody listens there any more
  const clusters = [
    {
      name: 'origin',
      endpoints: [
        { host: '127.0.0.1', port },
        { host: '127.0.0.1', port: lab.origin.port },
      ],
    },
  ];
  await lab.proxy.reload!({
    ...JSON.parse(lab.proxy.nativeConfig),
    listener: { address: lab.proxy.address },
    clusters,
  });
  for (let i = 0; i < 2; i++)
    assert.match(await lab.exchange(post('Content-Length: 5\r\n\r\nhello', last)), /^HTTP\/1\.1 200 /);
});

/** Takes one piece at a time, and passes it on some turns of the event loop later. */
class Slow extends BytesContent {
  most = 0;
  #pieces: Buffer[] = [];
  #end: FieldBlock | undefined;
  #isBusy = false;
  readonly #exchange: FilterExchange;
  constructor(next: ContentSide, exchange: FilterExchange) {
    super(next);
    this.#exchange = exchange;
  }
  override sendBody(buffer: Buffer, start: number, end: number): boolean {
    this.#pieces.push(Buffer.from(buffer.subarray(start, end)));
    this.most = Math.max(this.most, this.#pieces.length);
    this.#work();
    return false;
  }
  override flush(): boolean {
    this.#work();
    return this.next.flush() && this.#pieces.length === 0;
  }
  override sendEnd(trailers: FieldBlock): void {
    this.#end = trailers;
    this.#work();
  }
  #work(): void {
    if (this.#isBusy) return;
    const piece = this.#pieces[0];
    if (piece === undefined) {
      if (this.#end) this.next.sendEnd(this.#end);
      this.#end = undefined;
      return;
    }
    this.#isBusy = true;
    setImmediate(() => {
      this.#isBusy = false;
      if (!this.next.flush()) return; // it is told when the origin takes more
      this.#pieces.shift();
      this.next.sendBody(piece, 0, piece.length);
      if (this.#pieces.length > 0 || this.#end) this.#work();
      else this.#exchange.resumeRequest();
    });
  }
}

for (const framing of ['Content-Length: 20000000\r\n', 'Transfer-Encoding: chunked\r\n'])
  test(`a side that is slow has the client wait, and all arrives (${framing.slice(0, 17)})`, async () => {
    let slow: Slow | undefined;
    const filter: Filter = { requestBody: (side, _head, exchange) => (slow = new Slow(side, exchange)) };
    let received = 0;
    const origin = (connection: Reader): void => {
      connection.socket.on('data', (data: unknown) => {
        received += String(data).split('x').length - 1;
        connection.text = ''; // it would be searched anew each time
        if (received === 20_000_000) connection.send(ok);
      });
    };
    await using lab = await setupFilters(origin, { filter });
    const client = await lab.client();
    client.send(post('\r\n', framing + last));
    const piece = 'x'.repeat(100_000);
    const chunked = framing.startsWith('T');
    for (let i = 0; i < 200; i++) client.send(chunked ? `${piece.length.toString(16)}\r\n${piece}\r\n` : piece);
    if (chunked) client.send('0\r\n\r\n');
    assert.match(await client.end(), /^HTTP\/1\.1 200 /);
    assert.equal(received, 20_000_000);
    assert.ok(slow!.most < 10, `${slow!.most} pieces waited at once`);
  });

test('an origin that answers before a slow side has passed the body on serves nobody else', async () => {
  /** Never passes anything on. */
  class Stuck extends PassingContent {
    override sendBody(): boolean {
      return true;
    }
    override sendText(): void {}
    override sendEnd(): void {}
  }
  const stuck: Filter = { requestBody: (side, head) => (head.get('x-stuck') === undefined ? side : new Stuck(side)) };
  await using lab = await setupFilters(after('\r\n\r\n'), { stuck });
  const client = await lab.client();
  client.send(post('Content-Length: 5\r\n\r\nhello', 'X-Stuck: 1\r\n'));
  await client.sees('ok');
  client.send(post('Content-Length: 5\r\n\r\nhello', last));
  assert.match(await client.end(), /ok[^]*ok$/);
  assert.equal(lab.origin.connections.length, 2);
});

for (const method of ['sendBody', 'sendText', 'flush', 'sendEnd'] as const)
  test(`a side whose ${method} throws costs that request alone`, async () => {
    const filter: Filter = {
      requestBody: (side, head) =>
        head.get('x-fail') === undefined
          ? side
          : Object.assign(new PassingContent(side), { [method]: () => assert.fail('out') }),
    };
    await using lab = await setupFilters(after('hello'), { filter });
    const client = await lab.client();
    client.send(post('Transfer-Encoding: chunked\r\n\r\n', 'X-Fail: 1\r\n'));
    await (await lab.origin.connection(0)).sees('\r\n\r\n');
    const large = 'x'.repeat(9_000);
    client.send(`5\r\nworld\r\n${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`);
    await client.sees('HTTP/1.1 500 ');
    assert.match(await lab.exchange(post('Content-Length: 5\r\n\r\nhello', last)), /^HTTP\/1\.1 200 /);
    assert.deepEqual(await reasonsOf(lab), { filter_failed: 1 });
  });
