/**
 * autocannon as a second, independent closed-loop driver: the cross-check of `http1`, not a substitute. It connects and sends at
 * once, so it starts at the job's start and its connections belong to the warm-up. Its own histogram, rates and result are not
 * used; what its clients tell is recorded by ours (see `client.ts`). No TLS: it never verifies certificates.
 */
import { type LoadDriver, LoadError } from '../contract.ts';
import { BodySample } from '../http1/answer.ts';
import { shareOf } from '../shares.ts';
import { observe } from './client.ts';
import type { Client } from 'autocannon';

/** How soon it notices that it is to stop, in ms. */
const SAMPLE_INT = 25;

export const driver = {
  name: 'autocannon',
  supports: (traffic, loop) =>
    traffic.kind === 'http' && traffic.connection === 'keep-alive' && traffic.tls === 'none' && loop.kind === 'closed',
  async open(job, recorder) {
    const { traffic, loop, target, timeouts, shard } = job;
    if (traffic.kind !== 'http' || !driver.supports(traffic, loop))
      throw new LoadError(
        'driver autocannon drives keep-alive HTTP without TLS in a closed loop only; take driver http1',
      );
    // Only now: it loads a command line with it.
    const { default: autocannon } = await import('autocannon');
    const { method, path, headers, bodyBytes } = traffic.request;
    const host = target.host.includes(':') ? `[${target.host}]` : target.host;

    const sample = new BodySample(job.bodyChecksum);
    const clients: Client[] = [];
    let over: PromiseLike<unknown> | undefined;
    const stop = async (): Promise<void> => {
      for (const client of clients) client.destroy();
      await over;
    };
    return {
      connect: async () => {},
      start() {
        over = autocannon({
          url: `http://${host}:${target.port}${path}`,
          connections: shareOf(loop.connections, shard),
          duration: (job.warmup + job.window) / 1000 + 60, // it is stopped by `stop`
          timeout: Math.max(1, timeouts.response / 1000),
          sampleInt: SAMPLE_INT,
          method,
          headers: Object.fromEntries(headers),
          ...(bodyBytes > 0 && {
            body: 'hopcost upload 0123456789abcdef.'.repeat(bodyBytes / 32 + 1).slice(0, bodyBytes),
          }),
          setupClient(client) {
            clients.push(client);
            observe(client, traffic.expect, sample, recorder);
          },
        });
      },
      finish: stop,
      bodiesChecked: () => sample.checked,
      [Symbol.asyncDispose]: stop,
    };
  },
} satisfies LoadDriver;
