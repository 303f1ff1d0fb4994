/** Two runs side by side: by what they are compared and why, the ratios, the figures, what could not be told. */
import type { Absolute, RunComparison, RunLine, YardstickLine } from '#bench/analysis/across-runs/compare-runs.ts';
import type { Untold } from '#bench/analysis/across-runs/match-runs.ts';
import { metric, type MetricName } from '#bench/analysis/figures/metrics.ts';
import { counted, formatQuantity, percent } from '#bench/analysis/words/quantity.ts';
import { figureOf } from '../document/table.ts';
import { type Badge, type Block, type Cell, type Item, paragraph, type Row, type Table } from '../document/tree.ts';

const MOST_LISTED = 8;

/** `all`: figures that only advise too. */
export function comparisonBlocks(comparison: RunComparison, all = false): Block[] {
  const { sameHost, turned, differences, yardsticks, lines, untold, onlyIn } = comparison;
  const shown = all ? lines : lines.filter(({ main }) => main);
  const figures = sameHost ? figureTables(comparison, all) : [];
  const apart = [
    ...gathered(untold),
    ...onlyIn.first.map((name) => `${name}: only in the first run`),
    ...onlyIn.second.map((name) => `${name}: only in the second run`),
  ];
  return [
    paragraph([{ strong: openingOf(comparison) }]),
    ...ratioTables(shown),
    ...(figures.length > 0
      ? [paragraph([{ strong: 'The figures themselves, the host’s drift in them' }]), ...figures]
      : []),
    listOf([
      `first: ${describeSide(comparison.first)}`,
      `second: ${describeSide(comparison.second)}`,
      ...differences.map(({ what, first, second, follows }) => `${what}: ${first} → ${second}: ${follows}`),
      ...(turned ? [] : [WINDOWS]),
      ...yardsticks.map(yardstickWords),
    ]),
    paragraph(summaryOf(lines)),
    paragraph(legend(lines.length - shown.length), 'soft'),
    ...(apart.length > 0
      ? [
          listOf([
            'Not compared:',
            ...apart.slice(0, MOST_LISTED),
            ...(apart.length > MOST_LISTED ? [`… and ${apart.length - MOST_LISTED} more; --json lists them`] : []),
          ]),
        ]
      : []),
  ];
}

const listOf = (texts: readonly string[]): Block => ({ kind: 'items', items: texts.map((text): Item => ({ text })) });

function openingOf({ sameHost, lines }: RunComparison): string {
  const by = [...new Set(lines.map(({ yardstick }) => yardstick))].join(' or ');
  const compared = `what each figure is as a ratio to ${by} in the same seconds`;
  return sameHost
    ? `Same host (equal fingerprints), which differs from itself within the hour: compared is ${compared}. Absolute figures stand below.`
    : `Different hosts (their fingerprints differ): absolute figures are not compared, only ${compared}. What favours one proxy on one of the hosts is in the difference.`;
}

const WINDOWS =
  'windows: subjects took no turns in one of the runs; each had seconds to itself, so that the yardstick met another moment of the host, and a little of its drift is left in the ratios';

/** 'http-small: l4-tcp, which did not change, moved by +31 % in CPU per request: the host did' */
function yardstickWords({ scenario, subject, unchanged, moved }: YardstickLine): string {
  const most = moved.find(({ main }) => main);
  const by = most && `by ${signed(most.ratio.value)} in ${most.title}`;
  const isStill = most !== undefined && most.ratio.low <= 1 && most.ratio.high >= 1;
  if (!unchanged)
    return `${scenario}: ${subject} is the yardstick itself${by === undefined ? '' : ` and moved ${by}`}; it is not known to be the same in both runs, and a change of it would show the other way round in all others`;
  if (by === undefined) return `${scenario}: ${subject}, which did not change, is the yardstick`;
  return isStill
    ? `${scenario}: ${subject}, which did not change, moved ${by}, no more than its generations differ`
    : `${scenario}: ${subject}, which did not change, moved ${by}: the host did`;
}

const signed = (ratio: number): string => `${ratio >= 1 ? '+' : ''}${percent(ratio - 1)}`;

const describeSide = ({ run, startedAt, revision, generations }: RunComparison['first']): string =>
  `${run}, ${startedAt.slice(0, 10)} ${startedAt.slice(11, 16)} UTC${revision === null ? '' : `, ${revision.slice(0, 18)}`}, ${counted(generations, 'generation')}`;

