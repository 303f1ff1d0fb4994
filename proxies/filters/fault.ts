/** CPU time burnt on purpose: to prove that a measurement sees it. No fault in the intent, nothing in the way. */
import type { Fault } from '../config/intent.ts';

/** Requests over which the proxy's own cost is taken anew: it follows the host, so that the share stays what was asked for. */
const PERIOD = 256;
/** Requests between two looks at what is owed. */
const STEP = 16;
/**
 * Microseconds that are burnt at once, on behalf of all requests since the last time. Some µs on each would cost more than
 * they seem to: what happens before the first look at the clock and after the last one is in no difference of the two.
 */
const BATCH = 200;

export interface Clocks {
  /** Microseconds of CPU that this process has used. */
  readonly cpu: () => number;
  /** Microseconds that have passed. */
  readonly now: () => number;
}

const CLOCKS: Clocks = {
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  now: () => performance.now() * 1_000,
};

let state = 1;
/** About a microsecond that leaves nothing behind: looking at the clock alone would make garbage, collected at others' expense. */
function work(): void {
  let value = state;
  for (let i = 0; i < 1_000; i++) value = Math.imul(value, 1_103_515_245) + 12_345;
  state = value;
}

/**
 * `route`, and as much CPU time as is asked for, as a share of what requests cost the proxy otherwise. Spun against the clock, for a count
 * of turns would depend on the compiler; accounted for by the CPU time that it took, for who is taken off the core burns nothing meanwhile.
 */
export function burning<Request, Decision>(
  route: (request: Request) => Decision,
  { burn = 0 }: Fault = {},
  { cpu, now }: Clocks = CLOCKS,
): (request: Request) => Decision {
  if (burn <= 0) return route;
  let requests = 0;
  let counted = 0;
  let since = cpu();
  /** Of the period; what each request adds to what is owed; and that, below zero after too much. */
  let burnt = 0;
  let share = 0;
  let owed = 0;
  const spin = (): void => {
    const before = cpu();
    const until = now() + owed;
    while (now() < until) work();
    const spent = cpu() - before;
    burnt += spent;
    owed -= spent;
  };
  const settle = (): void => {
    owed += share * requests;
    counted += requests;
    requests = 0;
    if (counted >= PERIOD) {
      const used = cpu() - since;
      share = (burn * Math.max(0, used - burnt)) / counted;
      since += used;
      counted = 0;
      burnt = 0;
    }
    if (owed >= BATCH) spin();
  };
  // What is measured by this still comes out as 12 to 18 % for 10: the proxy's other work costs more beside it, why is not known.
  return (request) => {
    requests += 1;
    if (requests === STEP) settle();
    return route(request);
  };
}
