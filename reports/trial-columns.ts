/**
 * The trials as one table, a column a field: without what weighs most in them, latency histograms, and with numbers to five digits. Alike
 * figures next to each other pack into a fifth of what the records take. For where the records themselves do not fit.
 */
import type { RunRecords, TrialRecord } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';

type Value = string | number | boolean | null | readonly Value[];

/** Fields that are left out: histograms, and what no figure is made from. */
const LEFT_OUT =
  /^(?:record|subject|load\.(?:service|response|scheduleLag|generatorLag|connectTime|timeline\.latency)|probes\.(?:origin|generator)\.(?:rss|contextSwitches|pids)|.*\.evidence)$/;

const short = (value: unknown): Value => {
  if (Array.isArray(value)) return value.map(short);
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : (value as Value);
};

/** 'load.errors.status' → 3, and so on; lists stay lists. */
function fieldsOf(record: object, path = ''): [string, Value][] {
  return Object.entries(record).flatMap(([key, value]): [string, Value][] => {
    const name = path === '' ? key : `${path}.${key}`;
    if (LEFT_OUT.test(name)) return [];
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return fieldsOf(value as object, name);
    return [[name, short(value)]];
  });
}

const codesOf = (trial: TrialRecord): string[] => {
  if (trial.state === 'failed') return [trial.error.code];
  return (trial.state === 'completed' ? trial.warnings : trial.reasons).map(({ code }) => code);
};

/** JSON: `run`, and `trials` with equally long lists. Subject by subject, so that what is alike stands together. */
export function trialColumns({ run, trials }: RunRecords): string {
  const sorted = trials.toSorted(
    (a, b) =>
      a.scenario.localeCompare(b.scenario) ||
      subjectName(a.subject).localeCompare(subjectName(b.subject)) ||
      a.generation - b.generation,
  );
  const rows = sorted.map((trial) => {
    const { warnings: _, reasons: __, ...rest } = trial as TrialRecord & { warnings?: unknown; reasons?: unknown };
    return new Map<string, Value>([
      ['subject', subjectName(trial.subject)],
      ['codes', codesOf(trial)],
      ...fieldsOf(rest),
    ]);
  });
  const names = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  const columns = Object.fromEntries(names.map((name) => [name, rows.map((row) => row.get(name) ?? null)]));
  return `${JSON.stringify({ run, trials: columns })}\n`;
}
