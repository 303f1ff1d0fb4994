/** Clients that leave at any moment: sockets, timers and descriptors go back to where they were, and the heap does not grow. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { backends } from '#backends/registry.ts';
import { generator } from '#test/random.ts';
import type { SoakCase } from './case.ts';
import { dial, get } from './client.ts';
import { startSubject, type Subject } from './subject-process.ts';
import type { Holdings } from './subject.ts';

interface Size {
  readonly requests: Readonly<Record<'l7-http' | 'l4-tcp' | 'l7-tls', number>>;
}

const never = new AbortController().signal;
const loopback = { host: '127.0.0.1', port: 0 };
const clients = 32;
const samples = 5;
/** Kept to the origin on purpose. */
const idle = 4;

const requests = [
  get('/'),
  get('/bytes/100000'),
  get('/bytes/1000000'),
  get('/delay/5'),
  `POST / HTTP/1.1\r\nHost: soak\r\nContent-Length: 70000\r\n\r\n${'x'.repeat(70_000)}`,
  `POST / HTTP/1.1\r\nHost: soak\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
];

/** One connection and up to four requests, each whole, cut or left before its answer. Gives their number. */
async function visit(subject: Subject, random: (below: number) => number): Promise<number> {
  const socket = dial(subject).on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  let sent = 1;
  if (random(8) > 0) {
    await Promise.race([once(socket, subject.tls ? 'secureConnect' : 'connect').catch(() => {}), closed]);
    let answered = true; // as long as it has asked whole questions and listens
    for (sent = 0; sent <= random(4) && socket.writable; sent++) {
      const request = requests[random(requests.length)]!;
      const isWhole = random(2) === 0;
      answered &&= isWhole;
      socket.write(isWhole ? request : request.slice(0, random(request.length)), 'latin1');
      // Sometimes it stays for a part of the answer.
      if (answered && random(2) === 0) await Promise.race([once(socket, 'data').catch(() => {}), closed]);
      if (random(4) === 0) {
        socket.pause();
        answered = false;
      }
    }
  }
  const way = subject.tls ? 2 * random(2) : random(3);
  if (way === 0 || socket.writableEnded) socket.destroy();
  else if (way === 1) socket.resetAndDestroy();
  else {
    socket.end();
    // What is still to come is taken, but not waited for long.
    socket.resume();
    setTimeout(() => socket.destroy(), 20);
  }
  await closed;
  return Math.max(1, sent);
}

/** What is held once the last connection is gone. */
async function rest(subject: Subject): Promise<Holdings> {
  for (;;) {
    const held = await subject.inspect();
    // Connections to the origin that are not idle by intention close a moment after their clients.
    if (held.active === 0 && held.sockets <= idle) return held;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Least squares: bytes of heap per request. */
function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (of: 0 | 1) => points.reduce((sum, point) => sum + point[of], 0) / points.length;
  const [mx, my] = [mean(0), mean(1)];
  const covariance = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0);
  return covariance / points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
}

export const aborts: SoakCase<Size> = {
  name: 'aborts',
  summary: 'random aborts leave no socket, timer or descriptor, and no heap',
  ci: { requests: { 'l7-http': 2_500, 'l4-tcp': 1_500, 'l7-tls': 1_000 } },
  full: { requests: { 'l7-http': 1_000_000, 'l4-tcp': 200_000, 'l7-tls': 100_000 } },
  async run(size) {
    const figures: Record<string, string | number> = {};
    for (const [name, wanted] of Object.entries(size.requests)) {
      await using origin = await backends.get('http-fixed')!.start(loopback, {}, never);
      await using subject = await startSubject(name, [origin.address], {
        stats: true,
        ...(name.startsWith('l7') && { limits: { upstreamIdlePerEndpoint: idle }, timeouts: { linger: 200 } }),
      });
      const random = generator(0x2545f491);
      let done = 0;
      const upTo = async (count: number) => {
        const one = async () => {
          while (done < count) {
            const sent = await visit(subject, random);
            done += sent;
          }
        };
        await Promise.all(Array.from({ length: clients }, one));
        return rest(subject);
      };
      // What is compiled and cached along the way is not growth.
      const warm = Math.min(wanted / 4, 20_000);
      const before = await upTo(warm);
      const heap: [number, number][] = [];
      let after = before;
      for (let sample = 1; sample <= samples; sample++) {
        after = await upTo(warm + (sample * (wanted - warm)) / samples);
        heap.push([done, after.heapBytes + after.bufferBytes]);
      }
      assert.ok(
        after.descriptors <= before.descriptors + idle,
        `${name}: descriptors ${before.descriptors} → ${after.descriptors}`,
      );
      assert.ok(after.timers <= before.timers + 1, `${name}: timers ${before.timers} → ${after.timers}`);
      const perRequest = slope(heap);
      const grown = perRequest * (wanted - warm);
      // 2 MiB is what a collected heap of this size wavers by; anything kept for each request soon exceeds it.
      assert.ok(grown < 2 * 1024 * 1024, `${name}: ${perRequest.toFixed(1)} bytes more with every request`);
      figures[`${name}: requests`] = done;
      figures[`${name}: descriptors`] = `${before.descriptors} → ${after.descriptors}`;
      figures[`${name}: sockets`] = `${before.sockets} → ${after.sockets}`;
      figures[`${name}: timers`] = `${before.timers} → ${after.timers}`;
      figures[`${name}: heap slope, bytes per request`] = perRequest.toFixed(3);
    }
    return figures;
  },
};
