/** Rules for whoever carries HTTP/1.1, plain or over TLS. */
import { randomBytes, randomUUID } from 'node:crypto';
import { ask, type Ask, oneConnection } from '../http-client.ts';
import { preview, Wire } from '../wire.ts';
import { expect, type PreflightBench, type PreflightCase } from './case.ts';

const REUSED = 20;
const SIZES = [0, 1, 100_000, 1_048_576];
const UPLOAD = 65_536;

export const bodyCases = (asking: Ask): PreflightCase[] =>
  SIZES.map((size) => ({
    rule: `a body of ${size} bytes arrives as the origin sent it`,
    origin: 'http-fixed',
    async run({ target, origin }, signal) {
      const question = { path: `/bytes/${size}` };
      const [through, past] = [await asking(target, question, signal), await ask(origin.target, question, signal)];
      expect(through.status === 200, () => `expected 200, got ${through.status}`);
      expect(through.body.length === size, () => `expected ${size} bytes, got ${through.body.length}`);
      expect(through.body.equals(past.body), () => 'the bytes differ from those that the origin sends');
      return `${size} bytes, equal`;
    },
  }));

/** What `http-echo` keeps of a connection; `messages` where it was one of HTTP/2. Latin-1: one character a byte. */
interface Recorded {
  readonly raw: string;
  readonly messages?: readonly { readonly fields: readonly (readonly [string, string])[]; readonly body: string }[];
}

/** What it received at `path`: all bytes of the connection, or the body of HTTP/2's message. */
async function recordedAt(path: string, { origin }: PreflightBench, signal: AbortSignal) {
  const { body } = await ask(origin.target, { path: '/_recorded' }, signal);
  for (const { raw, messages } of JSON.parse(body.toString()) as Recorded[]) {
    const message = messages?.find(({ fields }) => fields.some(([, value]) => value === path));
    if (message) return { version: 'http2', bytes: message.body } as const;
    if (!messages && raw.includes(path)) return { version: 'http1', bytes: raw } as const;
  }
  throw new Error(`the origin has not recorded ${path}`);
}

export const uploadCase = (asking: Ask): PreflightCase => ({
  rule: 'an uploaded body reaches the origin byte for byte',
  origin: 'http-echo',
  async run(bench, signal) {
    const path = `/upload/${randomUUID()}`;
    const body = randomBytes(UPLOAD);
    const { status, body: answer } = await asking(bench.target, { method: 'POST', path, body }, signal);
    expect(status === 200, () => `expected 200, got ${status}`);
    expect(answer.toString().startsWith(`POST ${path}`), () => `the origin saw ${preview(answer)}`);
    const { bytes } = await recordedAt(path, bench, signal);
    expect(bytes.includes(body.toString('latin1')), () => `the ${UPLOAD} bytes are not what the origin received`);
    return `${UPLOAD} bytes, equal`;
  },
});

export const versionCase = (asking: Ask): PreflightCase => ({
  rule: 'the origin is spoken to in the version of HTTP that is configured',
  origin: 'http-echo',
  layers: ['l7'],
  async run(bench, signal) {
    const path = `/version/${randomUUID()}`;
    const { status } = await asking(bench.target, { path }, signal);
    expect(status === 200, () => `expected 200, got ${status}`);
    const { version } = await recordedAt(path, bench, signal);
    const words = { http1: 'HTTP/1.1', http2: 'HTTP/2' };
    expect(version === bench.upstream, () => `expected ${words[bench.upstream]}, the origin got ${words[version]}`);
    return words[version];
  },
});

export const httpCases: readonly PreflightCase[] = [
  {
    rule: 'keep-alive connections are reused on both sides',
    origin: 'http-fixed',
    async run({ target, origin }, signal) {
      const before = await origin.counters();
      const agent = oneConnection(target);
      try {
        for (let i = 0; i < REUSED; i++) {
          const { status, reused } = await ask(target, { path: '/bytes/10' }, signal, agent);
          expect(status === 200, () => `request ${i + 1}: expected 200, got ${status}`);
          expect(i === 0 || reused, () => `request ${i + 1} needed a new connection to the subject`);
        }
      } finally {
        agent.destroy();
      }
      const after = await origin.counters();
      const connections = after.connections - before.connections;
      const requests = after.requests - before.requests;
      expect(requests === REUSED, () => `expected ${REUSED} requests at the origin, got ${requests}`);
      expect(
        connections <= 2,
        () => `${REUSED} requests one after the other took ${connections} connections to the origin`,
      );
      return `${REUSED} requests, ${connections} new connection(s) to the origin`;
    },
  },
  ...bodyCases(ask),
  {
    rule: 'HEAD has the length of GET, no body, and leaves the connection usable',
    origin: 'http-fixed',
    async run({ target }, signal) {
      const agent = oneConnection(target);
      try {
        const head = await ask(target, { method: 'HEAD', path: '/bytes/1000' }, signal, agent);
        expect(head.status === 200 && head.body.length === 0, () => `got ${head.status} and ${head.body.length} bytes`);
        const length = head.headers['content-length'];
        expect(length === '1000' || length === undefined, () => `expected Content-Length 1000, got ${length}`);
        const next = await ask(target, { path: '/bytes/5' }, signal, agent);
        expect(
          next.status === 200 && next.body.length === 5,
          () => `the request after it got ${next.body.length} bytes`,
        );
        return 'no body, next request answered';
      } finally {
        agent.destroy();
      }
    },
  },
  uploadCase(ask),
  {
    rule: 'pipelined requests are answered in their order',
    origin: 'http-echo',
    async run({ target }, signal) {
      const paths = Array.from({ length: 4 }, () => `/pipelined/${randomUUID()}`);
      await using wire = await Wire.open(target, signal);
      wire.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`).join(''));
      const places = (received: Buffer) => paths.map((path) => received.indexOf(`GET ${path}\n`));
      const received = await wire.until((bytes) => places(bytes).every((place) => place >= 0));
      const order = places(received);
      expect(
        order.every((place, i) => i === 0 || place > order[i - 1]!),
        () => `answers stand at ${order.join(', ')}`,
      );
      return `${paths.length} answers in order`;
    },
  },
  {
    rule: 'Connection: close is honoured after a whole answer',
    origin: 'http-fixed',
    async run({ target }, signal) {
      await using wire = await Wire.open(target, signal);
      wire.write('GET /bytes/3000 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
      const received = await wire.untilEnd();
      expect(received.subarray(0, 12).toString() === 'HTTP/1.1 200', () => `got ${preview(received)}`);
      const body = received.length - received.indexOf('\r\n\r\n') - 4;
      expect(body >= 3000, () => `expected 3000 bytes of body before the close, got ${body}`);
      return 'whole answer, then closed';
    },
  },
];
