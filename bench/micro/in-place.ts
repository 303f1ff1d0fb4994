/**
 * The same exchange where it runs in a proxy: each half after a read and before a write on a real socket, on 64 connections in turn. What
 * it takes here beyond what it takes over and over is what caches that the kernel has used in between cost it.
 */
import { openLanes } from './lanes.ts';
import { Ring } from './ring.ts';
import type { MicroSuite } from './suite.ts';

const LANES = 64;
const CLOCK_READINGS = 200;
const CLOCK_RUNS = 20;
/** A half that took this many times the median one was interrupted: by another process, or by the garbage collector. */
const INTERRUPTED = 10;

/** Milliseconds that one reading of the clock takes, undisturbed: about one of the two around a piece of code is in its figure. */
function clockCost(): number {
  const run = (): number => {
    const start = performance.now();
    for (let i = 1; i < CLOCK_READINGS; i++) performance.now();
    return (performance.now() - start) / CLOCK_READINGS;
  };
  return Math.min(...Array.from({ length: CLOCK_RUNS }, run));
}

function uninterruptedMean(halves: readonly number[]): number {
  const sorted = halves.toSorted((a, b) => a - b);
  const most = INTERRUPTED * sorted[Math.floor(sorted.length / 2)]!;
  const whole = sorted.filter((half) => half <= most);
  return whole.reduce((sum, half) => sum + half, 0) / whole.length;
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
        const cost = clockCost();
        return {
          async measure(times) {
            const halves: number[] = [];
            const timed = (half: () => void): void => {
              const start = performance.now();
              half();
              halves.push(performance.now() - start - cost);
            };
            await ring.run(
              times,
              (lane, octets) => timed(() => lanes[lane]!.request(octets)),
              (lane, octets) => timed(() => lanes[lane]!.answer(octets)),
            );
            return uninterruptedMean(halves) * 2 * times * 1e6;
          },
          [Symbol.asyncDispose]: () => ring[Symbol.asyncDispose](),
        };
      },
    },
  ],
};
