/** The report for a pull request or a chat: the answer, the few figures, what was found, and what fits of the evidence, folded. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { reportOf } from '../content/report.ts';
import { plainText, type Report } from '../document/tree.ts';
import type { Exporter } from '../contract.ts';
import { blockText, foldText, inline, itemText, sectionText } from './blocks.ts';
import { plain } from './text.ts';
import { assemble, type Block as Part } from './within.ts';

/** GitHub takes 65,536 characters; the rest is left to whoever posts it. */
const MOST_BYTES = 65_000;

/** Parts in their order; those with a greater priority are left out first where all are too long. */
const part = (texts: readonly string[], priority: number): Part[] =>
  texts.length === 0 ? [] : [{ open: texts.join('\n\n'), priority }];

function render(analysis: Analysis): string {
  const report = reportOf(analysis);
  const { title, alert, answer, summary, sections, missing, remarks, evidence } = report;
  const reasons = answer.reasons.map(({ badge, text }) => `${badge!.word} ${plainText(text)}`).join(' · ');
  const opening = [
    `# ${plain(title)}`,
    ...(alert === undefined ? [] : [`**${plain(alert)}**`]),
    `**${inline(answer.sentence)}**`,
    `${plain(answer.badge.word)}: ${plain(reasons)}`,
    ...(summary ? blockText(summary) : []),
  ];
  return assemble(
    [
      ...part(opening, 0),
      ...sections.flatMap((section) => part(sectionText(section), section.isLong ? 3 : 1)),
      ...part(remarks.length === 0 ? [] : [`## Trials`, remarks.map(itemText).join('\n')], 2),
      ...part(missing.length === 0 ? [] : [`<sub>${plain(missingWords(missing))}</sub>`], 2),
      ...evidence.filter(({ isBrief }) => isBrief).flatMap((fold) => part([foldText(fold)], 4)),
    ],
    MOST_BYTES,
    (lines) => `${lines} parts are left out here; report.html has them.`,
  );
}

const missingWords = (missing: Report['missing']): string =>
  `Not in this run: ${missing.map(({ what, how }) => (how === '' ? what : `${what} (${how})`)).join('; ')}.`;

export const reportMarkdown: Exporter = { format: 'markdown', file: 'report.md', render };
