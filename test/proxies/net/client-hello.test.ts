import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import tls from 'node:tls';
import fc from 'fast-check';
import { parseClientHello } from '#proxies/net/client-hello.ts';
import { receive } from '../sockets.ts';

/** The hello that node:tls really sends. */
async function capture(options: tls.ConnectionOptions): Promise<Buffer> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[net.Socket]>;
  const client = tls.connect({ ...options, host: '127.0.0.1', port: (server.address() as net.AddressInfo).port });
  client.on('error', () => {});
  const [socket] = await accepted;
  const head = await receive(socket, 5);
  const length = 5 + head.readUInt16BE(3);
  const hello = head.length >= length ? head : Buffer.concat([head, await receive(socket, length - head.length)]);
  client.destroy();
  socket.destroy();
  server.close();
  return hello;
}

/** The same handshake bytes in records of at most `size` bytes. */
function inRecords(hello: Buffer, size: number): Buffer {
  const body = hello.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) {
    const part = body.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
  }
  return Buffer.concat(records);
}

/** Fed byte by byte, asking only when the parser said so. */
function feed(bytes: Buffer) {
  let need = 1;
  for (let length = 0; length <= bytes.length; length++) {
    if (length < need) continue;
    const parsed = parseClientHello(bytes.subarray(0, length));
    if (parsed.kind !== 'more') return parsed;
    assert.ok(parsed.need > length, `asks for ${parsed.need} with ${length}`);
    need = parsed.need;
  }
  return { kind: 'more', need } as const;
}

const asked = { servername: 'a.Example.org', ALPNProtocols: ['h2', 'http/1.1'] };
const value = { serverName: 'a.example.org', alpn: ['h2', 'http/1.1'] };

test('reads the name and the protocols of a real hello, byte by byte and across records', async () => {
  const hello = await capture(asked);
  assert.deepEqual(parseClientHello(hello), { kind: 'done', value, length: hello.length });
  for (const size of [hello.length, 100, 40, 1]) {
    const records = inRecords(hello, size);
    assert.deepEqual(feed(records), { kind: 'done', value, length: records.length }, `records of ${size}`);
  }
  // A record boundary at every byte.
  const body = hello.subarray(5);
  for (let at = 1; at < body.length; at++) {
    const records = Buffer.concat(
      [body.subarray(0, at), body.subarray(at)].flatMap((part) => [
        Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]),
        part,
      ]),
    );
    assert.deepEqual(parseClientHello(records), { kind: 'done', value, length: records.length }, `boundary at ${at}`);
  }
  const long = await capture({ ...asked, ALPNProtocols: Array.from({ length: 40 }, (_, i) => `${i}`.padEnd(60, 'x')) });
  assert.equal(parseClientHello(inRecords(long, 2)).kind, 'done');
  assert.equal(parseClientHello(inRecords(long, 1)).kind, 'malformed');
});

test('a hello without a name, and one of TLS 1.2', async () => {
  const parsed = parseClientHello(await capture({ maxVersion: 'TLSv1.2', servername: '' }));
  assert.ok(parsed.kind === 'done');
  assert.deepEqual(parsed.value, { alpn: [] });
});

test('what is no ClientHello is malformed as soon as it shows', () => {
  assert.equal(parseClientHello(Buffer.from('GET / HTTP/1.1')).kind, 'malformed');
  assert.equal(parseClientHello(Buffer.from([22, 2, 0, 0, 1])).kind, 'malformed');
  assert.equal(parseClientHello(Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0])).kind, 'malformed');
  assert.equal(parseClientHello(Buffer.from([22, 3, 1, 0xff, 0xff])).kind, 'malformed');
  assert.equal(parseClientHello(Buffer.from([22, 3, 1, 0x40, 0, 1, 0xff, 0, 0])).kind, 'malformed');
});

test('changed hellos never throw, and mean the same at every split', async () => {
  const hello = await capture(asked);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(hello.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 30, max: hello.length }),
      fc.nat(20),
      (edits, size, cut) => {
        const changed = Buffer.from(hello);
        for (const [at, byte] of edits) changed[at] = byte;
        const bytes = inRecords(changed, size);
        const input = bytes.subarray(0, bytes.length - cut);
        const whole = parseClientHello(input);
        const split = feed(input);
        assert.equal(split.kind, whole.kind);
        if (whole.kind === 'done') assert.deepEqual(split, whole);
      },
    ),
    { numRuns: 2_000, seed: 8 },
  );
});
