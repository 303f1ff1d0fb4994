/** The parts of the gate's Markdown that the step summary and the comment share. Everything from outside is text, and of bounded length. */
import { formatQuantity, formatInterval } from '#bench/analysis/words/quantity.ts';
import type { Estimate } from '#bench/analysis/analysis.ts';
import type { Unit } from '#bench/analysis/words/quantity.ts';
import type { GateMetric, GateResult } from '#bench/gate/result.ts';
import { quoted } from '../content/repeat-command.ts';
import { fenced, plain, tableHead, tableRow } from '../markdown/text.ts';
import type { Block } from '../markdown/within.ts';
import { budgetsByImportance, BUDGETS, byImportance, headlineOf, shownAs } from './states.ts';
import { decidingP, formatChange, formatP, formatRevision } from './change.ts';
import { environmentFacts, type Facts, roundsText, runFacts } from './facts.ts';

const NBSP = '\u00a0';
const LONGEST = { name: 120, sentence: 600 };

/** A lone half of a surrogate pair is no text; a cut must not make one. */
const cut = (text: string, length: number): string =>
  (text.length <= length ? text : `${text.slice(0, length - 1)}…`).toWellFormed();
const name = (text: string): string => plain(cut(text, LONGEST.name));
const sentence = (text: string): string => plain(cut(text, LONGEST.sentence));

/** First thing to read: one word, one sentence, what was set against what. */
export function verdict(result: GateResult, heading: string): Block {
  const { mark, word } = headlineOf(result);
  const { base, head, rounds, mode } = result;
  const against =
    mode.kind === 'budgets'
      ? `Budgets alone were checked: ${sentence(mode.reason)}`
      : `Head: ${name(formatRevision(head))}. Base: ${name(formatRevision(base))}. ${roundsText(rounds)}.`;
  return {
    open: `${heading} ${mark} hopcost gate: ${word}\n\n**${sentence(result.verdict)}**\n\n${against}`,
    priority: 0,
  };
}

export const newErrors = ({ newErrors: errors }: GateResult, heading: string): Block[] =>
  errors.length === 0
    ? []
    : [
        {
          open: `${heading} Requests that fail in head and not in base\n`,
          items: errors.map((one) => `- ${sentence(one)}`),
          priority: 1,
        },
      ];

const figure = (estimate: Estimate | undefined, unit: Unit): string =>
  estimate === undefined ? '–' : `${formatQuantity(estimate.value, unit)} <sub>${formatInterval(estimate, unit)}</sub>`;

const metricRow = (metric: GateMetric): string => {
  const { scenario, subject, title, unit, base, head, ratio, primary } = metric;
  const { mark, words } = shownAs(metric);
  const p = decidingP(metric);
  return tableRow([
    `${mark}${NBSP}${words}${primary ? '' : ' (advisory)'}`,
    name(scenario),
    name(subject),
    name(title),
    figure(base, unit),
    figure(head, unit),
    ratio === undefined ? '–' : formatChange(ratio),
    p === undefined ? '–' : formatP(p).replace('<', '&lt;'),
  ]);
};

/** Most important first. */
export function metricTable(metrics: readonly GateMetric[], title: string, priority: number): Block[] {
  if (metrics.length === 0) return [];
  const head = tableHead(['state', 'scenario', 'subject', 'metric', 'base', 'head', 'change', 'p'], (i) => i < 4);
  return [{ open: `${title}${head}`, items: byImportance(metrics).map(metricRow), priority }];
}

/** Why each metric that decides is in its state; those that are the same need no reason. */
export function reasons(metrics: readonly GateMetric[], heading: string): Block[] {
  const told = byImportance(metrics).filter(({ primary, state }) => primary && state !== 'same');
  if (told.length === 0) return [];
  const items = told.map(
    ({ scenario, subject, title, reason }) =>
      `- ${name(title)} of ${name(subject)} in ${name(scenario)}: ${sentence(reason)}`,
  );
  return [{ open: `${heading} Why\n`, items, priority: 4 }];
}

export function budgetTable({ budgets }: GateResult, heading: string): Block[] {
  if (budgets.length === 0) return [];
  const items = budgetsByImportance(budgets).map((budget) =>
    tableRow([`${BUDGETS[budget.state].mark}${NBSP}${budget.state}`, sentence(budget.text), sentence(budget.reason)]),
  );
  return [{ open: `${heading} Budgets\n\n${tableHead(['state', 'budget', 'why'], (i) => i < 3)}`, items, priority: 2 }];
}

export const notes = ({ notes: all }: GateResult, heading: string): Block[] =>
  all.length === 0 ? [] : [{ open: `${heading} Notes\n`, items: all.map((one) => `- ${sentence(one)}`), priority: 3 }];

/** Where, when and how, folded away; and the command that does it again. */
export const fine = (result: GateResult): Block[] => [
  folded('Run and environment', [
    tableHead(['', ''], (i) => i < 2),
    ...factRows(runFacts(result)),
    ...factRows(environmentFacts(result)),
  ]),
  folded('Run it again', [fenced(cut(['npx', ...result.command].map(quoted).join(' '), LONGEST.sentence))]),
];

const folded = (summary: string, lines: readonly string[]): Block => ({
  open: `<details><summary>${summary}</summary>\n\n${lines.join('\n')}\n\n</details>`,
  priority: 5,
});

const factRows = (facts: Facts): string[] => facts.map(([label, text]) => tableRow([label, sentence(text)]));
