/** A history that nobody measured: seeded runs of known costs. */
import type { HistoryEntry, HistoryLine } from '#bench/model/history.ts';
import { normals } from '#test/bench/stats/normals.ts';

const figure = (value: number) => ({ value, low: value * 0.99, high: value * 1.01, coverage: 0.957, n: 12 });

export interface HistoryShape {
  readonly runs: number;
  readonly seed?: number;
  /** Cost of l7-http relative to the first run. */
  readonly l7?: (run: number) => number;
  /** Name of the host, and how much dearer everything is there. */
  readonly host?: (run: number) => readonly [string, number];
  readonly node?: (run: number) => string;
}

export function historyLines({
  runs,
  seed = 1,
  l7 = () => 1,
  host = () => ['a1', 1],
  node = () => 'v26.10.0',
}: HistoryShape): HistoryLine[] {
  const normal = normals(seed);
  const wobble = (): number => Math.exp(0.01 * normal());
  return Array.from({ length: runs }, (_, run): HistoryLine => {
    const [fingerprint, factor] = host(run);
    const costs = { 'l4-tcp': 8.6 * factor * wobble(), 'l7-http': 18.2 * factor * l7(run) * wobble() };
    const origin = 9.2 * factor * wobble();
    return {
      history: 1,
      run: `run-${run}`,
      at: new Date(Date.UTC(2026, 4, 1 + run)).toISOString(),
      commit: (0xabcdef0123 + run).toString(16),
      dirty: false,
      fingerprint,
      hopcost: '0.1.0',
      node: node(run),
      versions: { 'l4-tcp': node(run), 'l7-http': node(run) },
      rounds: 12,
      duet: false,
      entries: Object.entries(costs).map(([subject, cost]): HistoryEntry => ({
        scenario: 'http-small',
        subject,
        main: true,
        ...(subject === 'l4-tcp' && { isReference: true }),
        cpuPerRequest: figure(cost),
        toOrigin: figure(cost / origin),
        ...(subject === 'l7-http' && { toReference: { reference: 'l4-tcp', ...figure(cost / costs['l4-tcp']) } }),
      })),
    };
  });
}
