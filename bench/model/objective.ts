/** A service level objective: what must hold at a rate for the rate to count. */
import { z } from 'zod';
import { Micros } from './units.ts';

export const Clause = z.discriminatedUnion('kind', [
  /** 'p99 < 2 ms': a quantile of the service or the response time. */
  z.object({
    kind: z.literal('latency'),
    time: z.enum(['service', 'response']),
    q: z.number().gt(0).lt(1),
    below: Micros,
  }),
  /** 'errors < 0.1 %': failed requests ÷ all that ended. */
  z.object({ kind: z.literal('errors'), below: z.number().gt(0).max(1) }),
]);
export type Clause = z.infer<typeof Clause>;

/**
 * All of them together. Two more always belong to it: the offered rate is carried (at most 1 % is never sent), and without a clause
 * for errors no request may fail.
 */
export const Objective = z.object({ clauses: z.tuple([Clause], Clause) });
export type Objective = z.infer<typeof Objective>;
