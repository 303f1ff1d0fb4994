/**
 * Runs that nobody measured, of turns, on a host that drifts: each run meets a host of its own speed, which changes further from round to round;
 * each start of a process is off by its own amount, and each subject by one more that all generations of a run have in common.
 */
import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import type { EncodedHistogram } from '#bench/model/load.ts';
import type { CompletedTrial, RunRecords, SubjectRecord, Turn } from '#bench/model/record.ts';
import type { Subject } from '#bench/model/scenario.ts';
import { micros, millis, perSecond } from '#bench/model/units.ts';
import { mulberry32 } from '#proxies/platform/random.ts';
import { syntheticRun, TRUTHS } from '#test/reports/synthetic-run.ts';
import { normals } from '../../stats/normals.ts';
import { proxies } from '#proxies/registry.ts';
import { subjectRecord } from '#test/bench/subject-record.ts';

export interface DriftingOptions {
  readonly seed: number;
  readonly generations?: number;
  readonly rounds?: number;
  /** Proxy → microseconds of CPU per request. */
  readonly costs?: Readonly<Record<string, number>>;
  /** How much slower all is than on the host at its best: drawn up to 1.5 where absent. */
  readonly host?: number;
  /** Standard deviations, relative, of a start of a process, of a run in one subject, and of a turn. */
  readonly start?: number;
  readonly run?: number;
  readonly turn?: number;
}

export const COSTS = {
  'l4-tcp': 8.6,
  'l7-http': 18.2,
  'haproxy-http': 17.8,
  'nginx-http': 17.4,
  'envoy-http': 41,
} as const;
const ORIGIN = 9.2;
const GENERATOR = 10.6;
const ANSWERED = 3_000;

const proxy = (name: string): Subject => ({ kind: 'proxy', name });

/** What a trial holds besides its turns, which nothing here is about. */
const TEMPLATE = syntheticRun({ rounds: 1, scenarios: ['http-small'], subjects: TRUTHS.slice(0, 3), mishaps: false });
const SERVICE = ((): EncodedHistogram => {
  const histogram = build({ highestTrackableValue: 60e9, numberOfSignificantValueDigits: 3, bitBucketSize: 32 });
  for (let i = 1; i <= 100; i++) histogram.recordValueWithCount(1e6 + i * 1e3, 100);
  return encodeIntoCompressedBase64(histogram) as EncodedHistogram;
})();

function templateOf(kind: Subject['kind']): CompletedTrial {
  const found = TEMPLATE.trials.find(({ subject }) => subject.kind === kind);
  if (found?.state !== 'completed') throw new Error(`expected a completed trial of ${kind}`);
  return found;
}

export function driftingRun({
  seed,
  generations = 6,
  rounds = 7,
  costs = COSTS,
  host: asked,
  start = 0.02,
  run = 0.007,
  turn = 0.03,
}: DriftingOptions): RunRecords {
  const [random, normal] = [mulberry32(seed), normals(seed + 1_000_003)];
  const host = asked ?? 1.5 ** random();
  const off = (sd: number): number => Math.exp(sd * normal());
  const subjects = [
    { subject: { kind: 'direct' } as Subject, cost: 0 },
    ...Object.entries(costs).map(([name, cost]) => ({ subject: proxy(name), cost: cost * off(run) })),
  ];
  const trials = Array.from({ length: generations }, (_, generation) => {
    const starts = subjects.map(({ cost }) => cost * off(start));
    const drifts = Array.from({ length: rounds }, () => host * Math.exp(0.2 * (random() - 0.5)));
    return subjects.map(({ subject }, position): CompletedTrial => ({
      ...templateOf(subject.kind),
      subject,
      generation,
      position,
      load: { ...templateOf(subject.kind).load, service: SERVICE },
      turns: drifts.map((drift, round) => turnOf(round, starts[position]! * drift * off(turn), drift * off(turn))),
    }));
  }).flat();
  const [direct, , l7] = TEMPLATE.subjects;
  return {
    ...TEMPLATE,
    run: {
      ...TEMPLATE.run,
      run: `run-${seed}`,
      rounds: generations,
      turns: { rounds, closed: millis(60), open: millis(100), discard: millis(10) },
    },
    subjects: subjects.map(({ subject }): SubjectRecord =>
      subject.kind === 'direct'
        ? direct!
        : // A peer has files of its own, which stay what they are; ours are of the revision.
          subjectRecord(
            subject.name,
            proxies.get(subject.name)!.isReference
              ? { version: l7!.version, nativeConfig: l7!.nativeConfig }
              : {
                  version: `${subject.name} 1.2.3`,
                  proven: { binary: subject.name, configs: [subject.name] },
                },
          ),
    ),
    trials,
  };
}

/** `proxy`: microseconds a request, 0 for direct. `drift`: of what the others of the turn cost. */
function turnOf(round: number, proxyCpu: number, drift: number): Turn {
  const [origin, generator] = [ORIGIN * drift, GENERATOR * drift];
  return {
    round,
    at: millis(round * 500),
    took: millis(60),
    answered: ANSWERED,
    failed: 0,
    rate: perSecond(1e6 / Math.max(proxyCpu, origin + generator)),
    cpu: {
      ...(proxyCpu > 0 && { proxy: micros(proxyCpu * ANSWERED) }),
      origin: micros(origin * ANSWERED),
      generator: micros(generator * ANSWERED),
    },
    service: {},
  };
}
