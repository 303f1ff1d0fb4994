/**
 * Workflow commands of GitHub Actions: what a reader of the checks page must see first. GitHub shows ten of a kind in a step, so these
 * are ten at most, and the tenth says what was left out. Escaped as its toolkit does (actions/toolkit, `core/src/command.ts`): %, CR
 * and LF in the message, and ':' and ',' too in a property.
 */
import type { BudgetOutcome, GateMetric, GateResult, GateState } from '#bench/gate/result.ts';
import type { GateOutput } from './contract.ts';
import { budgetsByImportance, byImportance, headlineOf } from './states.ts';

const MOST = 10;
const LONGEST = { title: 200, message: 2_000 };

type Level = 'error' | 'warning' | 'notice';

interface Annotation {
  readonly level: Level;
  readonly title: string;
  readonly message: string;
}

/** What fails the gate is an error, what leaves it open a warning. */
const OF_STATE: Readonly<Record<GateState, Level | undefined>> = {
  regressed: 'error',
  invalid: 'warning',
  inconclusive: 'warning',
  improved: 'notice',
  same: undefined,
};
const OF_BUDGET: Readonly<Record<BudgetOutcome['state'], Level | undefined>> = {
  exceeded: 'error',
  unknown: 'warning',
  kept: undefined,
};
const LEVELS: readonly Level[] = ['error', 'warning', 'notice'];

const ofMetric = ({ scenario, subject, title, state, primary, reason }: GateMetric): Annotation[] => {
  const level = OF_STATE[state];
  // What does not decide is told only where it is worse, and as news.
  if (level === undefined || (!primary && state !== 'regressed')) return [];
  const where = `${title} of ${subject} in ${scenario}`;
  return [
    primary
      ? { level, title: `${state}: ${where}`, message: reason }
      : { level: 'notice', title: `${state} (advisory): ${where}`, message: reason },
  ];
};

function annotationsOf(result: GateResult): Annotation[] {
  const told = [
    ...result.newErrors.map((message): Annotation => ({ level: 'error', title: 'new errors in head', message })),
    ...byImportance(result.metrics).flatMap(ofMetric),
    ...budgetsByImportance(result.budgets).flatMap(({ text, state, reason }) => {
      const level = OF_BUDGET[state];
      return level === undefined ? [] : [{ level, title: `budget ${state}: ${text}`, message: reason }];
    }),
  ].toSorted((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
  // The verdict itself, where no line above is as grave as it.
  const uncompared = result.mode.kind === 'budgets' && result.state === 'same';
  const level = uncompared ? 'warning' : (OF_STATE[result.state] ?? 'notice');
  const missing = told.every((one) => LEVELS.indexOf(one.level) > LEVELS.indexOf(level));
  const verdict: Annotation = { level, title: `hopcost gate: ${headlineOf(result).word}`, message: result.verdict };
  return [
    ...(missing ? [verdict] : []),
    ...told,
    ...result.notes.map((message): Annotation => ({ level: 'notice', title: 'hopcost gate', message })),
  ];
}

const cut = (text: string, length: number): string => (text.length <= length ? text : `${text.slice(0, length - 1)}…`);
/** Control characters other than line ends have no place in a log. */
const bare = (text: string): string => text.toWellFormed().replace(/[^\P{Cc}\r\n]/gu, '?');
const data = (text: string): string =>
  bare(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

const command = ({ level, title, message }: Annotation): string =>
  `::${level} title=${property(cut(title, LONGEST.title))}::${data(cut(message, LONGEST.message))}`;

function render(result: GateResult): string {
  const all = annotationsOf(result);
  const shown = all.length <= MOST ? all : all.slice(0, MOST - 1);
  const left = all.slice(shown.length);
  const worst = left[0]?.level ?? 'notice';
  const more: Annotation[] =
    left.length === 0
      ? []
      : [
          {
            level: worst,
            title: 'hopcost gate',
            message: `${left.length} more are left out here; the summary lists them`,
          },
        ];
  return [...shown, ...more].map((one) => `${command(one)}\n`).join('');
}

export const annotations: GateOutput = { format: 'annotations', file: 'gate-annotations.txt', render };
