/** The default driver: HTTP/1.1 over raw sockets, requests serialised once, every answer checked. */
import { ClosedLoop } from '../closed-loop.ts';
import { type LoadDriver, LoadError } from '../contract.ts';
import { OpenLoop } from '../open-loop.ts';
import { runShard } from '../shard.ts';
import { shareOf } from '../shares.ts';
import type { Exchange } from '../slot.ts';
import { Dialer } from '../socket/dialer.ts';
import { BodySample, HttpAnswer } from './answer.ts';
import { serializeRequest } from './request.ts';

export const driver = {
  name: 'http1',
  supports: (traffic) => traffic.kind === 'http',
  async run(job, live, signal) {
    const { traffic, loop } = job;
    if (traffic.kind !== 'http') throw new LoadError(`driver http1 cannot drive ${traffic.kind}; take driver tcp`);
    const sample = new BodySample();
    const exchange: Exchange = {
      request: serializeRequest(job, traffic),
      perRequest: traffic.connection === 'per-request',
      timeout: job.timeouts.response,
      reader: () => new HttpAnswer(traffic, sample),
    };
    return runShard(job, live, signal, async (recorder) => {
      const dialer = await Dialer.to(job, traffic.tls, recorder);
      return loop.kind === 'closed'
        ? new ClosedLoop(exchange, shareOf(loop.connections, job.shard), dialer, recorder)
        : new OpenLoop(exchange, job, loop, dialer, recorder);
    });
  },
} satisfies LoadDriver;
