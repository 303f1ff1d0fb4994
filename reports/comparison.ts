/** Two runs side by side in a terminal: what may be compared and why, the figures, what could not be told. 80 columns. */
import type { RunComparison, RunLine } from '#bench/analysis/compare-runs.ts';
import type { Untold } from '#bench/analysis/match-runs.ts';
import type { MetricName } from '#bench/analysis/metrics.ts';
import { formatInterval, formatQuantity, percent } from '#bench/analysis/quantity.ts';
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
  const { compared, differences, control, lines, untold, onlyIn } = comparison;
  const shown = all ? lines : lines.filter(({ main }) => main);
  const paragraph = (text: string, style?: Style): string[] =>
    wrap(printable(text), WIDTH - 2).map((line) => ` ${style ? paint(style, line) : line}`);
  const item = (text: string): string[] =>
    wrap(printable(text), WIDTH - 4).map((line, i) => `${i === 0 ? ' · ' : '   '}${line}`);
  const hidden = lines.length - shown.length;
  const rows = shown.length === 0 ? [] : table(shown, paint);
  const out = [
    '',
    ...paragraph(OPENING[compared], 'bold'),
    '',
    ...item(`first: ${describeSide(comparison.first)}`),
    ...item(`second: ${describeSide(comparison.second)}`),
    ...differences.flatMap(({ what, first, second, follows }) => item(`${what}: ${first} → ${second}: ${follows}`)),
    ...rows,
    ...(control.length === 0
      ? []
      : ['', ` ${paint('bold', 'The control: direct, which has no proxy')}`, ...table(control, paint)]),
    '',
    ...paragraph(summaryOf(lines)),
    ...paragraph(legend(lines, hidden), 'dim'),
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

const OPENING: Readonly<Record<RunComparison['compared'], string>> = {
  figures: 'Same host (equal fingerprints): absolute figures are compared.',
  'ratios to direct':
    'Different hosts (their fingerprints differ): absolute figures are not compared. Throughput and latency are compared as ratios to direct in the same round; CPU, instructions and memory, which direct does not have, as ratios to a reference proxy that both runs measured. A change of that reference would show as one of all others.',
};

const describeSide = ({ run, startedAt, revision, rounds }: RunComparison['first']): string =>
  `${run}, ${startedAt.slice(0, 10)} ${startedAt.slice(11, 16)} UTC${revision === null ? '' : `, ${revision.slice(0, 18)}`}, ${rounds} ${rounds === 1 ? 'round' : 'rounds'}`;

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

/** One block a scenario, and for ratios one for each thing that they are to. */
function table(lines: readonly RunLine[], paint: Paint): string[] {
  const cells = lines.map(({ metric, first, second, ratio, unit }) => [
    SHORT[metric],
    formatQuantity(first.value, unit),
    formatQuantity(second.value, unit),
    `${formatQuantity(ratio.value, 'ratio')} (${formatInterval(ratio, 'ratio')})`,
  ]);
  const widths = ['', ...HEADS].map((head, i) => Math.max(head.length, ...cells.map((row) => row[i]!.length)));
  const names = Math.max(...lines.map(({ subject }) => subject.length));
  const room = Math.max(LEAST_SUBJECT, WIDTH - 2 - VERDICT_WIDTH - widths.reduce((sum, width) => sum + width + 1, 0));
  const row = (subject: string, [title, ...figures]: readonly string[], verdict: string): string =>
    ` ${fit(printable(subject), room).padEnd(Math.min(room, names))} ${title!.padEnd(widths[0]!)}${figures.map((text, i) => ` ${text.padStart(widths[i + 1]!)}`).join('')} ${verdict}`;
  const blocks = [...Map.groupBy(lines, ({ scenario, of }) => JSON.stringify([scenario, of])).values()];
  return blocks.flatMap((block) => {
    const { scenario, of } = block[0]!;
    return [
      '',
      ` ${paint('bold', fit(`${scenario}${of === 'figure' ? '' : `, ${of}`}`, WIDTH - 2))}`,
      paint('dim', row('', ['', ...HEADS], '').trimEnd()),
      ...block.map((line) => {
        const { word, style } = verdictOf(line);
        return row(line.subject, cells[lines.indexOf(line)]!, paint(style, word));
      }),
    ];
  });
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
  return `Of ${main.length} compared figures ${claims.length} ${claims.length === 1 ? 'differs' : 'differ'}, ${looks.length} ${looks.length === 1 ? 'seems' : 'seem'} to${found}.`;
}

const size = ({ ratio }: RunLine): number => Math.abs(Math.log(ratio.value));

function legend(lines: readonly RunLine[], hidden: number): string {
  const widest = Math.max(1, ...lines.flatMap(({ main, floor }) => (main && floor !== undefined ? [floor] : [])));
  const floor =
    widest > 1
      ? ` What direct and the same subject twice (A/A) differed by, up to ${percent(widest - 1)} here, is taken for the host’s own doing.`
      : '';
  return (
    'Second ÷ first: Hodges–Lehmann shift of unpaired rounds with its 95 % interval; worse and better: at least 12 rounds on both sides and Holm’s p below 0.05; with a question mark: fewer rounds, or no control; –: no difference that these runs can resolve.' +
    floor +
    (hidden > 0 ? ` ${hidden} more figures that only advise: --all.` : '')
  );
}
