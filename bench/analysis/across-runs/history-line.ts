/** The records of a run → its line of a history. Pure. */
import type { RunRecords } from '#bench/model/record.ts';
import { HISTORY_VERSION, type HistoryEntry, type HistoryLine } from '#bench/model/history.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { type Estimate, transform } from '#bench/stats/estimate.ts';
import { differencesOf, locate, type Rounds } from '../comparison/comparison.ts';
import { headOf, isDuet } from './head-of-gate.ts';
import { YARDSTICK } from './history.ts';
import type { MetricName } from '../figures/metrics.ts';
import { figuresOnce } from '../figures/figures.ts';
import { isSingle, mainScenarioName } from '../scenarios/roles.ts';

/** What a gate said of the run, where it was one. */
export interface GatedRun {
  /** Commit of base; null outside git. */
  readonly base: string | null;
  readonly metrics: readonly {
    readonly scenario: string;
    readonly subject: string;
    readonly metric: MetricName;
    readonly ratio?: Estimate;
  }[];
}

/** Of a gate's run, head. Subjects without any figure have no entry. */
export function historyLine(records: RunRecords, gate?: GatedRun): HistoryLine {
  const { run, subjects, trials } = headOf(records);
  const figures = figuresOnce(run.scenarios, trials);
  const proxies = subjects.filter(({ layer }) => layer !== 'direct');
  const duet = isDuet(records);
  const yardstick = proxies.find(
    ({ isReference, layer, tls }) => isReference && layer === YARDSTICK.layer && tls === YARDSTICK.tls,
  );
  // The yardstick itself is held against somebody else's proxy, the first by name, so that runs take the same one.
  const peer = proxies
    .filter((one) => one.external === undefined && isSingle(one) && /\d/.test(one.version))
    .filter((one) => !proxies.some(({ isReference, family }) => isReference && family === one.family))
    .map((one) => subjectName(one.subject))
    .toSorted((a, b) => a.localeCompare(b))[0];
  const entries = run.scenarios.flatMap(({ name: scenario, loop }) =>
    proxies.flatMap((record): HistoryEntry[] => {
      const subject = subjectName(record.subject);
      const of = (who: string, metric: MetricName): Rounds => figures(scenario, who).get(metric) ?? new Map();
      const cpu = of(subject, 'cpuPerRequest');
      const to = (metric: MetricName): Estimate | undefined => ratioOf(of(subject, metric), of('direct', metric));
      const name = record === yardstick ? peer : yardstick && subjectName(yardstick.subject);
      const reference = name === undefined ? undefined : ratioOf(cpu, of(name, 'cpuPerRequest'));
      const gated = gate?.metrics.find(
        (one) => one.scenario === scenario && one.subject === subject && one.metric === 'cpuPerRequest',
      )?.ratio;
      // Head and base share a core, direct is alone: what it does in time is not set against it.
      const toDirect = duet
        ? {}
        : present({
            throughput: loop.kind === 'closed' ? to('throughput') : undefined,
            serviceP50: to('serviceP50'),
            serviceP99: to('serviceP99'),
          });
      const entry = present({
        cpuPerRequest: cpu.size === 0 ? undefined : short(levelOf(cpu)),
        toReference: name !== undefined && reference ? { reference: name, ...reference } : undefined,
        toOrigin: ratioOf(cpu, of('direct', 'originCpuPerRequest')),
        toDirect: Object.keys(toDirect).length > 0 ? toDirect : undefined,
        gate: gated && short(gated),
      });
      return Object.keys(entry).length === 0
        ? []
        : [
            {
              scenario,
              subject,
              main: scenario === mainScenarioName(run.scenarios, record.tls),
              ...(record === yardstick && { isReference: true }),
              ...entry,
            },
          ];
    }),
  );
  return {
    history: HISTORY_VERSION,
    run: run.run,
    at: run.startedAt,
    commit: run.revision?.replace(/-dirty$/, '') ?? null,
    dirty: run.revision?.endsWith('-dirty') ?? false,
    ...(gate?.base && { base: gate.base }),
    fingerprint: run.environment.fingerprint,
    hopcost: run.hopcost,
    node: run.environment.node,
    versions: Object.fromEntries(proxies.map(({ subject, version }) => [subjectName(subject), version])),
    rounds: new Set(trials.map(({ generation }) => generation)).size,
    duet,
    entries,
  };
}

/** Over the rounds that have both; undefined where none has. */
function ratioOf(subject: Rounds, by: Rounds): Estimate | undefined {
  const logs = differencesOf('ratio', subject, by);
  const isTurned = subject.turns !== undefined && by.turns !== undefined;
  return logs.length === 0 ? undefined : short(transform(locate(logs, isTurned), Math.exp));
}

const levelOf = (rounds: Rounds): Estimate => locate([...rounds.values()], rounds.turns !== undefined);

/** Six digits: more are noise, and a history is kept for ever. */
function short({ value, low, high, coverage, n }: Estimate): Estimate {
  const six = (x: number): number => Number(x.toPrecision(6));
  return { value: six(value), low: six(low), high: six(high), coverage: six(coverage), n };
}

/** Without what is undefined: a line holds no nulls. */
function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
