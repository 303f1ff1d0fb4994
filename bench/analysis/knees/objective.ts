/**
 * What one window of a knee search says of the objective. Held is held; a miss counts as the subject's only where nothing else can
 * have been its cause, else the window says nothing of the subject. Pure.
 *
 * | the objective was missed, and … | the window |
 * | --- | --- |
 * | the subject was saturated | missed |
 * | something else used the host's CPU | disturbed |
 * | generator, origin or the core that they share was saturated, or the CPU quota ran out | limited |
 * | those were beyond their own knee, and busier than the subject | limited |
 * | the generator's own lag is more than a tenth of what was to be held, and in what was missed | limited |
 * | its connections ran out, no time was missed, and the subject was below its knee | limited |
 * | none of these | missed |
 *
 * What this cannot see, direct does: a proxy's knee stands only where direct held at that rate (`knees.ts`).
 */
import type { KneeOutcome, Limiter } from '#bench/model/knee.ts';
import type { Clause, Objective } from '#bench/model/objective.ts';
import type { CompletedTrial, Placement, TrialRecord } from '#bench/model/record.ts';
import type { WarningCode } from '#bench/model/warning.ts';
import { decodeHistogram, type Histogram, quantile, samplesFor } from '#bench/stats/histogram.ts';
import { FOREIGN_LIMIT, KNEE, pressureOf, saturatedOf } from '../verdict/bound.ts';
import { LAG_SHARE, lagOf } from '../verdict/lag.ts';
import { failuresOf } from '../figures/metrics.ts';
import { formatQuantity, percent } from '../words/quantity.ts';

/** Share of the schedule that may go unsent: more, and the rate was not carried. */
const DROPPED_LIMIT = 0.01;

/** Reasons of an invalid trial that a higher rate only makes worse; by any other the window is disturbed. */
const LIMITING: Partial<Record<WarningCode, Limiter>> = {
  'schedule-lag': 'generator',
  'ports-exhausted': 'generator',
  'files-exhausted': 'generator',
};

export function judgeWindow(trial: TrialRecord, objective: Objective, placement: Placement): KneeOutcome {
  switch (trial.state) {
    case 'failed':
      return { kind: 'disturbed', why: trial.error.message };
    case 'invalid': {
      const { load, probes, reasons, subject } = trial;
      // That its connections ran out is weighed below, with what the objective asks.
      if (load && probes && reasons.every(({ code }) => code === 'out-of-connections'))
        return judgeMeasured({ load, probes, subject }, objective, placement);
      const disturbing = trial.reasons.find(({ code }) => LIMITING[code] === undefined);
      const foreign = trial.probes?.host.foreign ?? 0;
      if (foreign > FOREIGN_LIMIT)
        return { kind: 'disturbed', why: `other processes used ${percent(foreign)} of the CPU` };
      if (disturbing) return { kind: 'disturbed', why: disturbing.message };
      const [{ code, message }] = trial.reasons;
      return { kind: 'limited', by: LIMITING[code]!, why: message };
    }
    case 'completed':
      return judgeMeasured(trial, objective, placement);
  }
}

type LatencyClause = Extract<Clause, { kind: 'latency' }>;

/** What was to be held against what was measured; `read` is false where too few requests carry the quantile. */
interface Read {
  readonly of: 'rate' | 'errors' | LatencyClause;
  readonly read: boolean;
  readonly held: boolean;
  readonly words: string;
}

type MeasuredWindow = Pick<CompletedTrial, 'load' | 'probes' | 'subject'>;

function judgeMeasured(trial: MeasuredWindow, objective: Objective, placement: Placement): KneeOutcome {
  const service = decodeHistogram(trial.load.service);
  const all = [carried(trial), ...errors(trial, objective), ...latencies(trial, objective, service)];
  const missed = all.filter(({ held }) => !held);
  if (missed.length === 0) {
    const unread = all.find(({ read }) => !read);
    return unread ? { kind: 'disturbed', why: unread.words } : { kind: 'held' };
  }
  const what = missed.map(({ words }) => words).join('; ');
  const { foreign } = trial.probes.host;
  const others = foreign > FOREIGN_LIMIT ? `, others ${percent(foreign)} of the host` : '';
  return { ...blame(trial, missed, service, placement), why: what + sharesOf(trial) + others };
}

type Blame = { readonly kind: 'missed' | 'disturbed' } | { readonly kind: 'limited'; readonly by: Limiter };

