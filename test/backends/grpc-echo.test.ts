/** `grpc-echo` against clients that know gRPC, and such as break its rules. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { after, before, describe, it } from 'node:test';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { definition } from '#backends/grpc-echo.ts';
import { MessageCounter, messageOf, timeoutOf } from '#backends/grpc-messages.ts';
import type { RunningBackend } from '#backends/contract.ts';
import { createCertificate } from '#bench/lab/certificates.ts';
import { generator } from '#test/random.ts';
import { never } from './client.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };
const bytes = (value: Buffer): Buffer => value;
const path = (method: string): string => `/hopcost.Echo/${method}`;

const unary = (client: Client, method: string, request: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    client.makeUnaryRequest(path(method), bytes, bytes, request, (error, answer) =>
      error === null ? resolve(answer!) : reject(error),
    );
  });

describe('grpc-echo', () => {
  let origin: RunningBackend;
  let client: Client;
  let session: http2.ClientHttp2Session;

  before(async () => {
    origin = await definition.start(LOOPBACK, { nonce: 'n-1' }, never);
    const { port } = origin.address;
    client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { 'grpc.max_receive_message_length': -1 });
    session = http2.connect(`http://127.0.0.1:${port}`);
  });

  after(async () => {
    client.close();
    session.destroy();
    await origin[Symbol.asyncDispose]();
  });

  /** By no library: the status that came, by trailers or by a head that is all there is. */
  const statusOf = async (method: string, content: Buffer, headers = {}): Promise<string | undefined> => {
    const all = { ':method': 'POST', ':path': path(method), 'content-type': 'application/grpc', te: 'trailers' };
    const stream = session.request({ ...all, ...headers });
    let found: string | undefined;
    const note = (fields: http2.IncomingHttpHeaders): void => void (found ??= fields['grpc-status'] as string);
    stream.on('response', note).on('trailers', note).resume().end(content);
    await once(stream, 'close');
    return found;
  };

  it('gives back a message, be it empty or larger than a window', async () => {
    for (const size of [0, 1, 200, 3_000_000]) {
      const message = Buffer.alloc(size, 'abc');
      assert.ok((await unary(client, 'Unary', message)).equals(message));
    }
  });

  it('takes a stream of messages, and gives one', async () => {
    const answer = new Promise<Buffer>((resolve, reject) => {
      const call = client.makeClientStreamRequest(path('Collect'), bytes, bytes, (error, value) =>
        error === null ? resolve(value!) : reject(error),
      );
      for (let at = 0; at < 50; at++) call.write(Buffer.alloc(70_000));
      call.end();
    });
    assert.equal((await answer).toString(), '3500000');
    const call = client.makeServerStreamRequest(path('Repeat'), bytes, bytes, Buffer.from('20000'));
    const seen: string[] = [];
    call.on('data', (message: Buffer) => seen.push(message.toString()));
    await once(call, 'end');
    assert.deepEqual(
      seen,
      Array.from({ length: 20_000 }, (_, at) => String(at)),
    );
  });

  it('chats', async () => {
    const call = client.makeBidiStreamRequest(path('Chat'), bytes, bytes);
    for (let at = 0; at < 20; at++) {
      call.write(Buffer.from(`${at}`));
      const [answer] = (await once(call, 'data')) as [Buffer];
      assert.equal(answer.toString(), `${at}`);
    }
    call.end();
    call.resume();
    const [end] = (await once(call, 'status')) as [{ code: number }];
    assert.equal(end.code, status.OK);
  });

  it('says by status what it cannot do', async () => {
    await assert.rejects(unary(client, 'Fail', Buffer.from('x')), (error: ServiceError) => {
      assert.equal(error.code, status.FAILED_PRECONDITION);
      assert.equal(error.details, 'wie gewünscht');
      return true;
    });
    await assert.rejects(unary(client, 'Other', Buffer.alloc(0)), { code: status.UNIMPLEMENTED });
    assert.equal(await statusOf('Unary', Buffer.concat([messageOf('a'), messageOf('b')])), '13');
    assert.equal(await statusOf('Chat', messageOf('abc').subarray(0, 6)), '13');
    assert.equal(await statusOf('Unary', Buffer.alloc(0)), '13');
    assert.equal(await statusOf('Unary', Buffer.concat([messageOf('x'.repeat(5_000_000))])), '8');
    assert.equal(await statusOf('Chat', messageOf('abc')), '0');
  });

  it('keeps to deadlines', async () => {
    assert.equal(await statusOf('Wait', messageOf('x'), { 'grpc-timeout': '30m' }), '4');
    assert.equal(await statusOf('Unary', messageOf('x'), { 'grpc-timeout': '30S' }), '0');
  });

  it('says who it is, and counts', async () => {
    const { requests } = origin.counters();
    const stream = session.request({ ':path': '/nonce' }).setEncoding('utf8');
    assert.equal(String((await once(stream, 'data'))[0]), 'n-1');
    assert.equal(origin.counters().requests, requests + 1);
  });

  it('speaks TLS', async () => {
    const { ca, cert, key, serverName } = createCertificate();
    await using secure = await definition.start(LOOPBACK, { tls: { cert, key } }, never);
    const other = new Client(`127.0.0.1:${secure.address.port}`, credentials.createSsl(Buffer.from(ca)), {
      'grpc.ssl_target_name_override': serverName,
    });
    assert.equal((await unary(other, 'Unary', Buffer.from('secret'))).toString(), 'secret');
    other.close();
  });
});

describe('messages of gRPC', () => {
  it('are counted in whatever pieces they come', () => {
    const below = generator(2_028);
    for (let run = 0; run < 300; run++) {
      const sizes = Array.from({ length: below(6) }, () => below(3) * below(300));
      const all = Buffer.concat(sizes.map((size) => messageOf('x'.repeat(size))));
      const counter = new MessageCounter();
      for (let at = 0; at < all.length;) {
        const end = Math.min(all.length, at + 1 + below(40));
        counter.add(all, at, end);
        assert.equal(end < all.length || counter.isWhole, true);
        at = end;
      }
      assert.deepEqual([counter.messages, counter.bytes], [sizes.length, sizes.reduce((sum, size) => sum + size, 0)]);
    }
  });

  it('have deadlines in any unit', () => {
    const cases = {
      '1H': 3_600_000,
      '2M': 120_000,
      '3S': 3_000,
      '4m': 4,
      '5000u': 5,
      '6000000n': 6,
      '99999999H': 2 ** 31 - 1,
    };
    for (const [text, expected] of Object.entries(cases)) assert.equal(timeoutOf(text), expected);
    for (const text of [undefined, '', 'S', '1', '1s', '123456789S', '-1S']) assert.equal(timeoutOf(text), undefined);
  });
});
