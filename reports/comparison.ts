/** Two runs side by side in a terminal: by what they are compared and why, the ratios, the figures, what could not be told. 80 columns. */
import type { Absolute, RunComparison, RunLine, YardstickLine } from '#bench/analysis/across-runs/compare-runs.ts';
import type { Untold } from '#bench/analysis/across-runs/match-runs.ts';
import type { MetricName } from '#bench/analysis/figures/metrics.ts';
import { formatEstimate, formatQuantity, percent } from '#bench/analysis/words/quantity.ts';
import { fit, type Paint, painter, printable, type Style, WIDTH, wrap } from './columns.ts';

const MOST_LISTED = 8;

export function renderComparison(
  comparison: RunComparison,
  {
    colour = false,
    all = false,
  }: { readonly colour?: boolean; /** Advisory lines too. */ readonly all?: boolean } = {},
): string {
  const paint = painter(colour);
  const { sameHost, turned, differences, yardsticks, lines, untold, onlyIn } = comparison;
  const shown = all ? lines : lines.filter(({ main }) => main);
  const paragraph = (text: string, style?: Style): string[] =>
    wrap(printable(text), WIDTH - 2).map((line) => ` ${style ? paint(style, line) : line}`);
  const item = (text: string): string[] =>
    wrap(printable(text), WIDTH - 4).map((line, i) => `${i === 0 ? ' · ' : '   '}${line}`);
  const hidden = lines.length - shown.length;
  const figures = sameHost ? figureRows(comparison, all) : [];
  const out = [
    '',
    ...paragraph(openingOf(comparison), 'bold'),
    '',
    ...item(`first: ${describeSide(comparison.first)}`),
    ...item(`second: ${describeSide(comparison.second)}`),
    ...differences.flatMap(({ what, first, second, follows }) => item(`${what}: ${first} → ${second}: ${follows}`)),
    ...(turned ? [] : item(WINDOWS)),
    ...table(shown.map(ratioRow), paint),
    ...(figures.length === 0
      ? []
      : ['', ...paragraph('The figures themselves, the host’s drift in them', 'bold'), ...table(figures, paint)]),
    ...(yardsticks.length === 0 ? [] : ['', ...yardsticks.map(yardstickWords).flatMap(item)]),
    '',
    ...paragraph(summaryOf(lines)),
    ...paragraph(legend(hidden), 'dim'),
  ];
  const apart = [
    ...gathered(untold),
    ...onlyIn.first.map((name) => `${name}: only in the first run`),
    ...onlyIn.second.map((name) => `${name}: only in the second run`),
  ];
  if (apart.length > 0) out.push('', ' Not compared:');
  out.push(...apart.slice(0, MOST_LISTED).flatMap(item));
  if (apart.length > MOST_LISTED) out.push(` … and ${apart.length - MOST_LISTED} more; --json lists them`);
  return `${out.join('\n')}\n`;
}

