/** What was found, in sentences: what is read by everyone, what is one of many of its kind, and what cannot be told. */
import type { Analysis, Finding } from '#bench/analysis/analysis.ts';
import type { BudgetOutcome } from '#bench/analysis/budget-outcome.ts';
import { counted } from '#bench/analysis/words/quantity.ts';
import { type Fold, type Item, type Items, paragraph, type Section, type Tone } from '../document/tree.ts';
import { isFigure } from '../document/table.ts';
import { answerOf } from './answer.ts';
import { badgeOf, STRENGTHS } from './strength.ts';
import { summaryTable } from './summary.ts';

const PARTS: Readonly<Record<NonNullable<Finding['part']>, { readonly to: string; readonly name: string }>> = {
  ranking: { to: 'comparison', name: 'every subject' },
  knees: { to: 'knees', name: 'search' },
  prices: { to: 'prices', name: 'price list' },
  ledger: { to: 'ledger', name: 'ledger' },
  calibration: { to: 'calibration', name: 'calibration' },
  'second-opinions': { to: 'second-opinions', name: 'second opinions' },
  noise: { to: 'noise-floor', name: 'noise floor' },
  trials: { to: 'trials', name: 'trials' },
  faults: { to: 'faults', name: 'every fault' },
  configuration: { to: 'configs', name: 'configuration' },
};

const itemOf = ({ sentence, strength, scenario, part }: Finding): Item => ({
  badge: badgeOf(strength),
  text: sentence,
  evidence: part ? PARTS[part] : { to: `scenario-${scenario}`, name: scenario },
});

const listOf = (findings: readonly Finding[]): Items => ({ kind: 'items', items: findings.map(itemOf) });

/** What the instruments say of themselves stands with them, and in the badge of the answer. */
const INSTRUMENTS: readonly Finding['part'][] = ['calibration', 'second-opinions', 'noise'];

type Place = 'front' | 'pairs' | 'untold' | 'instruments' | 'ledger' | 'trials';

/** A subject without a figure, and a search that was asked for, are told in front even where nothing can be claimed. */
function placeOf({ strength, part, isDetail }: Finding): Place {
  if (INSTRUMENTS.includes(part)) return 'instruments';
  if (part === 'ledger') return 'ledger';
  if (isDetail) return 'pairs';
  if (part === 'trials' && strength === 'note') return 'trials';
  return strength === 'cannot tell' && part !== 'trials' && part !== 'knees' ? 'untold' : 'front';
}

function placed(analysis: Analysis, place: Place): Finding[] {
  const answer = answerOf(analysis);
  // A single figure that stands in the table beside the answer needs no sentence there.
  const figures = new Set(
    summaryTable(analysis)?.rows.flatMap(({ cells: [cpu] }) => (isFigure(cpu!) ? [cpu.value] : [])),
  );
  const own = (finding: Finding): Place =>
    placeOf(finding) === 'front' && figures.has(finding.figure?.estimate.value ?? Number.NaN)
      ? 'pairs'
      : placeOf(finding);
  return analysis.findings.filter((finding) => finding !== answer && own(finding) === place);
}

/** None where the answer says it all. */
export function findingsSection(analysis: Analysis): Section[] {
  const shown = placed(analysis, 'front');
  if (shown.length === 0) return [];
  return [{ kind: 'section', id: 'findings', title: 'What was found', short: 'Findings', blocks: [listOf(shown)] }];
}

const fold = (title: string, note: string, findings: readonly Finding[]): Fold[] =>
  findings.length === 0 ? [] : [{ kind: 'fold', title, note, isBrief: true, blocks: [listOf(findings)] }];

export const findingFolds = (analysis: Analysis): Fold[] => [
  ...fold('What cannot be told', 'and why', placed(analysis, 'untold')),
  ...fold('Figure by figure', counted(placed(analysis, 'pairs').length, 'sentence'), placed(analysis, 'pairs')),
];

export const findingsOf = (analysis: Analysis, place: 'instruments' | 'ledger'): Items =>
  listOf(placed(analysis, place));

/** What the words on the badges mean, and what every figure rests on. */
export const basisBlock = ({ basis }: Analysis) =>
  paragraph(
    [
      `${basis} `,
      ...Object.values(STRENGTHS).flatMap(({ label, meaning }, i) => [
        i > 0 ? '; ' : '',
        { strong: label },
        `: ${meaning}`,
      ]),
      '.',
    ],
    'soft',
  );

const BUDGET_TONES: Readonly<Record<BudgetOutcome['state'], Tone>> = { kept: 'good', exceeded: 'bad', unknown: 'care' };

/** The budgets of `bench.config.ts` against this run; none where it has none. */
export function budgetsSection({ budgets = [] }: Analysis): Section[] {
  if (budgets.length === 0) return [];
  const items = budgets.map(({ text, state, reason }): Item => ({
    badge: { word: state, tone: BUDGET_TONES[state] },
    text: [{ code: text }, `: ${reason}`],
  }));
  return [
    {
      kind: 'section',
      id: 'budgets',
      title: 'Budgets',
      blocks: [
        { kind: 'items', items },
        paragraph('A budget is kept or exceeded only where the whole interval lies on that side of its limit.', 'soft'),
      ],
    },
  ];
}
