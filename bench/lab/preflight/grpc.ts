/** Rules for whoever carries gRPC: what it needs of HTTP/2 beyond requests and answers. */
import { once } from 'node:events';
import { GRPC_PREFIX, grpcBody } from '#bench/model/grpc.ts';
import { Http2Client } from '../http2-client.ts';
import type { Target } from '../wire.ts';
import { expect, type PreflightCase } from './case.ts';

const SIZES = [0, 200, 1_048_576];
const TURNS = 5;
/** Milliseconds that the origin may take, as the client says. */
const DEADLINE = 50;

const question = (method: string, body?: Buffer, headers: Readonly<Record<string, string>> = {}) => ({
  method: 'POST',
  path: `/hopcost.Echo/${method}`,
  headers: { 'content-type': 'application/grpc', te: 'trailers', ...headers },
  ...(body && { body }),
});

/** One call; `status` is gRPC's, from trailers or from a head that is all there is. */
async function call(target: Target, asked: ReturnType<typeof question>, signal: AbortSignal) {
  using client = new Http2Client(target, signal);
  const { status, headers, trailers, body } = await client.ask(asked);
  expect(status === 200, () => `expected 200, got ${status}`);
  const found = { ...headers, ...trailers };
  return { status: found['grpc-status'], message: found['grpc-message'], body };
}

export const grpcCases: readonly PreflightCase[] = [
  {
    rule: 'gRPC: messages of any size come back, with their status in trailers',
    origin: 'grpc-echo',
    async run({ target }, signal) {
      for (const size of SIZES) {
        const message = grpcBody(GRPC_PREFIX + size, 1);
        const { status, body } = await call(target, question('Unary', message), signal);
        expect(status === '0', () => `${size} bytes: expected grpc-status 0, got ${String(status)}`);
        expect(body.equals(message), () => `${size} bytes: what came back differs`);
      }
      return `${SIZES.join(', ')} bytes, equal`;
    },
  },
  {
    rule: 'gRPC: an error by trailers alone keeps its status and its message',
    origin: 'grpc-echo',
    async run({ target }, signal) {
      const { status, message } = await call(target, question('Fail', grpcBody(GRPC_PREFIX, 1)), signal);
      expect(
        status === '9' && message === 'wie gew%C3%BCnscht',
        () => `expected status 9 and its message, got ${String(status)} and ${String(message)}`,
      );
      return 'status 9, its message as it was sent';
    },
  },
  {
    rule: 'gRPC: each message of a stream arrives before the next is sent',
    origin: 'grpc-echo',
    async run({ target }, signal) {
      using client = new Http2Client(target, signal);
      const stream = client.open(question('Chat'), false);
      const message = grpcBody(GRPC_PREFIX + 20, 1);
      stream.on('error', () => {}); // whoever waits is told
      let received = 0;
      stream.on('data', (chunk: Buffer) => (received += chunk.length));
      for (let turn = 1; turn <= TURNS; turn++) {
        stream.write(message);
        while (received < message.length * turn) await once(stream, 'data', { signal });
      }
      stream.end();
      const [trailers] = (await once(stream, 'trailers', { signal })) as [Record<string, string>];
      expect(trailers['grpc-status'] === '0', () => `expected grpc-status 0, got ${trailers['grpc-status']}`);
      return `${TURNS} messages there and back`;
    },
  },
  {
    rule: 'gRPC: a deadline reaches the origin, and its verdict the client',
    origin: 'grpc-echo',
    async run({ target }, signal) {
      const asked = question('Wait', grpcBody(GRPC_PREFIX, 1), { 'grpc-timeout': `${DEADLINE}m` });
      const { status } = await call(target, asked, signal);
      expect(status === '4', () => `expected grpc-status 4, got ${String(status)}`);
      return `status 4 after ${DEADLINE} ms`;
    },
  },
];
