/** CPU time burnt on purpose: to prove that a measurement sees it. No fault in the intent, nothing in the way. */
import type { Fault } from '../config/intent.ts';

/** Requests over which the proxy's own cost is taken anew: it follows the host, so that the share stays what was asked for. */
const PERIOD = 256;
/**
 * Microseconds that are burnt at once, on behalf of all requests since the last time. Some µs on each would cost more than
 * they seem to: what happens before the first look at the clock and after the last one is in no difference of the two.
 */
const BATCH = 200;

export interface Burner {
  /** Microseconds of CPU that this process has used. */
  readonly cpu: () => number;
  /** Takes time in proportion to the number of turns, one at least. */
  readonly work: (turns: number) => unknown;
}

/** What is used of it: only the browser's types declare it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: { readonly work: Burner['work'] } };
};

/**
 * A loop of one multiplication and one addition a turn; what they come to is its result. In WebAssembly, for a loop in JavaScript takes
 * one to five times as long, by how the compiler happens to hold its variables, and may leave garbage that is collected at others' expense.
 */
const LOOP = Uint8Array.from(
  [
    [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // '\0asm', version 1
    [0x01, 0x06, 0x01, 0x60, 0x01, 0x7f, 0x01, 0x7f], // type 0: i32 → i32
    [0x03, 0x02, 0x01, 0x00], // function 0 is of type 0
    [0x06, 0x06, 0x01, 0x7f, 0x01, 0x41, 0x01, 0x0b], // global 0: an i32 that changes, 1
    [0x07, 0x08, 0x01, 0x04, 0x77, 0x6f, 0x72, 0x6b, 0x00, 0x00], // export 'work': function 0
    [0x0a, 0x22, 0x01, 0x20, 0x00], // its code, no locals
    [0x03, 0x40], // loop
    [0x23, 0x00, 0x41, 0xed, 0x9c, 0x99, 0x8e, 0x04, 0x6c], //   global 0 × 1,103,515,245
    [0x41, 0xb9, 0xe0, 0x00, 0x6a, 0x24, 0x00], //   + 12,345 → global 0
    [0x20, 0x00, 0x41, 0x01, 0x6b, 0x22, 0x00, 0x0d, 0x00], //   turns − 1 → turns; again unless it is 0
    [0x0b, 0x23, 0x00, 0x0b], // end; global 0
  ].flat(),
);

/** This process's own. */
export function ownBurner(): Burner {
  return {
    work: new WebAssembly.Instance(new WebAssembly.Module(LOOP)).exports.work,
    cpu: () => {
      const { user, system } = process.cpuUsage();
      return user + system;
    },
  };
}

/**
 * `route`, and as much CPU time as is asked for, as a share of what requests cost the proxy otherwise. Accounted for by the CPU time
 * that the burning took, so that neither the speed of a turn nor who takes the process off its core changes the share.
 */
export function burning<Request, Decision>(
  route: (request: Request) => Decision,
  { burn = 0 }: Fault = {},
  burner?: Burner,
): (request: Request) => Decision {
  if (burn <= 0) return route;
  const { cpu, work } = burner ?? ownBurner();
  let requests = 0;
  let since = cpu();
  /** Of the period; what each request adds to what is owed; and that, below zero after too much. */
  let burnt = 0;
  let share = 0;
  let owed = 0;
  /** In a microsecond, as they took last time. */
  let turns = 500;
  const settle = (): void => {
    const before = cpu();
    const asked = Math.max(1, Math.round(owed * turns));
    work(asked);
    const spent = cpu() - before;
    turns = asked / Math.max(1, spent);
    burnt += spent;
    owed -= spent;
  };
  return (request) => {
    requests += 1;
    owed += share;
    if (requests === PERIOD) {
      const used = cpu() - since;
      share = (burn * Math.max(0, used - burnt)) / PERIOD;
      since += used;
      requests = 0;
      burnt = 0;
    }
    if (owed >= BATCH) settle();
    return route(request);
  };
}