function blame(
  { load, probes, subject }: MeasuredWindow,
  missed: readonly Read[],
  service: Histogram,
  placement: Placement,
): Blame {
  const saturated = saturatedOf(load, probes, placement);
  if (saturated === (subject.kind === 'direct' ? 'origin' : 'proxy')) return { kind: 'missed' };
  if (probes.host.foreign > FOREIGN_LIMIT) return { kind: 'disturbed' };
  if (saturated === 'generator' || saturated === 'origin' || saturated === 'host')
    return { kind: 'limited', by: saturated };
  if (probes.host.throttled > 0) return { kind: 'limited', by: 'host' };
  const pressure = pressureOf(load, probes, placement);
  if (pressure.share > KNEE && pressure.share > (probes.proxy?.cpuShare ?? 0))
    return { kind: 'limited', by: pressure.by };
  const lag = lagOf(load, service);
  const busy = (probes.proxy ?? probes.origin)?.cpuShare ?? 0;
  const isGenerators = ({ of }: Read): boolean => {
    if (of === 'rate') return busy <= KNEE;
    if (of === 'errors' || of.time === 'service' || lag === undefined) return false;
    return lag.at(of.q) > LAG_SHARE * of.below;
  };
  return missed.every(isGenerators) ? { kind: 'limited', by: 'generator' } : { kind: 'missed' };
}

function carried({ load: { scheduled = 0, dropped = 0 } }: MeasuredWindow): Read {
  const share = dropped / Math.max(1, scheduled);
  return {
    of: 'rate',
    read: true,
    held: share <= DROPPED_LIMIT,
    words: `${percent(share)} of the requests found no free connection and were never sent`,
  };
}

/** Without a clause of its own none may fail. */
function errors(trial: MeasuredWindow, { clauses }: Objective): Read[] {
  const failed = failuresOf(trial);
  const ended = failed + trial.load.requests;
  const share = failed / Math.max(1, ended);
  const clause = clauses.find(({ kind }) => kind === 'errors');
  const held = clause ? share < clause.below : failed === 0;
  return [{ of: 'errors', read: true, held, words: `${failed} of ${ended} requests failed` }];
}

const latencies = ({ load }: MeasuredWindow, { clauses }: Objective, service: Histogram): Read[] =>
  clauses.flatMap((clause): Read[] => {
    if (clause.kind !== 'latency') return [];
    const { time, q, below } = clause;
    const histogram = time === 'service' ? service : load.response && decodeHistogram(load.response);
    const nanos = histogram && quantile(histogram, q);
    if (nanos === undefined) {
      const words = `${histogram?.totalCount ?? 0} requests carry no ${quantileName(clause)} (needs ${samplesFor(q)})`;
      return [{ of: clause, read: false, held: true, words }];
    }
    const micros = nanos / 1e3;
    return [
      {
        of: clause,
        read: true,
        held: micros < below,
        words: `${quantileName(clause)} ${formatQuantity(micros, 'µs')}`,
      },
    ];
  });

/** '; CPU of their cores: proxy 61 %, origin 38 %, generator 55 %' */
function sharesOf({ probes: { proxy, origin, generator } }: MeasuredWindow): string {
  const listed = Object.entries({ proxy, origin, generator }).flatMap(([party, reading]) =>
    reading ? [`${party} ${percent(reading.cpuShare)}`] : [],
  );
  return `; CPU of their cores: ${listed.join(', ')}`;
}

/** Microseconds at a clause's quantile, as the window was judged by it; undefined where it was not or cannot be read. */
export function readClause(load: MeasuredWindow['load'], { time, q }: LatencyClause): number | undefined {
  const encoded = load[time];
  const nanos = encoded === undefined ? undefined : quantile(decodeHistogram(encoded), q);
  return nanos === undefined ? undefined : nanos / 1e3;
}

/** 'p99', 'response p99.9' */
export const quantileName = ({ time, q }: Pick<LatencyClause, 'time' | 'q'>): string =>
  `${time === 'response' ? 'response ' : ''}p${Number((100 * q).toFixed(6))}`;

/** 'p99 < 2 ms, errors < 0.1 %' */
export const describeObjective = ({ clauses }: Objective): string =>
  clauses
    .map((clause) =>
      clause.kind === 'errors'
        ? `errors < ${Number((100 * clause.below).toFixed(6))}\u00a0%`
        : `${quantileName(clause)} < ${duration(clause.below)}`,
    )
    .join(', ');

/** As typed, not as measured: '2 ms', not '2 000 µs'. */
function duration(micros: number): string {
  const [size, unit] = micros >= 1e6 ? [1e6, 's'] : micros >= 1e3 ? [1e3, 'ms'] : [1, 'µs'];
  return `${Number((micros / size).toPrecision(6))}\u00a0${unit}`;
}

/** Requests that a window must have for every quantile of the objective, even where a Poisson schedule falls five deviations short. */
export function samplesOf({ clauses }: Objective): number {
  const most = Math.max(1, ...clauses.map((clause) => (clause.kind === 'latency' ? samplesFor(clause.q) : 1)));
  return Math.ceil(((5 + Math.sqrt(25 + 4 * most)) / 2) ** 2);
}
