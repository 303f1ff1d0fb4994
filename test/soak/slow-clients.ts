/** Clients that drip a request head, byte by byte, and never finish it: all are told off in time, the others hardly notice. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { backends } from '#backends/registry.ts';
import { quantile, type SoakCase } from './case.ts';
import { Client, get } from './client.ts';
import type { Drip, DripReport } from './drip-worker.ts';
import { startSubject, type Subject } from './subject-process.ts';

interface Size {
  readonly clients: number;
  /** Milliseconds that the proxy gives a request head. */
  readonly timeout: number;
}

const never = new AbortController().signal;
const loopback = { host: '127.0.0.1', port: 0 };
const others = 4;

/** Milliseconds of each request, one after the other on `others` connections, until `over`. */
async function serviceTimes(subject: Subject, over: () => boolean): Promise<number[]> {
  const times: number[] = [];
  const one = async () => {
    using client = new Client(subject);
    while (!over()) {
      const from = performance.now();
      assert.equal((await client.ask(get('/'))).status, 200);
      times.push(performance.now() - from);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  await Promise.all(Array.from({ length: others }, one));
  return times;
}

export const slowClients: SoakCase<Size> = {
  name: 'slow-clients',
  summary: 'slow clients are reaped in time, the others keep their latency',
  ci: { clients: 200, timeout: 1_000 },
  full: { clients: 10_000, timeout: 10_000 },
  async run({ clients, timeout }, strict) {
    await using origin = await backends.get('http-fixed')!.start(loopback, {}, never);
    await using subject = await startSubject('l7-http', [origin.address], {
      timeouts: { requestHead: timeout },
      stats: true,
    });
    const until = performance.now() + timeout;
    const alone = await serviceTimes(subject, () => performance.now() > until);
    const job: Drip = { address: subject.address, clients, intervalMs: timeout / 4 };
    // On a thread of its own: its work is not held against the others.
    const drip = new Worker(new URL('./drip-worker.ts', import.meta.url), { workerData: job });
    const exited = once(drip, 'exit');
    let report: DripReport | undefined;
    const reported = once(drip, 'message').then(([message]) => (report = message as DripReport));
    const among = await serviceTimes(subject, () => report !== undefined);
    await reported;
    await exited;
    const { statuses, longestMs, mostOpen } = report!;
    assert.deepEqual(statuses, { 408: clients });
    if (strict) assert.ok(longestMs <= timeout + 1_000, `the last slow client was reaped after ${longestMs} ms`);
    while ((await subject.inspect()).active > 0); // their ends are on the way
    const [p99Alone, p99Among] = [quantile(alone, 0.99), quantile(among, 0.99)];
    return {
      clients,
      'most open at once': mostOpen,
      'longest life, ms': Math.round(longestMs),
      'timeout, ms': timeout,
      'requests of others': among.length,
      'p99 of others alone, ms': p99Alone.toFixed(2),
      'p99 of others among them, ms': p99Among.toFixed(2),
      ratio: (p99Among / p99Alone).toFixed(2),
    };
  },
};
