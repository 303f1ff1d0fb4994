/** What is known of a run while it goes on: pure, from the rows of the trials so far. */
import type { TrialRow } from '#bench/analysis/analysis.ts';
import { METRICS, type MetricName } from '#bench/analysis/figures/metrics.ts';
import { formatQuantity } from '#bench/analysis/words/quantity.ts';
import type { EndRecord, KneeWindowRecord, RunRecord } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';

export interface LiveState {
  readonly run: string;
  readonly preset: string;
  readonly state: 'running' | EndRecord['state'];
  readonly done: number;
  /** Trials of the whole plan, windows of a search among them. */
  readonly planned: number;
  /** ISO time of the last record. */
  readonly updated: string;
  readonly columns: readonly string[];
  /** A row a scenario and subject, in the order of the run record; medians over the rounds so far. */
  readonly rows: readonly (readonly string[])[];
  /** The newest trials first. */
  readonly recent: readonly string[];
}

const SHOWN: readonly (readonly [string, MetricName])[] = [
  ['CPU per request', 'cpuPerRequest'],
  ['Throughput', 'throughput'],
  ['Service p50', 'serviceP50'],
  ['Service p99', 'serviceP99'],
  ['Response p99', 'responseP99'],
];
const RECENT = 8;

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
};

/** What a run has measured so far. */
export interface LiveRecords {
  readonly run: RunRecord;
  readonly trials: readonly TrialRow[];
  /** Of a knee search, after the trials. */
  readonly windows: readonly KneeWindowRecord[];
  readonly end?: EndRecord | undefined;
}

/** `planned`: trials and windows; of a search, as many as are usual until it is over. */
export function liveState({ run, trials, windows, end }: LiveRecords, planned: number): LiveState {
  const order = run.scenarios.map(({ name }) => name);
  const groups = Map.groupBy(trials, ({ scenario, subject }) => JSON.stringify([scenario, subject]));
  const rows = [...groups.values()]
    .toSorted(
      (a, b) =>
        order.indexOf(a[0]!.scenario) - order.indexOf(b[0]!.scenario) || a[0]!.subject.localeCompare(b[0]!.subject),
    )
    .map((own) => {
      const completed = own.filter(({ state }) => state === 'completed');
      const out = own.length - completed.length;
      return [
        own[0]!.scenario,
        own[0]!.subject,
        `${completed.length}${out > 0 ? `, ${out} left out` : ''}`,
        ...SHOWN.map(([, name]) => {
          const values = completed.flatMap(({ figures }) => figures[name] ?? []);
          return values.length === 0 ? '–' : formatQuantity(median(values), METRICS[name].unit);
        }),
      ];
    });
  return {
    run: run.run,
    preset: run.preset,
    state: end?.state ?? 'running',
    done: trials.length + windows.length,
    planned,
    updated: end?.finishedAt ?? windows.at(-1)?.trial.startedAt ?? trials.at(-1)?.startedAt ?? run.startedAt,
    columns: ['Scenario', 'Subject', 'Rounds', ...SHOWN.map(([title]) => title)],
    rows,
    recent: [...trials.map(trialLine), ...windows.map(windowLine)].slice(-RECENT).toReversed(),
  };
}

function trialLine({ scenario, subject, round, state, notes }: TrialRow): string {
  const why = state === 'completed' || notes.length === 0 ? '' : `: ${notes.join('; ')}`;
  return `round ${round + 1} · ${scenario} · ${subject} · ${state}${why}`;
}

function windowLine({ trial: { scenario, subject, generation, loop }, outcome }: KneeWindowRecord): string {
  const at = loop?.kind === 'open' ? formatQuantity(loop.offered, '/s') : 'no rate';
  const why = outcome.kind === 'held' ? '' : `: ${outcome.why}`;
  return `window ${generation + 1} · ${scenario} · ${subjectName(subject)} · ${at} · ${outcome.kind}${why}`;
}
