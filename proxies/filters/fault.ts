/** CPU time burnt on every request, on purpose: to prove that a measurement sees it. No fault in the intent, nothing in the way. */
import type { Fault } from '../config/intent.ts';

/** Requests over which the proxy's own cost is taken anew: it follows the host, so that the share stays what was asked for. */
const PERIOD = 256;

function ownMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/**
 * `route` after as much of this thread's time as is asked for, as a share of what a request costs the proxy otherwise. Spun against the
 * clock: a count of turns would depend on the compiler.
 */
export function burning<Request, Decision>(
  route: (request: Request) => Decision,
  { burn = 0 }: Fault = {},
  cpuMicros = ownMicros,
): (request: Request) => Decision {
  if (burn <= 0) return route;
  let requests = 0;
  let since = cpuMicros();
  let millis = 0;
  return (request) => {
    requests += 1;
    if (requests === PERIOD) {
      const now = cpuMicros();
      const own = (now - since) / PERIOD / 1_000 - millis;
      millis = Math.max(0, burn * own);
      since = now;
      requests = 0;
    }
    const until = performance.now() + millis;
    while (performance.now() < until);
    return route(request);
  };
}
