/** The report for a pull request or a chat: findings, the comparison, what was left out, how to run it again. */
import type { Analysis, Estimate, TrialRow } from '#bench/analysis/analysis.ts';
import { PARTS, type PartName } from '#bench/analysis/ledger/account.ts';
import { remarksOf, shareWords } from '#bench/analysis/ledger/findings.ts';
import { formatQuantity } from '#bench/analysis/quantity.ts';
import { repeatCommand } from './again.ts';
import { chainTable } from './chains.ts';
import type { Exporter } from './contract.ts';
import { partOf, partTexts, referenceAccounts } from './decomposition.ts';
import { fenced, plain, table } from './markdown.ts';
import { type Cell, type Overview, overviewOf } from './overview.ts';
import { STRENGTHS } from './strength.ts';
import { TARGET_COLUMNS, TARGET_NOTE, targetTables } from './targets.ts';

function comparison({ columns, rows, offered }: Overview): string {
  const body = rows.map(({ subject, group, cells }) => [
    plain(subject),
    group,
    ...cells.map((cell) => (cell ? `${cell.figure}${remark(cell)}` : '–')),
  ]);
  const note =
    offered === null ? '' : `\n\nAdded response time: against direct, both at ${formatQuantity(offered, '/s')}.`;
  return table(['subject', 'layer', ...columns.map(({ title }) => title)], body) + note;
}

function hops(analysis: Analysis): string[] {
  const found = chainTable(analysis);
  if (!found) return [];
  const head = ['proxy', 'figure', 'scenario', 'a further hop', ...found.heads, 'linear'];
  const rows = found.rows.map(({ hop, figure, scenario, perHop, interval, lengths, linear }) => [
    plain(hop),
    figure,
    scenario,
    `${perHop} <sub>${interval}</sub>`,
    ...lengths,
    linear,
  ]);
  return [`## Cost per hop`, table(head, rows)];
}

/** The accounts of the reference hops side by side, and what more of something costs. */
function ledger(analysis: Analysis): string[] {
  const accounts = referenceAccounts(analysis);
  if (accounts.length === 0) return [];
  const figure = (estimate: Estimate | undefined): string => {
    if (!estimate) return '–';
    const { figure: text, interval } = partTexts(estimate, 'µs');
    return `${text} <sub>${interval}</sub>`;
  };
  const names = (Object.keys(PARTS) as PartName[]).filter((name) => accounts.some((one) => partOf(one, name)));
  const sources = (name: PartName): string =>
    [...new Set(accounts.flatMap(({ parts }) => parts.find(({ part }) => part === name)?.source ?? []))].join('; ');
  const head = ['CPU per request', ...accounts.map(({ subject }) => plain(subject)), 'how it is known'];
  const rows = [
    ...names.map((name) => [
      PARTS[name].name,
      ...accounts.map((one) => figure(partOf(one, name))),
      plain(sources(name)),
    ]),
    ['**unexplained**', ...accounts.map((one) => figure(one.unexplained)), 'the whole less its parts'],
    ['**measured whole**', ...accounts.map((one) => figure(one.whole)), 'the hop’s own processes'],
    ['explained', ...accounts.map(shareWords), 'sum of the parts ÷ the whole'],
  ];
  const notes = accounts.map((account) => `- ${plain(account.subject)}: ${plain(remarksOf(account).join('; '))}.`);
  const { rates, missing } = analysis.ledger;
  const shown = rates.filter(({ subject, cost }) => cost === 'CPU' && accounts.some((one) => one.subject === subject));
  const more = [
    ...shown.map(({ name, subject, estimate, source }) => [name, plain(subject), figure(estimate), plain(source)]),
    ...missing.map(({ what, how }) => [what, '–', '–', `not in this run; ${plain(how)}`]),
  ];
  return [
    `## Where the CPU goes`,
    table(head, rows),
    notes.join('\n'),
    ...(more.length > 0 ? [table(['what more of it costs', 'hop', 'CPU', 'how it is known'], more)] : []),
  ];
}

