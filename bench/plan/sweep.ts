/** A sweep: the same traffic at several offered rates, one paced scenario a rate, so that every point of the curve has its rounds. */
import type { Loop, Scenario } from '#bench/model/scenario.ts';
import { type Millis, millis, perSecond } from '#bench/model/units.ts';

/** 'percent': of the slowest subject's capacity, found in the same run. 'rate': requests per second. */
export interface SweepPoint {
  readonly kind: 'percent' | 'rate';
  readonly at: number;
}

/** Flat, then the knee: close together where the curve bends. */
export const SWEEP: readonly SweepPoint[] = [10, 20, 35, 50, 65, 80, 90].map((at) => ({ kind: 'percent', at }));

/** An open loop needs requests that are answered one by one on connections that stay: keep-alive HTTP(S), and TCP echo; alone. */
export const canBePaced = ({ traffic, loop, second }: Pick<Scenario, 'traffic' | 'loop' | 'second'>): boolean =>
  loop.kind === 'closed' &&
  second === undefined &&
  (traffic.kind === 'tcp-echo' || (traffic.kind === 'http' && traffic.connection === 'keep-alive'));

/** The scenarios that most are compared in give their points a short name: 'http-paced-50', 'tls-paced-50'. */
const SHORT: Readonly<Record<string, string>> = { 'http-small': 'http', 'tls-keepalive': 'tls' };

const summaryOf = ({ kind, at }: SweepPoint): string =>
  kind === 'rate'
    ? `open loop at ${at}/s`
    : `open loop at ${at === 50 ? 'half' : `${at} %`} of the slowest subject’s capacity`;

export function pacedFrom(base: Scenario, point: SweepPoint): Scenario {
  const { name, role, traffic, origin, upstream, errorLimit } = base;
  const { connections } = base.loop;
  return {
    name: `${SHORT[name] ?? name}-${point.kind === 'rate' ? 'at' : 'paced'}-${point.at}`,
    axis: 'latency',
    ...(role === 'plain' && { role: 'added-latency' }),
    summary: summaryOf(point),
    traffic,
    loop:
      point.kind === 'rate'
        ? { kind: 'open', connections, offered: perSecond(point.at), arrivals: 'poisson' }
        : { kind: 'paced', connections, fraction: point.at / 100, of: name, arrivals: 'poisson' },
    origin,
    ...(upstream !== undefined && { upstream }),
    errorLimit,
  };
}

/** The scenarios and the points of those `over` which the sweep goes; a point that is among the scenarios already stands once. */
export function withSweep(
  scenarios: readonly Scenario[],
  points: readonly SweepPoint[],
  over: readonly Scenario[] = scenarios,
): Scenario[] {
  const added = over.filter(canBePaced).flatMap((base) => points.map((point) => pacedFrom(base, point)));
  const known = new Set(scenarios.map(({ name }) => name));
  return [...scenarios, ...added.filter(({ name }) => !known.has(name))];
}

/** An open loop at one rate over the connections of `base`; whoever drives it judges its errors. */
export function atRate(base: Scenario, offered: number): { readonly scenario: Scenario; readonly loop: Loop } {
  const loop: Loop = {
    kind: 'open',
    connections: base.loop.connections,
    offered: perSecond(offered),
    arrivals: 'poisson',
  };
  return { scenario: { ...base, loop, errorLimit: 1 }, loop };
}

/** No window of a low rate is stretched beyond this. */
export const LONGEST_WINDOW = millis(10_000);

/** The window in which `offered` requests a second make `samples`: `least` where it is long enough for that. */
export const roomyWindow = (offered: number, samples: number, least: Millis): Millis =>
  millis(Math.max(least, Math.min(LONGEST_WINDOW, Math.ceil((1_000 * samples) / offered))));
