/** What a request costs at a hop that does nothing with it: CPU time of the kernel and of the event loop, without any other process to be woken. */
import { Ring } from './ring.ts';
import type { MicroSuite } from './suite.ts';

const LANES = 64;
/** The kernel brings CPU time up to date in steps of a few milliseconds: a sample is long enough for that not to show. */
const LONGER = 16;
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
            const before = process.threadCpuUsage();
            await ring.run(times * LONGER, nothing, nothing);
            const { user, system } = process.threadCpuUsage(before);
            return ((user + system) * 1e3) / LONGER;
          },
          [Symbol.asyncDispose]: () => ring[Symbol.asyncDispose](),
        };
      },
    },
  ],
};
