/** CPU time burnt on every request, on purpose: to prove that a measurement sees it. No fault in the intent, nothing in the way. */
import type { Fault } from '../config/intent.ts';

/** `route` after so many microseconds of this thread's time. Spun against the clock: a count of turns would depend on the compiler. */
export function burning<Request, Decision>(
  route: (request: Request) => Decision,
  { burn = 0 }: Fault = {},
): (request: Request) => Decision {
  if (burn <= 0) return route;
  const millis = burn / 1_000;
  return (request) => {
    const until = performance.now() + millis;
    while (performance.now() < until);
    return route(request);
  };
}
