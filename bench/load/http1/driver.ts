/** The default driver: HTTP/1.1 over raw sockets, requests serialised once, every answer checked. */
import { bytes } from '#bench/model/units.ts';
import { ClosedLoop } from '../closed-loop.ts';
import { type LoadDriver, LoadError, type Session } from '../contract.ts';
import { IdleConnections } from '../idle.ts';
import { OpenLoop } from '../open-loop.ts';
import { shareOf } from '../shares.ts';
import { type Dialogue, dialogues } from '../slot.ts';
import { Dialer } from '../socket/dialer.ts';
import { BodySample, HttpDialogue } from './answer.ts';
import { type HttpTraffic, serializeRequest } from './request.ts';

/** What an idle connection has asked before it fell silent. */
const homepage = {
  request: { method: 'GET', path: '/', headers: [], bodyBytes: bytes(0) },
  connection: 'keep-alive',
} satisfies Partial<HttpTraffic>;

export const driver = {
  name: 'http1',
  supports: (traffic, loop) =>
    (traffic.kind === 'http' && traffic.http2 === undefined) ||
    (traffic.kind === 'idle' && traffic.protocol === 'http' && loop.kind === 'closed'),
  async open(job, recorder, fail) {
    const { traffic, loop } = job;
    if (traffic.kind === 'idle') {
      const sample = new BodySample();
      const request = serializeRequest(job, { ...homepage, tls: traffic.tls });
      const dialogue = (): Dialogue => new HttpDialogue(request, { status: 200 }, sample);
      return new IdleConnections(dialogue, job, await Dialer.to(job, traffic.tls, recorder), recorder);
    }
    if (traffic.kind !== 'http') throw new LoadError(`driver http1 cannot drive ${traffic.kind}; take driver tcp`);
    const request = serializeRequest(job, traffic);
    const sample = new BodySample(job.bodyChecksum);
    const isForeign = job.bodyChecksum === null;
    const exchange = dialogues({
      perRequest: traffic.connection === 'per-request',
      timeout: job.timeouts.response,
      dialogue: () => new HttpDialogue(request, traffic.expect, sample, isForeign),
    });
    const dialer = await Dialer.to(job, traffic.tls, recorder);
    const session: Session =
      loop.kind === 'closed'
        ? new ClosedLoop(exchange, shareOf(loop.connections, job.shard), dialer, recorder)
        : new OpenLoop(exchange, job, loop, { dialer, recorder, fail });
    return Object.assign(session, { bodiesChecked: () => sample.checked });
  },
} satisfies LoadDriver;
