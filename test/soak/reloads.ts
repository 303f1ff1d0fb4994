/** New intents while requests run, on kept and on new connections: none fails, none is reset. */
import assert from 'node:assert/strict';
import { backends } from '#backends/registry.ts';
import type { ProxyIntent } from '#proxies/config/intent.ts';
import type { SoakCase } from './case.ts';
import { Client, get } from './client.ts';
import { startSubject } from './subject-process.ts';

interface Size {
  readonly reloads: number;
  /** For each proxy. */
  readonly requests: number;
}

const never = new AbortController().signal;
const loopback = { host: '127.0.0.1', port: 0 };

export const reloads: SoakCase<Size> = {
  name: 'reloads',
  summary: 'hot reloads under load: 0 failed, 0 reset',
  ci: { reloads: 5, requests: 2_000 },
  full: { reloads: 25, requests: 100_000 },
  async run({ reloads: wanted, requests }) {
    await using one = await backends.get('http-fixed')!.start(loopback, {}, never);
    await using two = await backends.get('http-fixed')!.start(loopback, {}, never);
    const intents: Partial<ProxyIntent>[] = [one, two].map(({ address }) => ({
      clusters: [{ name: 'origin', endpoints: [address] }],
    }));
    const figures: Record<string, number> = {};
    let seen = 0;
    for (const [name, concurrency] of [
      ['l7-http', 1],
      ['l7-http', 2],
      ['l7-tls', 1],
      ['l4-tcp', 1],
    ] as const) {
      await using subject = await startSubject(name, [one.address], { concurrency });
      let done = 0;
      let connections = 0;
      const load = async (perConnection: number): Promise<void> => {
        while (done < requests) {
          using client = new Client(subject);
          connections++;
          for (let asked = 0; asked < perConnection && done < requests; asked++) {
            const { status, body } = await client.ask(get('/'));
            assert.deepEqual([status, body], [200, 'hopcost\n']);
            done++;
          }
        }
      };
      // Half keep their connection throughout, the others open one for each few requests.
      const loads = [Infinity, Infinity, Infinity, Infinity, 1, 3, 10, 10].map(load);
      let reloaded = 0;
      const reloading = async (): Promise<void> => {
        for (; reloaded < wanted; reloaded++) {
          // Evenly spread over the requests.
          while (done < ((reloaded + 1) * requests) / (wanted + 1))
            await new Promise((resolve) => setImmediate(resolve));
          await subject.reload(intents[(reloaded + 1) % 2]!);
        }
      };
      await Promise.all([...loads, reloading()]);
      assert.equal(reloaded, wanted);
      assert.ok(two.counters().requests > seen, `${name}: no reload took effect`);
      seen = two.counters().requests;
      const label = concurrency === 1 ? name : `${name} on ${concurrency} loops`;
      figures[`${label}: requests`] = done;
      figures[`${label}: connections`] = connections;
    }
    return { ...figures, 'reloads each': wanted, failed: 0, reset: 0 };
  },
};