function openingOf({ sameHost, lines }: RunComparison): string {
  const by = [...new Set(lines.map(({ yardstick }) => yardstick))].join(' or ');
  const compared = `what each figure is as a ratio to ${by} in the same seconds`;
  return sameHost
    ? `Same host (equal fingerprints), which is another one within the hour: compared is ${compared}. Absolute figures stand below.`
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
  `${run}, ${startedAt.slice(0, 10)} ${startedAt.slice(11, 16)} UTC${revision === null ? '' : `, ${revision.slice(0, 18)}`}, ${generations} ${generations === 1 ? 'generation' : 'generations'}`;

/** 'worse' and 'better' are claims, with a question mark first looks. */
function verdictOf({ strength, ratio, better }: RunLine): { word: string; style: Style } {
  if (strength === 'cannot tell') return { word: '–', style: 'dim' };
  const isBetter = ratio.value < 1 === (better === 'lower');
  const word = isBetter ? 'better' : 'worse';
  return strength === 'claim' ? { word, style: isBetter ? 'green' : 'red' } : { word: `${word}?`, style: 'yellow' };
}

/** As few letters as a terminal needs. */
const SHORT: Readonly<Record<MetricName, string>> = {
  cpuPerRequest: 'CPU/request',
  cpuUserPerRequest: 'user CPU/request',
  cpuSystemPerRequest: 'sys. CPU/request',
  instructionsPerRequest: 'instr./request',
  instructionsUserPerRequest: 'user instr.',
  instructionsKernelPerRequest: 'kernel instr.',
  throughput: 'throughput',
  serviceP50: 'service p50',
  serviceP90: 'service p90',
  serviceP99: 'service p99',
  serviceP999: 'service p99.9',
  responseP50: 'response p50',
  responseP90: 'response p90',
  responseP99: 'response p99',
  responseP999: 'response p99.9',
  besideP50: 'loaded p50',
  besideP90: 'loaded p90',
  besideP99: 'loaded p99',
  besideP999: 'loaded p99.9',
  contextSwitchesPerRequest: 'switches/request',
  residentMemory: 'resident memory',
  memoryPerConnection: 'memory/conn.',
  errorShare: 'failed',
  originCpuPerRequest: 'origin CPU/req.',
  generatorCpuPerRequest: 'load CPU/req.',
};
const HEADS = ['first', 'second', 'second ÷ first'];
const VERDICT_WIDTH = 7;
const LEAST_SUBJECT = 6;

interface Row {
  /** What the block is headed with: the scenario, and what ratios are to. */
  readonly block: string;
  readonly subject: string;
  readonly metric: MetricName;
  readonly first: string;
  readonly second: string;
  readonly change: string;
  readonly verdict?: { readonly word: string; readonly style: Style };
}

const ratioRow = (line: RunLine): Row => ({
  block: `${line.scenario}, ratio to ${line.yardstick}`,
  subject: line.subject,
  metric: line.metric,
  first: formatQuantity(line.first.value, 'ratio'),
  second: formatQuantity(line.second.value, 'ratio'),
  change: formatEstimate(line.ratio, 'ratio'),
  verdict: verdictOf(line),
});

const figureRow = (
  scenario: string,
  subject: string,
  metric: MetricName,
  { unit, first, second, ratio }: Absolute,
): Row => ({
  block: scenario,
  subject,
  metric,
  first: formatQuantity(first.value, unit),
  second: formatQuantity(second.value, unit),
  change: signed(ratio.value),
});

/** The yardstick first: by how much it moved, the others did. */
function figureRows({ yardsticks, lines }: RunComparison, all: boolean): Row[] {
  const scenarios = [...new Set(lines.map(({ scenario }) => scenario))];
  return scenarios.flatMap((scenario) => [
    ...yardsticks
      .filter((one) => one.scenario === scenario)
      .flatMap(({ subject, moved }) =>
        moved.filter(({ main }) => all || main).map((one) => figureRow(scenario, subject, one.metric, one)),
      ),
    ...lines
      .filter((line) => line.scenario === scenario && (all || line.main))
      .flatMap(({ subject, metric, absolute }) => (absolute ? [figureRow(scenario, subject, metric, absolute)] : [])),
  ]);
}

function table(rows: readonly Row[], paint: Paint): string[] {
  if (rows.length === 0) return [];
  const cells = rows.map(({ metric, first, second, change }) => [SHORT[metric], first, second, change]);
  const widths = ['', ...HEADS].map((head, i) => Math.max(head.length, ...cells.map((row) => row[i]!.length)));
  const names = Math.max(...rows.map(({ subject }) => subject.length));
  const room = Math.max(LEAST_SUBJECT, WIDTH - 2 - VERDICT_WIDTH - widths.reduce((sum, width) => sum + width + 1, 0));
  const row = (subject: string, [title, ...figures]: readonly string[], verdict: string): string =>
    ` ${fit(printable(subject), room).padEnd(Math.min(room, names))} ${title!.padEnd(widths[0]!)}${figures.map((text, i) => ` ${text.padStart(widths[i + 1]!)}`).join('')} ${verdict}`.trimEnd();
  const blocks = [...Map.groupBy(rows, ({ block }) => block).values()];
  return blocks.flatMap((block) => [
    '',
    ` ${paint('bold', fit(block[0]!.block, WIDTH - 2))}`,
    paint('dim', row('', ['', ...HEADS], '')),
    ...block.map(({ subject, verdict }, i) =>
      row(subject, cells[rows.indexOf(block[i]!)]!, verdict ? paint(verdict.style, verdict.word) : ''),
    ),
  ]);
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
  return `Of ${main.length} compared figures ${claims.length} ${claims.length === 1 ? 'differs' : 'differ'}, ${looks.length} ${looks.length === 1 ? 'seems' : 'seem'} to${found}.${same}`;
}

const size = ({ ratio }: RunLine): number => Math.abs(Math.log(ratio.value));

const legend = (hidden: number): string =>
  'Second ÷ first: difference of the mean logarithms of both runs’ generations with its 95 % interval (Welch), and in it what runs differ by as a whole. Worse and better: Holm’s p over all of them is below 0.05 and both runs have 4 generations; with a question mark: 3 generations, or a host that was busy in one of the runs; –: no difference that these runs can resolve.' +
  (hidden > 0 ? ` ${hidden} more figures that only advise: --all.` : '');
