/**
 * What an L7 hop does that an L4 hop does not, with this run's own figures: L4 as measured, what the micro-benchmarks say of the parts
 * that only L7 has, the rest that neither explains, and TLS on top.
 */
import type { Analysis, Estimate } from '#bench/analysis/analysis.ts';
import { formatQuantity } from '#bench/analysis/quantity.ts';
import { keepAlive, REFERENCES } from '#bench/analysis/between.ts';

export interface Part {
  readonly name: string;
  readonly kind: 'measured' | 'micro-benchmark' | 'rest' | 'difference';
  /** Microseconds of CPU per request; of a total, the whole of it. */
  readonly micros: number;
  readonly isTotal: boolean;
  readonly words: string;
}

export interface Decomposition {
  readonly scenario: string;
  readonly l4: Estimate;
  readonly l7: Estimate;
  /** Of the L4 hop's CPU time, the part in the kernel, 0–1; null where the split was not read. */
  readonly l4System: number | null;
  readonly tls: { readonly subject: string; readonly scenario: string; readonly estimate: Estimate } | null;
  readonly parts: readonly Part[];
  /** Of what L7 costs over L4, how much the parts explain, 0–1; null where there is nothing to explain. */
  readonly explained: number | null;
}

/** The suites that are work of a hop, and of none but L7; the generator's own are not. */
const WORK: Readonly<Record<string, string>> = {
  http: 'heads, read and reissued',
  routing: 'the route',
  cluster: 'endpoint and connection',
};

/** A part may be a few nanoseconds. */
export const formatPart = (micros: number): string =>
  Math.abs(micros) < 1 ? formatQuantity(micros * 1e3, 'ns') : formatQuantity(micros, 'µs');

/** Undefined where L4 or L7 of the reference family has no CPU per request in this run. */
export function decompose({ scenarios, comparisons, ledger }: Analysis): Decomposition | undefined {
  const plain = keepAlive(
    scenarios.map(({ scenario }) => scenario),
    false,
  );
  const of = (subject: string) =>
    scenarios.find(({ scenario }) => scenario.name === plain)?.subjects.find((one) => one.subject === subject)?.metrics;
  const [l4, l7] = [of(REFERENCES.l4)?.cpuPerRequest, of(REFERENCES.l7)?.cpuPerRequest];
  const system = of(REFERENCES.l4)?.cpuSystemPerRequest;
  if (plain === undefined || !l4 || !l7) return undefined;
  const work = ledger
    .filter(({ suite, nanosPerRequest }) => Object.hasOwn(WORK, suite) && nanosPerRequest > 0)
    .map(({ suite, nanosPerRequest, lines }): Part => ({
      name: WORK[suite]!,
      kind: 'micro-benchmark',
      micros: nanosPerRequest / 1e3,
      isTotal: false,
      words: lines
        .filter(({ perRequest }) => perRequest > 0)
        .map(({ task }) => task)
        .join(', '),
    }));
  const explained = work.reduce((sum, { micros }) => sum + micros, 0);
  const over = l7.value - l4.value;
  const tls = comparisons.find(
    ({ name, metric, reference }) =>
      name === 'TLS added' && metric === 'cpuPerRequest' && reference.subject === REFERENCES.l7,
  );
  return {
    scenario: plain,
    l4,
    l7,
    l4System: system && l4.value > 0 ? Math.min(1, system.value / l4.value) : null,
    tls: tls ? { ...tls.subject, estimate: tls.estimate } : null,
    explained: over > 0 && work.length > 0 ? Math.min(1, explained / over) : null,
    parts: [
      {
        name: 'L4 hop',
        kind: 'measured',
        micros: l4.value,
        isTotal: true,
        words: 'moves octets between two sockets, reads none',
      },
      ...work,
      {
        name: work.length > 0 ? 'the rest of L7' : 'all that L7 adds',
        kind: 'rest',
        micros: over - explained,
        isTotal: false,
        words:
          'what no micro-benchmark covers: two message streams instead of one of octets, their state, timers, more work for the garbage collector',
      },
      { name: 'L7 hop', kind: 'measured', micros: l7.value, isTotal: true, words: 'reads, decides, reissues' },
      ...(tls
        ? [
            {
              name: 'TLS records',
              kind: 'difference' as const,
              micros: tls.estimate.value,
              isTotal: false,
              words: 'decrypting requests, encrypting answers',
            },
            {
              name: 'L7 hop with TLS',
              kind: 'measured' as const,
              micros: l7.value + tls.estimate.value,
              isTotal: true,
              words: 'the same behind a TLS listener',
            },
          ]
        : []),
    ],
  };
}
