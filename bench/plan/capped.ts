/**
 * What may be sent to a target that is not ours. A closed loop sends as fast as it is answered, so none of those is for it; each shape
 * that one declared path, or an echo, can carry has a twin here that is an open loop at a rate below the target's cap. All subjects
 * that can carry a twin are offered the same.
 */
import type { Scenario } from '#bench/model/scenario.ts';
import { perSecond } from '#bench/model/units.ts';
import { SCENARIOS } from './scenarios.ts';

/** The kinds of target, each with the shapes that it can carry; the first is driven where none was chosen. */
const SHAPES = {
  http: ['http-small', 'http-new-connection'],
  https: ['tls-keepalive', 'tls-full-handshake', 'tls-resumed'],
  tcp: ['tcp-echo'],
} as const;
export type TargetKind = keyof typeof SHAPES;

/** Of the cap: the rest is room to make up for a stall without waiting for the cap itself, which would be measured with it. */
const SHARE = 0.95;
/** Connections where nothing is known of the target: a stall of 0.17 s at 760 requests a second finds one free. */
const USUAL_CONNECTIONS = 128;
/** So many a target is spread over at most, and by the user's own wish. */
export const MOST_CONNECTIONS = 4_000;
/** Answers take longer under load than one by one. */
const HEADROOM = 2;

export const isCapped = ({ loop }: Pick<Scenario, 'loop'>): boolean => loop.kind === 'open';

/** The twins of those among `chosen` that targets of these kinds can carry; of a kind's first shape, where none of its was chosen. */
export function cappedScenarios(
  chosen: readonly string[],
  kinds: ReadonlySet<TargetKind>,
  maxRate: number,
  connections: number = Math.min(USUAL_CONNECTIONS, Math.ceil(maxRate * SHARE)),
): Scenario[] {
  const wanted = new Set<string>(
    [...kinds].flatMap((kind) => {
      const shapes: readonly string[] = SHAPES[kind];
      const own = shapes.filter((shape) => chosen.includes(shape));
      return own.length > 0 ? own : shapes.slice(0, 1);
    }),
  );
  const offered = perSecond(maxRate * SHARE);
  // Its figures are the target's own: it has no role among those of what runs here.
  return SCENARIOS.filter(({ name }) => wanted.has(name)).map(({ name, summary, traffic, origin, errorLimit }) => ({
    name: `${name}-capped`,
    summary: `${summary}; at most ${maxRate} a second`,
    axis: 'latency',
    traffic,
    loop: { kind: 'open', connections, offered, arrivals: 'uniform' },
    origin,
    errorLimit,
  }));
}

/**
 * The same with connections enough for a target that takes `latency` milliseconds: by Little's law the rate times the latency are busy at
 * once. `most`: what this host can hold.
 */
export const sizedFor = (scenarios: readonly Scenario[], latency: number, most: number): Scenario[] =>
  scenarios.map((scenario) => {
    if (!isCapped(scenario) || scenario.loop.kind !== 'open') return scenario;
    const busy = Math.ceil(((scenario.loop.offered * latency) / 1_000) * HEADROOM);
    const connections = Math.min(Math.max(scenario.loop.connections, busy), MOST_CONNECTIONS, most);
    return { ...scenario, loop: { ...scenario.loop, connections } };
  });
