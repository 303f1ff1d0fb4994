/** The gate on a terminal: the verdict, the metrics of each subject aligned, then what to know. Colour only when asked for. */
import { formatQuantity } from '#bench/analysis/words/quantity.ts';
import type { GateMetric, GateResult } from '#bench/gate/result.ts';
import { fit, type Paint, painter, printable, type Terminal, terminalOf, wrap } from '../terminal/text.ts';
import { formatChange, formatRevision } from './change.ts';
import type { GateOutput } from './contract.ts';
import { roundsText } from './facts.ts';
import { BLURRED, budgetsByImportance, BUDGETS, byImportance, headlineOf, shownAs, STATES } from './states.ts';

const NBSP = '\u00a0';
const TITLE_WIDTH = 25;
const FIGURE_WIDTH = 9;
/** Lines of reasons; all of them are in the other outputs. */
const MOST_REASONS = 8;

export function renderGateTerminal(result: GateResult, options: Partial<Terminal> = {}): string {
  const { width, colour } = terminalOf(options);
  const paint = painter(colour);
  const { metrics, budgets, newErrors, notes } = result;
  const { word, style, mark } = headlineOf(result);
  /** Wrapped under its mark. */
  const item = (sign: string, text: string): string[] =>
    wrap(inert(text), width - 4).map((line, i) => (i === 0 ? ` ${sign} ${line}` : `   ${line}`));
  const deciding = byImportance(metrics).filter(({ primary, state }) => primary && state !== 'same');
  const untold = deciding.length - MOST_REASONS;

  const lines = [
    '',
    ` ${paint(style, mark)} ${paint('bold', word.toUpperCase())}`,
    ...item(' ', result.verdict),
    '',
    ...against(result, width).map((line) => paint('dim', line)),
    ...(newErrors.length > 0 ? [''] : []),
    ...newErrors.flatMap((one) => item(paint('red', '✗'), `new error: ${one}`)),
    ...metricLines(metrics, paint, width),
    ...(deciding.length > 0 ? [''] : []),
    ...deciding
      .slice(0, MOST_REASONS)
      .flatMap(({ scenario, subject, title, state, reason }) =>
        item(paint(STATES[state].style, STATES[state].mark), `${scenario} · ${subject} · ${title}: ${reason}`),
      ),
    ...(untold > 0 ? [`   … and ${untold} more; gate.md lists them`] : []),
    ...(budgets.length > 0 ? [''] : []),
    ...budgetsByImportance(budgets).flatMap(({ text, state, reason }) =>
      item(paint(BUDGETS[state].style, BUDGETS[state].mark), `budget ${state}: ${text}: ${reason}`),
    ),
    ...(notes.length > 0 ? [''] : []),
    ...notes.flatMap((note) => item(' ', `note: ${note}`).map((line) => paint('dim', line))),
  ];
  return `${lines.join('\n')}\n`;
}

/** A line that begins with '::', or holds '##[', is a command to the runner of a CI; a name must not be one. */
const inert = (text: string): string =>
  printable(text)
    .replaceAll('##[', '## [')
    .replace(/(^|\s):(?=:)/g, '$1: ');

function against(result: GateResult, width: number): string[] {
  const { mode, head, base, rounds } = result;
  if (mode.kind === 'budgets')
    return wrap(inert(`budgets alone: ${mode.reason}`), width - 4).map((line) => `   ${line}`);
  const stored = mode.kind === 'baseline' ? ` (stored records, as ratios to ${mode.yardsticks.join(' or ')})` : '';
  return [`head  ${formatRevision(head)}`, `base  ${formatRevision(base)}${stored}`, roundsText(rounds)].flatMap(
    (text) => wrap(inert(text), width - 4).map((line) => `   ${line}`),
  );
}

function metricLines(metrics: readonly GateMetric[], paint: Paint, width: number): string[] {
  if (metrics.length === 0) return [];
  const groups = Map.groupBy(byImportance(metrics), ({ scenario, subject }) => JSON.stringify([scenario, subject]));
  const marks = new Set(metrics.map((metric) => shownAs(metric).mark));
  const legend = [
    ...Object.entries(STATES).map(([state, { mark }]) => ({ mark, words: state })),
    { mark: BLURRED.mark, words: 'same within this run’s noise' },
  ]
    .filter(({ mark }) => marks.has(mark))
    .map(({ mark, words }) => `${mark} ${words}`);
  const brackets = metrics.every(({ primary }) => primary) ? [] : ['(advisory in brackets)'];
  // Broken between its parts alone.
  const parts = [...legend, ...brackets].map((part) => part.replaceAll(' ', NBSP));
  return [
    '',
    paint('bold', fit(line(' ', 'metric', ['base', 'head'], 'change'), width)),
    ...[...groups.values()].flatMap((own) => [
      ` ${fit(inert(`${own[0]!.scenario} · ${own[0]!.subject}`), width - 2)}`,
      ...own.map((metric) => metricLine(metric, paint, width)),
    ]),
    ...wrap(parts.join(`${NBSP}${NBSP} `), width - 2).map((text) => paint('dim', ` ${text}`)),
  ];
}

function metricLine(metric: GateMetric, paint: Paint, width: number): string {
  const { title, unit, primary, base, head, ratio } = metric;
  const { mark, style } = shownAs(metric);
  const figure = (estimate: typeof base): string =>
    estimate === undefined ? '–' : formatQuantity(estimate.value, unit);
  const change = ratio === undefined ? '–' : formatChange(ratio);
  const text = fit(line(mark, primary ? title : `(${title})`, [figure(base), figure(head)], change), width);
  return primary ? paint(style, text) : paint('dim', text);
}

const line = (mark: string, title: string, figures: readonly string[], change: string): string =>
  `   ${mark} ${fit(inert(title), TITLE_WIDTH).padEnd(TITLE_WIDTH)}${figures.map((one) => ` ${one.padStart(FIGURE_WIDTH)}`).join('')}  ${change}`;

export const gateTerminal: GateOutput = {
  format: 'terminal',
  file: 'gate.txt',
  render: (result) => renderGateTerminal(result),
};