const remark = ({ interval, kind }: Cell): string => {
  const parts = [interval, kind].filter((part) => part !== undefined);
  return parts.length === 0 ? '' : ` <sub>${plain(parts.join(', '))}</sub>`;
};

/** Nothing where all subjects ran here. */
function targets(analysis: Analysis): string[] {
  const tables = targetTables(analysis);
  if (tables.length === 0) return [];
  return [
    `## Targets`,
    plain(TARGET_NOTE),
    ...tables.flatMap(({ title, rows }) => [
      plain(title),
      table(
        ['subject', 'ends', ...TARGET_COLUMNS],
        rows.map(({ subject, ends, cells }) => [
          plain(subject),
          plain(ends),
          ...cells.map((cell) => (cell ? `${cell.figure}${remark(cell)}` : '–')),
        ]),
      ),
    ]),
  ];
}

const MOST_LISTED = 20;

function leftOut(trials: readonly TrialRow[]): string {
  const out = trials.filter(({ state }) => state !== 'completed');
  if (out.length === 0) return `All ${trials.length} trials completed.`;
  const listed = out.slice(0, MOST_LISTED).map(({ state, scenario, subject, round, codes, notes }) => {
    return `- **${state}** ${plain(scenario)} · ${plain(subject)} · round ${round + 1}: ${plain(codes.join(', '))}: ${plain(notes.join('; '))}`;
  });
  const more = out.length > MOST_LISTED ? `\n- … and ${out.length - MOST_LISTED} more in trials.csv` : '';
  return `${out.length} of ${trials.length} trials count in no figure:\n\n${listed.join('\n')}${more}`;
}

const warnings = ({ warnings: gathered, trials }: Analysis): string =>
  gathered
    .map(({ code, meaning, advice, trials: carrying }) => {
      const where = carrying > 0 ? `${carrying} of ${trials.length} trials` : 'the run';
      return `- \`${code}\` (${where}): ${plain(meaning)}; ${plain(advice)}.`;
    })
    .join('\n');

const budgetList = (budgets: NonNullable<Analysis['budgets']>): string =>
  budgets.map(({ text, state, reason }) => `- **${state}** ${plain(text)}: ${plain(reason)}`).join('\n');

function render(analysis: Analysis): string {
  const { run, state, basis, findings } = analysis;
  const { environment } = run;
  const sections = [
    `# What the hops cost`,
    ...(state === 'completed'
      ? []
      : [
          `**The run was ${state === 'interrupted' ? 'interrupted' : 'not finished'}**: what was measured until then is here.`,
        ]),
    findings.map(({ sentence, strength }) => `- ${plain(sentence)} *${STRENGTHS[strength].label}*`).join('\n'),
    plain(basis),
    ...(analysis.budgets ? [`## Budgets`, budgetList(analysis.budgets)] : []),
    `## Comparison`,
    comparison(overviewOf(analysis)),
    ...hops(analysis),
    ...ledger(analysis),
    ...targets(analysis),
    `## Trials`,
    leftOut(analysis.trials),
    ...(analysis.warnings.length > 0 ? [`## Warnings`, warnings(analysis)] : []),
    `## Environment`,
    `${plain(environment.cpuModel)}, ${environment.cores} cores, ${plain(environment.os)}, kernel ${plain(environment.kernel)}, Node ${plain(environment.node)}${environment.virtualised ? `, ${plain(environment.virtualised)}` : ''}; hopcost ${plain(run.hopcost)}${run.revision ? ` at ${plain(run.revision.slice(0, 12))}` : ''}; preset ${plain(run.preset)}, seed ${run.seed}.`,
    `## Run it again`,
    fenced(repeatCommand(run)),
  ];
  return `${sections.join('\n\n')}\n`;
}

export const reportMarkdown: Exporter = { format: 'markdown', file: 'report.md', render };
