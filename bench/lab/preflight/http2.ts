/** Rules for whoever carries HTTP/2, in the clear or over TLS. */
import { Http2Client, askHttp2 } from '../http2-client.ts';
import { expect, type PreflightCase } from './case.ts';
import { bodyCases, uploadCase, versionCase } from './http.ts';

/** Requests at once: fewer than any subject allows on a connection. */
const STREAMS = 32;
const WAVES = 4;

export const http2Cases: readonly PreflightCase[] = [
  {
    rule: 'requests at once on one connection are all answered, over connections to the origin that are kept',
    origin: 'http-fixed',
    async run({ target, origin }, signal) {
      using client = new Http2Client(target, signal);
      const before = await origin.counters();
      for (let wave = 0; wave < WAVES; wave++) {
        const paths = Array.from({ length: STREAMS }, (_, i) => ({ path: `/bytes/${i}` }));
        const answers = await Promise.all(paths.map((question) => client.ask(question)));
        for (const [i, { status, body }] of answers.entries())
          expect(
            status === 200 && body.length === i,
            () => `expected 200 and ${i} bytes, got ${status} and ${body.length}`,
          );
      }
      const after = await origin.counters();
      const requests = after.requests - before.requests;
      const connections = after.connections - before.connections;
      expect(requests === WAVES * STREAMS, () => `expected ${WAVES * STREAMS} requests at the origin, got ${requests}`);
      expect(
        connections <= STREAMS,
        () => `${STREAMS} requests at once, ${WAVES} times over, took ${connections} connections to the origin`,
      );
      return `${requests} requests, ${STREAMS} at once, ${connections} new connection(s) to the origin`;
    },
  },
  ...bodyCases(askHttp2),
  {
    rule: 'HEAD has no body and leaves the connection usable',
    origin: 'http-fixed',
    async run({ target }, signal) {
      using client = new Http2Client(target, signal);
      const head = await client.ask({ method: 'HEAD', path: '/bytes/1000' });
      expect(head.status === 200 && head.body.length === 0, () => `got ${head.status} and ${head.body.length} bytes`);
      const next = await client.ask({ path: '/bytes/5' });
      expect(next.status === 200 && next.body.length === 5, () => `the request after it got ${next.body.length} bytes`);
      return 'no body, next request answered';
    },
  },
  uploadCase(askHttp2),
  versionCase(askHttp2),
];
