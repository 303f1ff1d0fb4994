/**
 * Keeps idle cores from halting while subjects are measured. What a core takes to wake from a halt is the hypervisor's (or the power
 * management's) doing, differs from minute to minute, and is larger than a hop; a core that polls instead wakes as fast as one that
 * other work keeps busy. Linux: Documentation/power/pm_qos_interface.rst; cyclictest and tuned's latency-performance profile do the same.
 */
import { closeSync, openSync, writeSync } from 'node:fs';

const DEVICE = '/dev/cpu_dma_latency';
/** Microseconds, as the kernel reads them: one number of 32 bits. */
const NO_LATENCY = 0;

/** What idle cores do meanwhile. */
export interface Awake extends Disposable {
  readonly idle: 'polling' | 'halting';
}

/** Until disposed, or until this process ends, as the system asks. 'halting' where that is not permitted, or not to be had. */
export function keepAwake(device = DEVICE): Awake {
  let held: number | undefined;
  const release = (): void => {
    if (held !== undefined) closeSync(held);
  };
  try {
    held = openSync(device, 'w');
    writeSync(held, new Int32Array([NO_LATENCY]));
    return { idle: 'polling', [Symbol.dispose]: release };
  } catch {
    release();
    return { idle: 'halting', [Symbol.dispose]() {} };
  }
}
