/**
 * What a request costs at a hop that does nothing with it: the kernel's part and the event loop's, without any other process to be woken.
 * Some connection always has something to read, so that the time that passes is CPU time; the kernel's own account has steps of a tick.
 */
import { Ring } from './ring.ts';
import type { MicroSuite } from './suite.ts';

const LANES = 64;
const nothing = (): void => {};

export const suite: MicroSuite = {
  name: 'sockets',
  tasks: [
    {
      name: 'two reads and two writes on loopback, the event loop with them',
      perRequest: 1,
      async open() {
        const ring = await Ring.open(LANES);
        return {
          async measure(times) {
            const start = performance.now();
            await ring.run(times, nothing, nothing);
            return (performance.now() - start) * 1e6;
          },
          [Symbol.asyncDispose]: () => ring[Symbol.asyncDispose](),
        };
      },
    },
  ],
};
