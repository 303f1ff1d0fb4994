/** A trial record → the row that lists show: figures instead of histograms. */
import type { TrialRecord } from '#bench/model/record.ts';
import { type Scenario, subjectName } from '#bench/model/scenario.ts';
import { decodeHistogram, quantile } from '#bench/stats/histogram.ts';
import type { TrialRow } from '../analysis.ts';
import { failuresByKind, failureWords } from './failures.ts';
import { failuresOf, METRIC_NAMES, metric, type MetricName, readTrial } from '../figures/metrics.ts';

export function trialRow(trial: TrialRecord, scenario: Scenario | undefined): TrialRow {
  const load = trial.state === 'failed' ? undefined : trial.load;
  const probes = trial.state === 'failed' ? undefined : trial.probes;
  return {
    scenario: trial.scenario,
    subject: subjectName(trial.subject),
    round: trial.generation,
    position: trial.position,
    startedAt: trial.startedAt,
    state: trial.state,
    bound: trial.state === 'completed' ? trial.bound : null,
    ...notesOf(trial),
    windowMs: load?.window ?? null,
    requests: load?.requests ?? null,
    failed: load ? failuresOf({ load }) : null,
    failures: load ? failureWords(failuresByKind(load)) : '',
    scheduled: load?.scheduled ?? null,
    dropped: load?.dropped ?? null,
    offered: load?.offered ?? null,
    connections: load?.connections ?? null,
    scheduleLagP99: load?.scheduleLag === undefined ? null : lagP99(load.scheduleLag),
    generatorLagP99: load?.generatorLag === undefined ? null : lagP99(load.generatorLag),
    figures: scenario ? figuresOf(trial, scenario) : {},
    cpuShare: {
      proxy: probes?.proxy?.cpuShare ?? null,
      origin: probes?.origin?.cpuShare ?? null,
      generator: probes?.generator.cpuShare ?? null,
    },
    steal: probes?.host.steal ?? null,
    foreign: probes?.host.foreign ?? null,
  };
}

function notesOf(trial: TrialRecord): Pick<TrialRow, 'codes' | 'notes'> {
  switch (trial.state) {
    case 'completed':
      return { codes: trial.warnings.map(({ code }) => code), notes: trial.warnings.map(({ message }) => message) };
    case 'invalid':
      return { codes: trial.reasons.map(({ code }) => code), notes: trial.reasons.map(({ message }) => message) };
    case 'failed': {
      const { code, message, detail } = trial.error;
      return { codes: [code], notes: [message, ...(detail === undefined ? [] : [detail])] };
    }
  }
}

const lagP99 = (encoded: string): number | null => {
  const nanos = quantile(decodeHistogram(encoded), 0.99);
  return nanos === undefined ? null : nanos / 1e3;
};

/** An invalid trial's figures are shown as evidence too, where it has them. */
function figuresOf(trial: TrialRecord, scenario: Scenario): Partial<Record<MetricName, number>> {
  if (trial.state === 'failed' || !trial.load || !trial.probes) return {};
  const read = readTrial({
    ...trial,
    state: 'completed',
    load: trial.load,
    probes: trial.probes,
    bound: 'none',
    warnings: [],
  });
  return Object.fromEntries(
    METRIC_NAMES.flatMap((name) => {
      const value = metric(name).of(read, scenario);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
