/** A run as a report: what everyone reads, in the order in which they ask, and the evidence behind it. Pure. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { counted } from '#bench/analysis/words/quantity.ts';
import { drawAll } from '../charts/chart.ts';
import { alsoBehind, behind, explanation, front, pictures } from '../charts/registry.ts';
import type { Chart, Fold, Report, Section } from '../document/tree.ts';
import { answerBlock } from './answer.ts';
import { chainsSection } from './chains.ts';
import { comparisonFold, comparisonSection } from './comparison.ts';
import { referenceAccounts } from './decomposition.ts';
import { againFold, environmentFold } from './environment.ts';
import { faultFolds, faultsSection } from './faults.ts';
import { basisBlock, budgetsSection, findingFolds, findingsSection } from './findings.ts';
import { instrumentsFold } from './instruments.ts';
import { pricesSection } from './prices.ts';
import { remarksOf } from './remarks.ts';
import { kneeFolds, kneesSection } from './knees.ts';
import { ledgerFold } from './ledger.ts';
import { scenariosFold } from './scenarios.ts';
import { conformanceSection, subjectsFold } from './subjects.ts';
import { summaryTable } from './summary.ts';
import { targetsSection } from './targets.ts';
import { trialsFold } from './trials.ts';

/** Of more subjects than these, charts of a row each are evidence. */
const MANY = 12;
/** So many sentences are about as high as a picture. */
const SENTENCES_A_PICTURE = 7;

export function reportOf(analysis: Analysis): Report {
  const { run, state } = analysis;
  // A search or faults alone have neither figures of rounds nor trials.
  const hasRounds = analysis.trials.length > 0 || !(analysis.knees ?? analysis.faults);
  const hasHops = hasRounds && !analysis.prices;
  const drawn = (charts: typeof front) => drawAll(analysis.faults || analysis.prices ? [] : charts, analysis);
  const picture = drawn(pictures).charts.slice(0, 1);
  const isMany = analysis.subjects.length > MANY;
  const [read, folded, steps] = [
    isMany ? front.filter((chart) => !alsoBehind.includes(chart)) : front,
    isMany ? [...alsoBehind, ...behind] : behind,
    explanation,
  ].map(drawn);
  // Steps that do not add up explain nothing: they are evidence, not a picture for everyone.
  const isExplained = referenceAccounts(analysis).every(
    ({ verdict, disturbed }) => verdict === 'explained' && !disturbed,
  );
  const shown = [...read!.charts.filter(({ id }) => id !== picture[0]?.id), ...(isExplained ? steps!.charts : [])];
  const summary = summaryTable(analysis);
  const findings = findingsSection(analysis);
  const sentences = findings.flatMap(({ blocks }) =>
    blocks.flatMap((block) => (block.kind === 'items' ? block.items : [])),
  );
  const beside = Math.max(1, Math.round(sentences.length / SENTENCES_A_PICTURE));
  return {
    title: titleOf(analysis),
    mark: [run.preset, `${run.startedAt.slice(0, 10)} ${run.startedAt.slice(11, 16)} UTC`, run.environment.cpuModel],
    ...(state !== 'completed' && {
      alert: `This run was ${state === 'interrupted' ? 'interrupted' : 'not finished'}: the figures rest on what was measured until then.`,
    }),
    answer: answerBlock(analysis),
    ...(summary && { summary }),
    pictures: [...picture, ...shown.slice(0, beside)],
    sections: [
      ...findings,
      ...budgetsSection(analysis),
      ...faultsSection(analysis),
      ...kneesSection(analysis),
      ...pricesSection(analysis),
      ...(hasHops ? comparisonSection(analysis) : []),
      ...chainsSection(analysis),
      ...conformanceSection(analysis),
      ...targetsSection(analysis),
      ...chartsSection(shown.slice(beside)),
    ],
    missing: [...read!.missing, ...folded!.missing],
    remarks: remarksOf(analysis),
    evidence: [
      ...(hasHops ? comparisonFold(analysis) : []),
      ...findingFolds(analysis),
      ...faultFolds(analysis),
      ...kneeFolds(analysis),
      ...ledgerFold(analysis, isExplained ? [] : steps!.charts),
      ...chartsFold(folded!.charts),
      ...(analysis.faults ? [] : [scenariosFold(analysis)]),
      ...(hasRounds ? [trialsFold(analysis)] : []),
      instrumentsFold(analysis),
      environmentFoldWith(analysis),
      subjectsFold(analysis),
      againFold(analysis),
    ],
  };
}

function titleOf({ faults, prices }: Analysis): string {
  if (faults) return 'What users see when things break';
  return prices ? 'What each filter costs' : 'What the hops cost';
}

const chartsSection = (charts: readonly Chart[]): Section[] =>
  charts.length === 0 ? [] : [{ kind: 'section', id: 'charts', title: 'Charts', blocks: charts }];

const chartsFold = (charts: readonly Chart[]): Fold[] =>
  charts.length === 0
    ? []
    : [
        {
          kind: 'fold',
          id: 'more-charts',
          title: 'More charts',
          note: counted(charts.length, 'chart'),
          blocks: charts,
        },
      ];

/** With what every figure rests on. */
function environmentFoldWith(analysis: Analysis): Fold {
  const fold = environmentFold(analysis);
  return { ...fold, blocks: [basisBlock(analysis), ...fold.blocks] };
}