/** 'worse' and 'better' are claims, with a question mark first looks. */
function verdictOf({ strength, ratio, better }: RunLine): Badge {
  if (strength === 'cannot tell') return { word: '–', tone: 'quiet' };
  const isBetter = ratio.value < 1 === (better === 'lower');
  const word = isBetter ? 'better' : 'worse';
  return strength === 'claim' ? { word, tone: isBetter ? 'good' : 'bad' } : { word: `${word}?`, tone: 'care' };
}

const nameOf = (subject: string, name: MetricName): string => `${subject} · ${metric(name).title}`;

const ratioTables = (lines: readonly RunLine[]): Table[] =>
  [...Map.groupBy(lines, ({ scenario, yardstick }) => `${scenario}, ratio to ${yardstick}`)].map(([label, own]) => ({
    kind: 'table',
    label,
    head: label,
    columns: [
      { title: 'Second ÷ first', short: '2nd ÷ 1st', unit: 'ratio' },
      { title: 'Verdict', short: '' },
      { title: 'First', short: 'first', unit: 'ratio' },
      { title: 'Second', short: 'second', unit: 'ratio' },
    ],
    rows: own.map((line) => ({
      head: nameOf(line.subject, line.metric),
      cells: [
        figureOf(line.ratio),
        { badge: verdictOf(line) },
        { value: line.first.value },
        { value: line.second.value },
      ],
    })),
  }));

const figureRow = (subject: string, name: MetricName, { unit, first, second, ratio }: Absolute): Row => {
  const of = (value: number): Cell => ({ value, unit });
  return { head: nameOf(subject, name), cells: [of(first.value), of(second.value), signed(ratio.value)] };
};

/** The yardstick first: by how much it moved, the others did. */
function figureTables({ yardsticks, lines }: RunComparison, all: boolean): Table[] {
  const scenarios = [...new Set(lines.map(({ scenario }) => scenario))];
  return scenarios.map((scenario) => ({
    kind: 'table',
    label: scenario,
    head: scenario,
    columns: [
      { title: 'First', short: 'first' },
      { title: 'Second', short: 'second' },
      { title: 'Change', short: 'change' },
    ],
    rows: [
      ...yardsticks
        .filter((one) => one.scenario === scenario)
        .flatMap(({ subject, moved }) =>
          moved.filter(({ main }) => all || main).map((one) => figureRow(subject, one.metric, one)),
        ),
      ...lines
        .filter((line) => line.scenario === scenario && (all || line.main))
        .flatMap(({ subject, metric: name, absolute }) => (absolute ? [figureRow(subject, name, absolute)] : [])),
    ],
  }));
}

/** One line a reason, with all places that it holds for. */
const gathered = (untold: readonly Untold[]): string[] =>
  [...Map.groupBy(untold, ({ subject, reason }) => JSON.stringify([subject, reason])).values()].map((of) => {
    const { subject, reason } = of[0]!;
    const where = of.map(({ scenario }) => scenario).join(', ');
    return `${subject === undefined ? where : `${subject} in ${where}`}: ${reason}`;
  });

function summaryOf(lines: readonly RunLine[]): string {
  const main = lines.filter((line) => line.main);
  const of = (strength: RunLine['strength']): RunLine[] => main.filter((line) => line.strength === strength);
  const [claims, looks] = [of('claim'), of('look')];
  const most = [...claims, ...looks].toSorted((a, b) => size(b) - size(a))[0];
  const found = most
    ? `; the largest: ${most.title} of ${most.subject} in ${most.scenario}, ${formatQuantity(most.ratio.value, 'ratio')}`
    : '';
  const still = main.filter(({ identical }) => identical).length;
  const same =
    still > 0
      ? ` ${still} of them ${still === 1 ? 'is' : 'are'} of a proxy that is the very same in both runs, as is what it is divided by: not called different, whatever the runs themselves differ by.`
      : '';
  return `Of ${counted(main.length, 'compared figure')} ${claims.length} ${claims.length === 1 ? 'differs' : 'differ'}, ${looks.length} ${looks.length === 1 ? 'seems' : 'seem'} to${found}.${same}`;
}

const size = ({ ratio }: RunLine): number => Math.abs(Math.log(ratio.value));

const legend = (hidden: number): string =>
  'Second ÷ first: difference of the mean logarithms of both runs’ generations with its 95 % interval (Welch), and in it what runs differ by as a whole. Worse and better: Holm’s p over all of them is below 0.05 and both runs have 4 generations; with a question mark: 3 generations, or a host that was busy in one of the runs; –: no difference that these runs can resolve.' +
  (hidden > 0 ? ` ${counted(hidden, 'more figure', 'more figures')} that only advise: --all.` : '');
