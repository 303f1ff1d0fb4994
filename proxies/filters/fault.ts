/** CPU time burnt on purpose: to prove that a measurement sees it. No fault in the intent, nothing in the way. */
import type { Fault } from '../config/intent.ts';
import type { Filter, ImpliedFilter } from './contract.ts';

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
 * As much CPU time as is asked for, as a share of what requests cost the proxy otherwise. Accounted for by the CPU time that the burning
 * took, so that neither the speed of a turn nor who takes the process off its core changes the share.
 */
export class Burn implements Filter {
  readonly #share: number;
  readonly #burner: Burner;
  #requests = 0;
  #since: number;
  /** Microseconds burnt in this period; what each request adds to what is owed; and that, below zero after too much. */
  #burnt = 0;
  #perRequest = 0;
  #owed = 0;
  /** In a microsecond, as they took last time. */
  #turns = 500;

  constructor(share: number, burner: Burner = ownBurner()) {
    this.#share = share;
    this.#burner = burner;
    this.#since = burner.cpu();
  }

  request(): undefined {
    this.#requests++;
    this.#owed += this.#perRequest;
    if (this.#requests === PERIOD) {
      const used = this.#burner.cpu() - this.#since;
      this.#perRequest = (this.#share * Math.max(0, used - this.#burnt)) / PERIOD;
      this.#since += used;
      this.#requests = 0;
      this.#burnt = 0;
    }
    if (this.#owed >= BATCH) this.#settle();
  }

  #settle(): void {
    const { cpu, work } = this.#burner;
    const before = cpu();
    const asked = Math.max(1, Math.round(this.#owed * this.#turns));
    work(asked);
    const spent = cpu() - before;
    this.#turns = asked / Math.max(1, spent);
    this.#burnt += spent;
    this.#owed -= spent;
  }
}

export const filter: ImpliedFilter<Fault> = {
  name: 'fault',
  configuredBy: ({ fault }) => ((fault?.burn ?? 0) > 0 ? fault : undefined),
  create: ({ burn = 0 }) => new Burn(burn),
};
