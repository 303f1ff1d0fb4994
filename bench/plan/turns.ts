/** How long subjects take turns, and how many of them are alive at once. Measured on a two-core host; `bench/run/README.md` has the figures. */
import { isCapped } from './capped.ts';
import type { LoadJob } from '#bench/model/load.ts';
import { type Scenario, usesHttp2 } from '#bench/model/scenario.ts';
import type { PlannedTrial } from './generations.ts';

/** Milliseconds. A closed loop discards nothing: what a switch costs is in every subject's turn alike. */
export const CLOSED_TURN = { length: 60, discard: 0 } as const;
/** The first answers after a switch find cold caches and sleeping cores: they are in no histogram. */
export const OPEN_TURN = { length: 100, discard: 10 } as const;
/** Turns before the first that counts: until a subject's cost falls no more, within these bounds. */
export interface WarmTurns {
  readonly least: number;
  readonly most: number;
}
/** A fresh process: Node compiles what is hot for about ten turns, native ones are as cheap as they get after two. */
const COLD: WarmTurns = { least: 4, most: 9 };
/** Over HTTP/2 there is twice as much to compile: on Node a request costs half as much after about eighteen turns as after eight. */
const COLD_HTTP2: WarmTurns = { least: 16, most: 28 };
/** Direct, whose origin all share, and open loops, which come to processes that closed loops have warmed. */
const WARMED: WarmTurns = { least: 1, most: 1 };

export const warmTurnsOf = ({
  scenario: { loop, traffic },
  subject,
}: Pick<PlannedTrial, 'scenario' | 'subject'>): WarmTurns => {
  if (subject.kind === 'direct' || loop.kind === 'paced') return WARMED;
  return usesHttp2(traffic) ? COLD_HTTP2 : COLD;
};

/** Whether load can go round in turns: memory of idle connections, streams beside the load and capped targets need time to themselves. */
export const takesTurns = (scenario: Scenario, driver: LoadJob['driver']): boolean =>
  scenario.traffic.kind !== 'idle' &&
  scenario.second === undefined &&
  !isCapped(scenario) &&
  (driver !== 'autocannon' || scenario.traffic.kind !== 'http' || usesHttp2(scenario.traffic));
