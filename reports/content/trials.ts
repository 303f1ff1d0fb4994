/** Every trial: what counts in no figure and why, a table of all rounds a scenario, and every column of each where they are few. */
import type { Analysis, TrialRow } from '#bench/analysis/analysis.ts';
import { metric, METRICS, type MetricName } from '#bench/analysis/figures/metrics.ts';
import { counted, integer } from '#bench/analysis/words/quantity.ts';
import {
  type Block,
  type Cell,
  type Column,
  type Fold,
  paragraph,
  type Row,
  type Table,
  type Tone,
} from '../document/tree.ts';
import { allCompleted, leftOutOf } from './left-out.ts';

/** So many are still read line by line. */
const MOST_ROWS = 200;
const TONES: Readonly<Record<TrialRow['state'], Tone>> = { completed: 'good', invalid: 'bad', failed: 'bad' };

/** The trials that count in no figure; a sentence where there are none. */
export function leftOutBlocks(analysis: Analysis): Block[] {
  const out = leftOutOf(analysis.trials);
  if (out.length === 0) return [paragraph(allCompleted(analysis))];
  const count = out.reduce((sum, one) => sum + one.trials, 0);
  return [
    paragraph(
      `${count} of ${counted(analysis.trials.length, 'trial')} ${count === 1 ? 'counts' : 'count'} in no figure, and ${count === 1 ? 'is' : 'are'} kept in the records:`,
    ),
    {
      kind: 'table',
      label: 'trials that count in no figure',
      head: 'Trials',
      columns: [{ title: 'State' }, { title: 'Why' }],
      rows: out.map(({ scenario, subject, rounds, state, codes, trials, note }) => ({
        head: `${scenario} · ${subject} · ${rounds}`,
        cells: [
          { badge: { word: state, tone: TONES[state] } },
          [{ code: codes.join(', ') }, ` ${trials > 1 ? 'the first: ' : ''}${note}`],
        ],
      })),
    },
  ];
}

export function trialsFold(analysis: Analysis): Fold {
  const { trials, run } = analysis;
  const scenarios = run.scenarios.filter(({ name }) => trials.some(({ scenario }) => scenario === name));
  return {
    kind: 'fold',
    id: 'trials',
    title: 'Trials',
    note: `${counted(trials.length, 'trial')}, round by round`,
    blocks: [
      ...leftOutBlocks(analysis),
      ...scenarios.map(({ name, traffic }) =>
        roundsFold(
          name,
          trials.filter(({ scenario }) => scenario === name),
          traffic.kind === 'idle' ? 'memoryPerConnection' : 'cpuPerRequest',
        ),
      ),
      ...(trials.length === 0
        ? []
        : trials.length <= MOST_ROWS
          ? [allTrials(analysis)]
          : [
              paragraph(
                [
                  'Every column of each trial, in the order in which they ran: ',
                  { link: 'trials.csv', to: 'records' },
                  '.',
                ],
                'soft',
              ),
            ]),
    ],
  };
}

/** A row a subject, a column a round. Direct has no hop whose CPU could be read: it stands without a figure. */
function roundsFold(scenario: string, trials: readonly TrialRow[], name: MetricName): Fold {
  const count = Math.max(...trials.map(({ round }) => round)) + 1;
  const subjects = [...Map.groupBy(trials, ({ subject }) => subject)].toSorted(([a], [b]) => a.localeCompare(b));
  const shown = subjects.some(([, own]) => own.some(({ figures }) => figures[name] !== undefined))
    ? name
    : 'throughput';
  const { title, unit } = metric(shown);
  return {
    kind: 'fold',
    title: `${scenario}, round by round`,
    note: `${title}, ${counted(subjects.length, 'subject')} × ${counted(count, 'round')}`,
    blocks: [
      {
        kind: 'table',
        label: `rounds of ${scenario}: ${title}`,
        head: 'Subject',
        columns: Array.from({ length: count }, (_, i) => ({ title: `${i + 1}`, unit })),
        rows: subjects.map(([head, own]) => ({
          head,
          cells: Array.from({ length: count }, (_, round) =>
            roundCell(
              own.findLast((one) => one.round === round),
              shown,
            ),
          ),
        })),
      },
    ],
  };
}

/** Of a round that was measured again, the last. */
function roundCell(trial: TrialRow | undefined, name: MetricName): Cell {
  if (!trial) return null;
  const { state, figures } = trial;
  if (state !== 'completed') return { badge: { word: state, tone: TONES[state] } };
  const value = figures[name];
  return value === undefined ? null : { value };
}

interface Source extends Column {
  readonly cell: (row: TrialRow) => Cell;
}

const figure = (title: string, name: MetricName): Source => ({
  title,
  unit: METRICS[name].unit,
  cell: ({ figures }) => (figures[name] === undefined ? null : { value: figures[name] }),
});
const share = (title: string, of: (row: TrialRow) => number | null): Source => ({
  title,
  unit: 'share',
  cell: (row) => {
    const value = of(row);
    return value === null ? null : { value };
  },
});

const COLUMNS: readonly Source[] = [
  { title: 'Round', cell: ({ round }) => String(round + 1) },
  { title: 'State', cell: ({ state }) => ({ badge: { word: state, tone: TONES[state] } }) },
  { title: 'Limited by', cell: ({ bound }) => bound },
  { title: 'Requests', cell: ({ requests }) => (requests === null ? null : integer(requests)) },
  {
    title: 'Failed',
    cell: ({ failed, failures }) => (failed === null ? null : failures === '' ? String(failed) : failures),
  },
  figure('Throughput', 'throughput'),
  figure('CPU per request', 'cpuPerRequest'),
  figure('Service time p50', 'serviceP50'),
  figure('Response time p99', 'responseP99'),
  share('CPU share: proxy', ({ cpuShare }) => cpuShare.proxy),
  share('origin', ({ cpuShare }) => cpuShare.origin),
  share('generator', ({ cpuShare }) => cpuShare.generator),
  share('Steal', ({ steal }) => steal),
  { title: 'Warnings', cell: ({ codes }) => codes.join(', ') || null },
];

function allTrials({ trials, generations, run: { seed, turns } }: Analysis): Fold {
  const table: Table = {
    kind: 'table',
    label: 'all trials',
    head: 'Trial',
    columns: COLUMNS,
    rows: trials.map((row): Row => ({
      head: `${row.scenario} · ${row.subject}`,
      cells: COLUMNS.map(({ cell }) => cell(row)),
    })),
  };
  return {
    kind: 'fold',
    title: `All ${counted(trials.length, 'trial')}`,
    note: `in the order in which they ran, ${counted(generations, turns ? 'generation' : 'round')} interleaved with seed ${seed}`,
    blocks: [table],
  };
}
