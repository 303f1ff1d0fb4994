/** Plain bytes: ping-pong, bulk transfers, idle connections. */
import { ClosedLoop } from '../closed-loop.ts';
import { type LoadDriver, LoadError } from '../contract.ts';
import { IdleConnections } from '../idle.ts';
import { OpenLoop } from '../open-loop.ts';
import { shareOf } from '../shares.ts';
import { dialogues } from '../slot.ts';
import { Dialer } from '../socket/dialer.ts';
import { BulkTransfers } from './bulk.ts';
import { EchoDialogue } from './echo.ts';

export const driver = {
  name: 'tcp',
  supports: (traffic, loop) => {
    if (traffic.kind === 'tcp-echo') return true;
    const silent = traffic.kind === 'idle' && traffic.protocol === 'tcp';
    return (traffic.kind === 'tcp-bulk' || silent) && loop.kind === 'closed';
  },
  async open(job, recorder, fail) {
    const { traffic, loop, shard, timeouts } = job;
    const dialer = await Dialer.to(job, traffic.kind === 'idle' ? traffic.tls : 'none', recorder);
    if (traffic.kind === 'tcp-bulk') return new BulkTransfers(traffic.transferBytes, job, dialer, recorder);
    if (traffic.kind === 'idle') return new IdleConnections(() => new EchoDialogue(1), job, dialer, recorder);
    if (traffic.kind !== 'tcp-echo') throw new LoadError(`driver tcp cannot drive ${traffic.kind}; take driver http1`);
    const exchange = dialogues({
      perRequest: false,
      timeout: timeouts.response,
      dialogue: () => new EchoDialogue(traffic.messageBytes),
    });
    return loop.kind === 'closed'
      ? new ClosedLoop(exchange, shareOf(loop.connections, shard), dialer, recorder)
      : new OpenLoop(exchange, job, loop, { dialer, recorder, fail });
  },
} satisfies LoadDriver;
