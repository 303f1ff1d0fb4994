/** gRPC over one hop: client and server of @grpc/grpc-js, h2c and TLS in front, h2c behind. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { createCertificate } from '#bench/lab/certificates.ts';
import type { RunningProxy } from '#proxies/contract.ts';
import { definition as plain } from '#proxies/l7/l7-http.ts';
import { definition as secure } from '#proxies/l7/l7-tls.ts';

const bytes = (value: Buffer): Buffer => value;
const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/test.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
});

const MESSAGE = 'schön – 你好';
let arrived = Promise.withResolvers<void>();
let cancelled = Promise.withResolvers<void>();

const service = {
  unary: method('Unary', false, false),
  fail: method('Fail', false, false),
  wait: method('Wait', false, false),
  collect: method('Collect', true, false),
  count: method('Count', false, true),
  chat: method('Chat', true, true),
};

const implementation = {
  unary(call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
    const trailer = new Metadata();
    for (const value of call.metadata.get('x-trace-bin')) trailer.add('x-back-bin', value);
    const initial = new Metadata();
    for (const value of call.metadata.get('x-trace')) initial.add('x-initial', value);
    call.sendMetadata(initial);
    done(null, call.request, trailer);
  },
  fail(_call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
    done({ code: status.FAILED_PRECONDITION, details: MESSAGE });
  },
  wait(call: ServerUnaryCall<Buffer, Buffer>) {
    call.on('cancelled', () => cancelled.resolve());
    arrived.resolve();
  },
  collect(call: ServerReadableStream<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
    let size = 0;
    call.on('data', (message: Buffer) => (size += message.length));
    call.on('end', () => done(null, Buffer.from(String(size))));
  },
  count(call: ServerWritableStream<Buffer, Buffer>) {
    for (let at = 0; at < Number(call.request.toString()); at++) call.write(Buffer.from(String(at)));
    call.end();
  },
  chat(call: ServerDuplexStream<Buffer, Buffer>) {
    call.on('data', (message: Buffer) => call.write(message));
    call.on('end', () => call.end());
  },
};

const { ca, cert, key, serverName } = createCertificate();

for (const definition of [plain, secure]) {
  const isSecure = definition === secure;
  describe(`gRPC through ${definition.name}`, () => {
    const server = new Server({ 'grpc.max_receive_message_length': -1 });
    let proxy: RunningProxy;
    let client: Client;

    before(async () => {
      server.addService(service, implementation);
      const port = await new Promise<number>((resolve, reject) => {
        server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
          error === null ? resolve(bound) : reject(error),
        );
      });
      proxy = await definition.start(
        {
          listener: {
            address: { host: '127.0.0.1', port: 0 },
            http2: true,
            ...(isSecure && { tls: { certificates: [{ cert, key }] } }),
          },
          clusters: [{ name: 'o', endpoints: [{ host: '127.0.0.1', port }], protocol: 'http2' }],
          defaultCluster: 'o',
        },
        new AbortController().signal,
      );
      const channel = isSecure ? credentials.createSsl(Buffer.from(ca)) : credentials.createInsecure();
      client = new Client(`127.0.0.1:${proxy.address.port}`, channel, {
        'grpc.max_receive_message_length': -1,
        'grpc.ssl_target_name_override': serverName,
      });
    });

    after(async () => {
      client?.close();
      await proxy?.[Symbol.asyncDispose]();
      server.forceShutdown();
    });

    const call = (
      name: keyof typeof service,
      request: Buffer,
      metadata = new Metadata(),
      deadline = Date.now() + 20_000,
    ) =>
      new Promise<Buffer>((resolve, reject) => {
        client.makeUnaryRequest(service[name].path, bytes, bytes, request, metadata, { deadline }, (error, answer) =>
          error === null ? resolve(answer!) : reject(error),
        );
      });

    it('unary, empty and large', async () => {
      assert.equal((await call('unary', Buffer.alloc(0))).length, 0);
      const large = Buffer.alloc(2_500_000, 'x');
      assert.ok((await call('unary', large)).equals(large));
    });

    it('metadata both ways, in text and in bytes', async () => {
      const metadata = new Metadata();
      metadata.add('x-trace', 'abc');
      metadata.add('x-trace-bin', Buffer.from([0, 255, 171]));
      const request = client.makeUnaryRequest(service.unary.path, bytes, bytes, Buffer.from('x'), metadata, () => {});
      const [[initial], [end]] = (await Promise.all([once(request, 'metadata'), once(request, 'status')])) as [
        [Metadata],
        [{ metadata: Metadata }],
      ];
      assert.deepEqual(initial.get('x-initial'), ['abc']);
      assert.deepEqual(end.metadata.get('x-back-bin'), [Buffer.from([0, 255, 171])]);
    });

    it('an error of trailers only, its message in UTF-8', async () => {
      await assert.rejects(call('fail', Buffer.from('x')), (error: ServiceError) => {
        assert.equal(error.code, status.FAILED_PRECONDITION);
        assert.equal(error.details, MESSAGE);
        return true;
      });
    });

    it('a stream of requests', async () => {
      const answer = await new Promise<Buffer>((resolve, reject) => {
        const stream = client.makeClientStreamRequest(service.collect.path, bytes, bytes, (error, value) =>
          error === null ? resolve(value!) : reject(error),
        );
        for (let at = 0; at < 100; at++) stream.write(Buffer.alloc(10_000));
        stream.end();
      });
      assert.equal(answer.toString(), '1000000');
    });

    it('a stream of answers', async () => {
      const seen: string[] = [];
      const stream = client.makeServerStreamRequest(service.count.path, bytes, bytes, Buffer.from('200'));
      stream.on('data', (message: Buffer) => seen.push(message.toString()));
      await once(stream, 'end');
      assert.deepEqual(
        seen,
        Array.from({ length: 200 }, (_, at) => String(at)),
      );
    });

    it('ping pong', async () => {
      const stream = client.makeBidiStreamRequest(service.chat.path, bytes, bytes);
      for (let at = 0; at < 20; at++) {
        stream.write(Buffer.from(`${at}`));
        const [answer] = (await once(stream, 'data')) as [Buffer];
        assert.equal(answer.toString(), `${at}`);
      }
      stream.end();
      stream.resume();
      await once(stream, 'end');
    });

    it('a deadline, of which the server hears', async () => {
      cancelled = Promise.withResolvers();
      await assert.rejects(call('wait', Buffer.from('x'), new Metadata(), Date.now() + 300), {
        code: status.DEADLINE_EXCEEDED,
      });
      await cancelled.promise;
    });

    it('a cancel, of which the server hears', async () => {
      arrived = Promise.withResolvers();
      cancelled = Promise.withResolvers();
      const ended = Promise.withResolvers<ServiceError | null>();
      const request = client.makeUnaryRequest(service.wait.path, bytes, bytes, Buffer.from('x'), (error) =>
        ended.resolve(error),
      );
      await arrived.promise;
      request.cancel();
      assert.equal((await ended.promise)?.code, status.CANCELLED);
      await cancelled.promise;
    });
  });
}
