/** The search for the highest rate at which an objective holds: what one window says, and what all of them say. */
import { z } from 'zod';
import { PerSecond } from './units.ts';

/** What could have been the limit instead of the subject. */
export const Limiter = z.enum(['generator', 'origin', 'host']);
export type Limiter = z.infer<typeof Limiter>;

/** What a window at one rate says of the objective. Each but 'held' says why, with the figures of this case. */
export const KneeOutcome = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('held') }),
  /** By the subject's own doing. */
  z.object({ kind: z.literal('missed'), why: z.string() }),
  /** Something else was at its limit: this window says nothing of the subject, and a higher rate will not either. */
  z.object({ kind: z.literal('limited'), by: Limiter, why: z.string() }),
  /** Something came between (steal, other processes, a process that died): says nothing, and may be repeated. */
  z.object({ kind: z.literal('disturbed'), why: z.string() }),
]);
export type KneeOutcome = z.infer<typeof KneeOutcome>;

/** The windows at one rate that count. */
export const KneeTally = z.object({
  rate: PerSecond,
  held: z.number().int().nonnegative(),
  missed: z.number().int().nonnegative(),
});
export type KneeTally = z.infer<typeof KneeTally>;

export const KneeVerdict = z.discriminatedUnion('state', [
  /** `low` held and `high` was missed, each in as many windows as confirm a rate; the knee lies between them. */
  z.object({
    state: z.literal('found'),
    low: KneeTally,
    high: KneeTally,
    /** They are further apart than one step: at the rates in between, windows went either way. */
    widened: z.boolean(),
  }),
  /** Nothing can be told above `low` (null: nothing at all): at `at` something else was the limit, or the search's scale ends. */
  z.object({
    state: z.literal('beyond'),
    low: KneeTally.nullable(),
    at: PerSecond,
    by: z.enum([...Limiter.options, 'scale']),
  }),
  /** Missed even at the lowest rate that carries the quantiles. */
  z.object({ state: z.literal('never'), high: KneeTally }),
  /** The windows ran out, went either way at the lowest rate, or were disturbed again and again. */
  z.object({
    state: z.literal('unsettled'),
    low: KneeTally.nullable(),
    high: KneeTally.nullable(),
    why: z.enum(['windows', 'either way', 'disturbed']),
  }),
]);
export type KneeVerdict = z.infer<typeof KneeVerdict>;
