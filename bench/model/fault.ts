/** Faults as scenarios: what happens to the origins of a cluster, or to the proxy in front of them, at which instant. */
import { z } from 'zod';
import { Millis, PerSecond } from './units.ts';

/** What an origin is told to be like; `backends/contract.ts` says what each of them is. */
const Condition = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['well', 'refusing']) }),
  z.object({ kind: z.literal('failing'), status: z.number().int() }),
  z.object({ kind: z.literal('slow'), factor: z.number().positive() }),
  z.object({ kind: z.literal('cold'), factor: z.number().positive(), over: Millis }),
]);

const origin = z.number().int().nonnegative();

export const FaultAct = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('steer'), origin, condition: Condition }),
  /** Its process ends by SIGKILL: connections break, the port refuses. */
  z.object({ kind: z.literal('kill'), origin }),
  /** At the same port; its first requests may take longer, as those of a process with empty caches do. */
  z.object({ kind: z.literal('start'), origin, condition: Condition.optional() }),
  /** Its process stands still: connections are made and nothing is answered. */
  z.object({ kind: z.literal('pause'), origin }),
  /** Besides, its queue of connections is full: the kernel drops what comes. */
  z.object({ kind: z.literal('black-hole'), origin }),
  /** Goes on after one of the two. */
  z.object({ kind: z.literal('resume'), origin }),
  /** The proxy is handed another intent: the same with other weights. */
  z.object({ kind: z.literal('reload') }),
]);
export type FaultAct = z.infer<typeof FaultAct>;

export const FaultStep = z.object({
  /** Milliseconds since the window began. */
  at: Millis,
  act: FaultAct,
});
export type FaultStep = z.infer<typeof FaultStep>;

export const FaultScenario = z.object({
  name: z.string(),
  summary: z.string(),
  /** Origins of the cluster, alike. */
  origins: z.number().int().positive(),
  /** Of each: requests served at once, and milliseconds that each takes. */
  capacity: z.object({ slots: z.number().int().positive(), service: Millis }),
  /** Requests a second that users send, open loop. */
  offered: PerSecond,
  connections: z.number().int().positive(),
  window: Millis,
  /** When something is wrong: from the first step to where the last one has undone it. Absent: nothing is. */
  trouble: z.object({ from: Millis, to: Millis }).optional(),
  /** The origin in trouble, where it counts what comes to it meanwhile. */
  counted: origin.optional(),
  steps: z.array(FaultStep),
});
export type FaultScenario = z.infer<typeof FaultScenario>;
