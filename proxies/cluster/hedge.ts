/** Further tries beside one that is still under way: one each `delay`, until somebody has an answer or there are enough. */
import type { Hedge } from '../config/intent.ts';
import { POLICIES } from '../config/policy-defaults.ts';
import type { Cancel, Clock } from './time-and-chance.ts';

/** `launch` starts one more and says whether it could; where it could not, no other is tried. Gives what ends it. */
export function hedge({ delay, most = POLICIES.hedge.most }: Hedge, clock: Clock, launch: () => boolean): Cancel {
  let launched = 0;
  let cancel: Cancel | undefined;
  let isOver = false;
  const later = (): void => {
    cancel = clock.after(delay, () => {
      if (isOver || !launch()) return;
      launched++;
      if (launched < most && !isOver) later();
    });
  };
  if (most > 0) later();
  return () => {
    isOver = true;
    cancel?.();
  };
}
