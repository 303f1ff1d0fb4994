/** One row a trial, in the order in which they ran; invalid and failed ones too. Times in µs, memory in bytes. */
import { stringify } from 'csv-stringify/sync';
import type { TrialRow } from '#bench/analysis/analysis.ts';
import { METRIC_NAMES } from '#bench/analysis/figures/metrics.ts';
import type { Exporter } from './contract.ts';
import { sixDigits } from './six-digits.ts';

type Cell = string | number | null | undefined;

const COLUMNS: Readonly<Record<string, (row: TrialRow) => Cell>> = {
  scenario: (row) => row.scenario,
  subject: (row) => row.subject,
  round: (row) => row.round,
  position: (row) => row.position,
  startedAt: (row) => row.startedAt,
  state: (row) => row.state,
  bound: (row) => row.bound,
  codes: (row) => row.codes.join(' '),
  notes: (row) => row.notes.join('; '),
  windowMs: (row) => row.windowMs,
  connections: (row) => row.connections,
  offered: (row) => row.offered,
  scheduled: (row) => row.scheduled,
  dropped: (row) => row.dropped,
  requests: (row) => row.requests,
  failed: (row) => row.failed,
  failures: (row) => row.failures,
  scheduleLagP99: (row) => row.scheduleLagP99,
  ...Object.fromEntries(METRIC_NAMES.map((name) => [name, (row: TrialRow): Cell => row.figures[name]])),
  proxyCpuShare: (row) => row.cpuShare.proxy,
  originCpuShare: (row) => row.cpuShare.origin,
  generatorCpuShare: (row) => row.cpuShare.generator,
  steal: (row) => row.steal,
  foreign: (row) => row.foreign,
};

export const trialsCsv: Exporter = {
  format: 'trials-csv',
  file: 'trials.csv',
  render: ({ trials }) =>
    stringify(
      trials.map((row) => Object.values(COLUMNS).map((cell) => sixDigits(cell(row)))),
      // A spreadsheet must not run what came in as a name.
      { header: true, columns: Object.keys(COLUMNS), escape_formulas: true },
    ),
};
