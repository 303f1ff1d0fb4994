/** Which answers are compressed, what is said of them, and that streams come through as they are written. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { test } from 'node:test';
import zlib from 'node:zlib';
import type { Compression } from '#proxies/filters/compression.ts';
import { answering, type Reader } from '../l7/lab.ts';
import { contentOf, fieldOf, problemsOf, request, setupRegistered, statusOf } from './lab.ts';

const TEXT = 'some text that repeats itself. '.repeat(100);
const answerOf = (fields: string, body = TEXT): string =>
  `HTTP/1.1 200 OK\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
const html = 'Content-Type: text/html; charset=utf-8\r\n';
const DECODERS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: zlib.gunzipSync,
  br: zlib.brotliDecompressSync,
  zstd: zlib.zstdDecompressSync,
};
const decoded = (text: string): string =>
  DECODERS[fieldOf(text, 'Content-Encoding')!]!(Buffer.from(contentOf(text), 'latin1')).toString('latin1');

for (const coding of ['gzip', 'br', 'zstd'] as const)
  for (const [how, body] of [
    ['at once', TEXT],
    ['as it comes', TEXT.repeat(100)],
  ] as const)
    test(`${coding}, ${how}`, async () => {
      const fields = `${html}ETag: "a"\r\nAccept-Ranges: bytes\r\nContent-Digest: x\r\nVary: Origin\r\n`;
      await using lab = await setupRegistered(answering(answerOf(fields, body)), { compression: {} });
      const text = await lab.exchange(request([`Accept-Encoding: ${coding}`]));
      assert.equal(fieldOf(text, 'Content-Encoding'), coding);
      assert.equal(decoded(text), body);
      assert.equal(fieldOf(text, 'ETag'), 'W/"a"');
      assert.deepEqual(text.match(/^vary: .*$/gim), ['Vary: Origin', 'Vary: Accept-Encoding']);
      assert.equal(fieldOf(text, 'Accept-Ranges') ?? fieldOf(text, 'Content-Digest'), undefined);
      if (how === 'at once') assert.ok(Number(fieldOf(text, 'Content-Length')) < body.length / 10);
    });

interface Case {
  readonly answer: string;
  readonly accept?: string;
  readonly method?: string;
  readonly varies?: true;
}
const AS_THEY_ARE: Readonly<Record<string, Case>> = {
  'is not asked for': { answer: answerOf(html), accept: 'identity', varies: true },
  'is too short': { answer: answerOf(html, 'x'.repeat(1023)) },
  'is empty': { answer: answerOf(html, '') },
  'is an image': { answer: answerOf('Content-Type: image/png\r\n') },
  'has no type': { answer: answerOf('') },
  'is compressed': { answer: answerOf(`${html}Content-Encoding: br\r\n`) },
  'must not be transformed': { answer: answerOf(`${html}Cache-Control: public, No-Transform\r\n`) },
  'is a part': { answer: answerOf(`${html}Content-Range: bytes 0-1/2\r\n`).replace('200', '206') },
  'is not modified': { answer: `HTTP/1.1 304 Not Modified\r\n${html}ETag: "a"\r\n\r\n` },
  'has no content': { answer: `HTTP/1.1 204 No Content\r\n${html}\r\n` },
};
for (const [which, { answer, accept = 'gzip', varies }] of Object.entries(AS_THEY_ARE))
  test(`an answer that ${which} stays as it is`, async () => {
    await using lab = await setupRegistered(answering(answer), { compression: {} });
    const text = await lab.exchange(request([`Accept-Encoding: ${accept}`]));
    assert.equal(text.replace('Vary: Accept-Encoding\r\n', '').replace('Connection: close\r\n', ''), answer);
    assert.equal(text.includes('Vary: Accept-Encoding'), varies === true);
  });

test('an answer to HEAD says what one to GET would', async () => {
  await using lab = await setupRegistered(answering(`HTTP/1.1 200 OK\r\n${html}Content-Length: 5000\r\n\r\n`), {
    compression: {},
  });
  const text = await lab.exchange(request(['Accept-Encoding: gzip'], { method: 'HEAD' }));
  assert.equal(fieldOf(text, 'Content-Encoding'), 'gzip');
  assert.equal(fieldOf(text, 'Content-Length'), undefined);
  assert.equal(statusOf(text), 200);
});

const STREAMED = ['one', 'two', 'three'];
const DECODING = { gzip: zlib.createGunzip, br: zlib.createBrotliDecompress, zstd: zlib.createZstdDecompress };
for (const coding of ['gzip', 'br', 'zstd'] as const)
  test(`each event of a stream comes through before the next is written: ${coding}`, async () => {
    let send: (event: string) => void = () => {};
    const script = async (origin: Reader): Promise<void> => {
      await origin.sees('\r\n\r\n');
      send = (event) => void origin.send(event === '' ? '0\r\n\r\n' : `${event.length.toString(16)}\r\n${event}\r\n`);
      origin.send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n');
    };
    await using lab = await setupRegistered(script, { compression: {} });
    const { address: proxy } = lab.proxy;
    const asked = http.get({ ...proxy, agent: false, headers: { 'Accept-Encoding': coding } });
    const [answer] = (await once(asked, 'response')) as [http.IncomingMessage]; // the head waits for no event
    const pieces = answer.pipe(DECODING[coding]())[Symbol.asyncIterator]();
    for (const event of STREAMED) {
      send(event);
      let text = '';
      while (!text.includes(event)) text += String((await pieces.next()).value);
    }
    send('');
    assert.equal((await pieces.next()).done, true);
  });

test('a client that reads slowly holds the origin back, and gets all', async () => {
  const line = Array.from({ length: 1000 }, (_, i) => (Math.sin(i) * 1e9).toString(36)).join('');
  const body = line.repeat(1500);
  await using lab = await setupRegistered(answering(answerOf(html, body)), { compression: { encodings: ['gzip'] } });
  const client = await lab.client();
  client.socket.pause();
  client.send(request(['Accept-Encoding: gzip']));
  await lab.origin.connection(0);
  client.socket.resume();
  assert.equal(decoded(await client.end()), body);
});

test('a client that leaves ends it', async () => {
  await using lab = await setupRegistered(
    async (origin) => {
      await origin.sees('\r\n\r\n');
      origin.send(`HTTP/1.1 200 OK\r\n${html}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`);
    },
    { compression: {} },
  );
  const client = await lab.client();
  client.send(request(['Accept-Encoding: gzip']));
  await client.sees('200 OK');
  client.socket.resetAndDestroy();
  await (await lab.origin.connection(0)).close();
});

test('settings that mean nothing are refused by their place', () => {
  const cases: readonly [Compression | object, RegExp][] = [
    [{ encodings: ['deflate'] }, /^filters\.compression\.encodings\.0: /],
    [{ encodings: [] }, /^filters\.compression\.encodings: /],
    [{ minBytes: -1 }, /^filters\.compression\.minBytes: /],
    [{ types: ['html'] }, /^filters\.compression\.types\.0: expected a content type/],
  ];
  for (const [config, problem] of cases) assert.match(problemsOf({ compression: config }).join('\n'), problem);
});
