/** The suite itself: it must find the fault of a proxy that has one, tell deviations apart, and leave nothing behind. */
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { cases } from '#bench/conformance/cases/registry.ts';
import { runConformance, type ConformanceOptions } from '#bench/conformance/run.ts';
import type { RuleId } from '#bench/conformance/rules.ts';
import type { ProxyDefinition } from '#proxies/contract.ts';
import { never } from '#test/proxies/sockets.ts';

/** Octets through, nothing looked at: as an L7 proxy it breaks nearly every rule. */
const blind = (layer: 'l4' | 'l7', change: (chunk: Buffer) => Buffer = (chunk) => chunk): ProxyDefinition => ({
  name: 'blind',
  family: 'blind',
  layer,
  summary: 'for this test',
  capabilities: new Set(),
  availability: () => Promise.resolve({ state: 'ready', version: '0' }),
  async start({ clusters }) {
    const { host, port } = clusters[0]!.endpoints[0]!;
    const sockets = new Set<net.Socket>();
    const server = net.createServer({ allowHalfOpen: true }, (client) => {
      const origin = net.connect({ host, port, allowHalfOpen: true });
      for (const [from, to] of [
        [client, origin],
        [origin, client],
      ] as const) {
        sockets.add(from);
        from.on('data', (chunk: Buffer) => to.write(change(chunk)));
        from.on('end', () => to.end());
        // Not where it closes as it should: what was taken from it may still be on its way.
        from.on('error', () => to.destroy());
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
      address: { host: '127.0.0.1', port: (server.address() as net.AddressInfo).port },
      pids: [process.pid],
      nativeConfig: '',
      async [Symbol.asyncDispose]() {
        const closed = new Promise((resolve) => server.once('close', resolve));
        server.close();
        for (const socket of sockets) socket.destroy();
        await closed;
      },
    };
  },
});

const only = (...rules: RuleId[]): ConformanceOptions => ({ cases: cases.filter(({ rule }) => rules.includes(rule)) });
const states = (verdicts: readonly { state: string }[]): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(verdicts, ({ state }) => state)].map(([state, all]) => [state, all.length]));

test('what a blind relay lets through is found at the origin', async () => {
  const rules: RuleId[] = ['bare-lf', 'host-missing', 'host-repeated', 'hop-by-hop', 'nominated', 'te-with-length'];
  const verdicts = await runConformance(blind('l7'), { ...only(...rules), deviations: [] }, never);
  const passed = verdicts.filter(({ state }) => state !== 'failed');
  assert.deepEqual(passed, []);
});

test('a relay of octets keeps the rules of relays; one that changes an octet does not', async () => {
  const verdicts = await runConformance(blind('l4'), only('half-close'), never);
  assert.deepEqual(states(verdicts), { passed: 3 }, JSON.stringify(verdicts));
  const changed = await runConformance(
    blind('l4', (chunk) => Buffer.from(chunk.toString('latin1').replace('octets', 'oktets'), 'latin1')),
    { cases: cases.filter(({ rule, name }) => rule === 'half-close' && name.startsWith('the client')) },
    never,
  );
  assert.equal(changed[0]?.state, 'failed');
});

test('a known deviation is told as such, one that does not occur as healed', async () => {
  const reason = 'known for this test';
  const deviations = [
    { proxies: ['blind'], rule: 'bare-lf', reason },
    { proxies: ['blind'], rule: 'target-8000', reason },
  ] as const;
  const verdicts = await runConformance(blind('l7'), { ...only('bare-lf', 'target-8000'), deviations }, never);
  for (const { rule, state } of verdicts) assert.equal(state, rule === 'bare-lf' ? 'deviating' : 'healed');
  assert.ok(verdicts.every((verdict) => verdict.reason === reason));
});

test('what a proxy cannot do is skipped, what it refuses to start is told', async () => {
  const verdicts = await runConformance(blind('l4'), only('udp-empty', 'sni-absent'), never);
  assert.ok(verdicts.every(({ state, reason }) => state === 'skipped' && reason?.startsWith('it has no ')));
  const broken = { ...blind('l7'), start: () => Promise.reject(new Error('no listener')) };
  const [verdict] = await runConformance(broken, only('target-8000'), never);
  assert.equal(verdict?.state, 'failed');
  assert.equal(verdict?.got, 'no listener');
});

test('an abort ends the suite', async () => {
  const stop = new AbortController();
  const running = runConformance(blind('l7'), { ...only('slow-head'), deviations: [] }, stop.signal);
  stop.abort(new Error('stopped'));
  await assert.rejects(running, /stopped/);
});
