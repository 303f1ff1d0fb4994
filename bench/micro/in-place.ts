/**
 * The same exchange where it runs in a proxy: each half after a read and before a write on a real socket, on 64 connections in turn. What
 * it takes here beyond what it takes over and over is what caches that the kernel has used in between cost it.
 */
import { openLanes } from './lanes.ts';
import { Ring } from './ring.ts';
import type { MicroSuite } from './suite.ts';

const LANES = 64;
const CLOCK_READINGS = 1_000;

/** Milliseconds that one reading of the clock takes: about one of the two around a piece of code is in its figure. */
function clockCost(): number {
  const start = performance.now();
  for (let i = 1; i < CLOCK_READINGS; i++) performance.now();
  return (performance.now() - start) / CLOCK_READINGS;
}

export const suite: MicroSuite = {
  name: 'exchange-in-place',
  tasks: [
    {
      name: 'a request and its answer, between socket operations',
      perRequest: 1,
      async open() {
        const ring = await Ring.open(LANES);
        const lanes = openLanes(LANES);
        return {
          async measure(times) {
            let spent = 0;
            const cost = clockCost();
            await ring.run(
              times,
              (lane, octets) => {
                const start = performance.now();
                lanes[lane]!.request(octets);
                spent += performance.now() - start - cost;
              },
              (lane, octets) => {
                const start = performance.now();
                lanes[lane]!.answer(octets);
                spent += performance.now() - start - cost;
              },
            );
            return spent * 1e6;
          },
          [Symbol.asyncDispose]: () => ring[Symbol.asyncDispose](),
        };
      },
    },
  ],
};
