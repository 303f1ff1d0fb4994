/** What policies go by besides what they are told: both handed in, so that a test decides what time it is and what the dice say. */
import { tellFault } from '../platform/notices.ts';

/** In [0, 1), like `Math.random`. */
export type Random = () => number;

/** Calls off what was to be called; once it was called, nothing. */
export type Cancel = () => void;

export interface Clock {
  /** Milliseconds, never going back. */
  now(): number;
  /** Calls `due` once, `ms` from now at the earliest, never within this call. It keeps no process alive. */
  after(ms: number, due: () => void): Cancel;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after(ms, due) {
    const timer = setTimeout(() => {
      try {
        due();
      } catch (error) {
        tellFault(error); // a policy that fails must not take the proxy with it
      }
    }, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
