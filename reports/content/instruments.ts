/** How far this run's own instruments may be trusted: a known origin, the same subject against itself, other people's tools. */
import type { Analysis, Estimate } from '#bench/analysis/analysis.ts';
import { type CalibrationCheck, figureOf as calibrated, verdictOf } from '#bench/analysis/instruments/calibration.ts';
import { metric, type MetricName } from '#bench/analysis/figures/metrics.ts';
import type { Noise } from '#bench/analysis/comparison/noise.ts';
import { counted, formatQuantity, percent } from '#bench/analysis/words/quantity.ts';
import type { Opinion, SecondOpinion } from '#bench/analysis/instruments/second-opinion.ts';
import type { CalibrationRecord } from '#bench/model/record.ts';
import { figureOf } from '../document/table.ts';
import { type Block, type Cell, type Fold, paragraph, type Row } from '../document/tree.ts';
import { findingsOf } from './findings.ts';

export function instrumentsFold(analysis: Analysis): Fold {
  const said = findingsOf(analysis, 'instruments');
  return {
    kind: 'fold',
    title: 'Instruments',
    note: 'how far they may be trusted',
    blocks: [...(said.items.length > 0 ? [said] : []), ...instrumentFolds(analysis)],
  };
}

function instrumentFolds({ calibration, noise, secondOpinion }: Analysis): Fold[] {
  return [
    {
      kind: 'fold',
      id: 'calibration',
      title: 'Calibration',
      note: 'what the load driver said of an origin that is known',
      blocks: calibration
        ? calibrationBlocks(calibration)
        : [paragraph('The load driver was not held against a known origin; quick, standard and full do that first.')],
    },
    {
      kind: 'fold',
      id: 'noise-floor',
      title: 'Noise floor',
      note: 'what the same subject differs from itself',
      blocks: noise
        ? noiseBlocks(noise)
        : [paragraph('No subject ran twice in a round; standard and full do that in every scenario.')],
    },
    ...(secondOpinion ? [opinionsFold(secondOpinion)] : []),
  ];
}

function calibrationBlocks(record: CalibrationRecord): Block[] {
  const { checks, wakeups } = record;
  const failed = checks.filter(({ passed }) => !passed).length;
  const outside = `${failed} of ${counted(checks.length, 'check')} lie outside their limits`;
  const verdict = {
    passed: `All ${counted(checks.length, 'check')} lie within their limits.`,
    failed: `${outside}: read this run’s times with that care.`,
    disturbed: `${outside} while others used this host’s CPU: how exact the instruments are cannot be told from them.`,
  }[verdictOf(record)];
  const repeated = checks.some((check) => check.repeated)
    ? ' Some checks were made once more because the host was disturbed.'
    : '';
  const woken = wakeups
    ? ` Meanwhile this host woke a bare thread, without the driver, within ${formatQuantity(wakeups.p50, 'µs')} (p50) and ${formatQuantity(wakeups.p99, 'µs')} (p99).`
    : '';
  return [
    paragraph(`${verdict}${repeated}${woken}`),
    {
      kind: 'table',
      label: 'calibration',
      head: 'Check',
      columns: ['Known', 'Measured', 'Off by', 'Limit', 'Result'].map((title) => ({ title })),
      rows: checks.map(checkRow),
    },
  ];
}

/** Checks are of several units: each stands with its own. */
function checkRow({ name, unit, expected, measured, limit, passed, disturbed }: CalibrationCheck): Row {
  const [word, tone] = passed
    ? (['within', 'good'] as const)
    : disturbed
      ? (['host disturbed', 'quiet'] as const)
      : (['outside', 'bad'] as const);
  return {
    head: name,
    cells: [
      calibrated(expected, unit),
      calibrated(measured, unit),
      calibrated(measured - expected, unit),
      `± ${calibrated(limit, unit)}`,
      { badge: { word, tone }, ...(disturbed && { text: disturbanceWords(disturbed) }) },
    ],
  };
}

