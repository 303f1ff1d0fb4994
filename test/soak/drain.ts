/** A drain under load: what is in flight is finished, what is new is refused, and the deadline holds. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { backends } from '#backends/registry.ts';
import type { SoakCase } from './case.ts';
import { Client, dial, get } from './client.ts';
import { startSubject, type Subject } from './subject-process.ts';

interface Size {
  readonly inFlight: number;
  /** Milliseconds until they are answered, and until the drain is cut off. */
  readonly delay: number;
  readonly deadline: number;
}

const never = new AbortController().signal;
const loopback = { host: '127.0.0.1', port: 0 };

/** Resolves once new connections are refused: the drain is told to another process. */
async function refused(subject: Subject): Promise<void> {
  for (;;) {
    const late = dial(subject);
    const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      late.once('connect', () => resolve(undefined)).once('error', resolve);
    });
    late.on('error', () => {}).destroy();
    if (error?.code === 'ECONNREFUSED') return;
  }
}

export const drain: SoakCase<Size> = {
  name: 'drain',
  summary: 'requests in flight are finished, new connections refused, the deadline enforced',
  ci: { inFlight: 100, delay: 300, deadline: 800 },
  full: { inFlight: 4_000, delay: 4_000, deadline: 8_000 },
  async run({ inFlight, delay, deadline }, strict) {
    await using origin = await backends.get('http-fixed')!.start(loopback, {}, never);
    const figures: Record<string, number> = { 'in flight': inFlight };
    for (const name of ['l7-http', 'l7-tls', 'l4-tcp']) {
      await using subject = await startSubject(name, [origin.address], { timeouts: { drain: deadline }, stats: true });
      const before = origin.counters().requests;
      const clients = Array.from({ length: inFlight }, () => new Client(subject));
      const answers = clients.map((client) => client.ask(get(`/delay/${delay}`, 'Connection: close\r\n')));
      // One that would never end.
      const stuck = dial(subject).on('error', () => {});
      stuck.write('GET /delay/600000 HTTP/1.1\r\nHost: soak\r\n\r\n');
      const stuckClosed = once(stuck, 'close');
      stuck.resume();
      while (origin.counters().requests < before + inFlight + 1) await new Promise((resolve) => setImmediate(resolve));
      const from = performance.now();
      const drained = subject.drain();
      for (const answer of await Promise.all(answers)) assert.equal(answer.status, 200);
      await refused(subject);
      await drained;
      const took = performance.now() - from;
      await stuckClosed;
      assert.ok(took >= deadline * 0.9, `${name}: done after ${took} ms, before the one that is stuck could end`);
      if (strict) assert.ok(took <= deadline + 1_000, `${name}: drained after ${took} ms`);
      assert.equal((await subject.inspect()).active, 0);
      for (const client of clients) client[Symbol.dispose]();
      figures[`${name}: drained after, ms`] = Math.round(took);
    }
    return { ...figures, 'deadline, ms': deadline };
  },
};
