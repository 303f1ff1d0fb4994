/** HTTP/2 over raw sockets: connections × streams, closed and open loop, every answer checked as the HTTP/1.1 driver checks it. */
import { ClosedLoop } from '../closed-loop.ts';
import { type LoadDriver, LoadError, type Session } from '../contract.ts';
import { BodySample } from '../http1/answer.ts';
import { OpenLoop } from '../open-loop.ts';
import { shareOf } from '../shares.ts';
import type { Exchange } from '../slot.ts';
import { Dialer } from '../socket/dialer.ts';
import { Carrier, type CarrierSpec } from './carrier.ts';
import { requestOf } from './request.ts';

const PROTOCOL = 'h2';

export const driver = {
  name: 'http2',
  supports: (traffic) => traffic.kind === 'http' && traffic.http2 !== undefined,
  async open(job, recorder, fail) {
    const { traffic, loop } = job;
    if (traffic.kind !== 'http' || traffic.http2 === undefined)
      throw new LoadError(`driver http2 drives HTTP/2, not ${traffic.kind}; take driver http1 or tcp`);
    if (job.maxRate !== undefined) throw new LoadError('driver http2 keeps to no cap; take driver http1');
    const sample = new BodySample(job.bodyChecksum);
    const perRequest = traffic.connection === 'per-request';
    const spec: CarrierSpec = {
      request: requestOf(job, traffic),
      checks: { expect: traffic.expect, sample, isGrpc: traffic.grpc !== undefined },
      streams: perRequest ? 1 : traffic.http2.streams,
      perRequest,
      timeout: job.timeouts.response,
      protocol: traffic.tls === 'none' ? undefined : PROTOCOL,
    };
    const exchange: Exchange = {
      perRequest,
      timeout: spec.timeout,
      places: (connections, dialer, counts, owner) =>
        Array.from({ length: connections }, () => new Carrier(spec, dialer, counts, owner)).flatMap(
          ({ places }) => places,
        ),
    };
    const dialer = await Dialer.to(job, traffic.tls, recorder, PROTOCOL);
    const session: Session =
      loop.kind === 'closed'
        ? new ClosedLoop(exchange, shareOf(loop.connections, job.shard), dialer, recorder)
        : new OpenLoop(exchange, job, loop, { dialer, recorder, fail });
    return Object.assign(session, { bodiesChecked: () => sample.checked });
  },
} satisfies LoadDriver;