const disturbanceWords = ({ steal, foreign, wakeups }: NonNullable<CalibrationCheck['disturbed']>): string =>
  `steal ${percent(steal)}, others ${percent(foreign)}${wakeups === undefined ? '' : `, a bare thread woken ${formatQuantity(wakeups, 'µs')} late (p99)`}`;

/** What people compare; the others are in report.json. */
const SHOWN: readonly MetricName[] = [
  'cpuPerRequest',
  'throughput',
  'serviceP50',
  'serviceP99',
  'responseP50',
  'responseP99',
];

function noiseBlocks({ comparisons, falseAlarms }: Noise): Block[] {
  const ratios = comparisons.filter(({ kind }) => kind === 'ratio');
  const shown = SHOWN.flatMap((name) => ratios.filter((one) => one.metric === name));
  return [
    paragraph(
      `The same subject ran twice in every round, as if it were two (A/A): whatever differs is noise. ${falseAlarms} of ${counted(ratios.length, 'such comparison')} ${falseAlarms === 1 ? 'was' : 'were'} called different. No difference between others is called one where it lies within the noise of its own scenario.`,
    ),
    {
      kind: 'table',
      label: 'noise floor',
      head: 'Figure',
      columns: [
        { title: 'One over the other', unit: 'ratio' },
        { title: 'No smaller difference counts' },
        { title: 'Smallest that would have been seen' },
        { title: 'Verdict' },
        { title: 'Subject, twice' },
        { title: 'Scenario' },
      ],
      rows: shown.map(({ metric: name, subject, reference, estimate, floor, smallest, strength }) => ({
        head: metric(name).title,
        cells: [
          figureOf(estimate),
          relative(floor),
          relative(smallest),
          {
            badge:
              strength === 'claim'
                ? { word: 'called different', tone: 'bad' }
                : { word: 'no difference', tone: 'good' },
          },
          reference.subject,
          subject.scenario,
        ],
      })),
    },
  ];
}

/** A size on the scale of logarithms, as a relative difference; none where so few rounds show none. */
const relative = (size: number): Cell => (Number.isFinite(size) ? `± ${percent(Math.expm1(size))}` : null);

const opinionsFold = ({ targets, missing, host, disturbed }: SecondOpinion): Fold => ({
  kind: 'fold',
  id: 'second-opinions',
  title: 'Second opinions',
  note: 'what other load tools say of the same target',
  blocks: [
    paragraph(
      [
        'The same target, direct, over as many kept connections and from the same cores, by our generator and by other tools in turn. A fixed delay sets the rate whatever a request costs the tool; a saturated target is as fast as the slower of tool and origin.',
        ...(disturbed
          ? [
              ` Meanwhile the hypervisor took ${percent(host.steal)} of the CPU and other processes ${percent(host.foreign)}: what differs may be theirs.`,
            ]
          : []),
        ...missing.flatMap(({ tool, install }) => [` ${tool} is not installed here (`, { code: install }, ').']),
      ],
      'soft',
    ),
    {
      kind: 'table',
      label: 'second opinions',
      head: 'Tool',
      columns: [
        { title: 'Its rate', unit: '/s' },
        { title: 'By the origin’s count', unit: '/s' },
        { title: 'Over ours', unit: 'ratio' },
        { title: 'By its cost it should be', unit: 'ratio' },
        { title: 'Its CPU per request', unit: 'µs' },
        { title: 'Verdict' },
      ],
      grouped: true,
      rows: targets.flatMap(({ name, summary, opinions }) =>
        opinions.map((opinion) => opinionRow(opinion, `${name}: ${summary}`)),
      ),
    },
  ],
});

function opinionRow(opinion: Opinion, group: string): Row {
  const { tool, version, rate, counted: seen, ratio, explained, cpuPerRequest, verdict, errors } = opinion;
  const isOurs = verdict === 'ours';
  const of = (estimate: Estimate | null): Cell => figureOf(estimate);
  return {
    head: isOurs ? 'hopcost' : tool,
    note: version,
    group,
    cells: [
      of(rate),
      of(seen),
      of(ratio),
      isOurs ? null : { value: explained },
      of(cpuPerRequest),
      [verdict, ...errors].join('; '),
    ],
  };
}
