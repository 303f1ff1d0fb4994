/** Event-loop utilisation over the window, of a loop that is asked from outside: the share of time that it was not waiting. */
import type { Probe } from '#bench/model/probe.ts';

/** Cumulative milliseconds, as `performance.eventLoopUtilization()` counts them. */
export interface EventLoopTimes {
  readonly active: number;
  readonly idle: number;
}

/** `read` asks the loop, which may be another process'; both differences are of its own clock, so delays of the answers do not matter. */
export const eventLoopProbe = (read: () => Promise<EventLoopTimes>): Probe<number> => ({
  async attach() {
    let before: Promise<EventLoopTimes> | undefined;
    return {
      begin() {
        before = read();
        before.catch(() => {}); // finish() tells
      },
      async finish() {
        if (!before) throw new Error('event-loop probe: finish() came before begin()');
        const [from, to] = await Promise.all([before, read()]);
        return utilisation(from, to);
      },
      async [Symbol.asyncDispose]() {},
    };
  },
});

export function utilisation(from: EventLoopTimes, to: EventLoopTimes): number {
  const active = to.active - from.active;
  const total = active + to.idle - from.idle;
  return total > 0 ? Math.min(1, Math.max(0, active / total)) : 0;
}
