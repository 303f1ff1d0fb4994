/** The report for a pull request or a chat: findings, the comparison, what was left out, how to run it again. */
import type { Analysis, Estimate, Finding } from '#bench/analysis/analysis.ts';
import { PARTS, type PartName } from '#bench/analysis/ledger/account.ts';
import { remarksOf, shareWords } from '#bench/analysis/ledger/findings.ts';
import { formatQuantity } from '#bench/analysis/words/quantity.ts';
import { layerName, rankWords } from '#bench/analysis/comparison/ranking.ts';
import { repeatCommand } from './again.ts';
import { chainTable } from './chains.ts';
import type { Exporter } from './contract.ts';
import { partOf, partTexts, referenceAccounts } from './decomposition.ts';
import { kneeTables } from './knees.ts';
import { allCompleted, leftOutOf } from './left-out.ts';
import { fenced, plain, table } from './markdown.ts';
import { type Cell, type Overview, overviewOf } from './overview.ts';
import { STRENGTHS } from './strength.ts';
import { TARGET_COLUMNS, TARGET_NOTE, targetTables } from './targets.ts';

/** More than these are folded. */
const FEW = 3;
/** Rows that a pull request bears unfolded. */
const MOST_ROWS = 10;

const folded = (summary: string, body: string): string =>
  `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;

function comparison({ columns, rows, offered, time }: Overview): string {
  const body = rows.map(({ subject, group, rank, cells }) => [
    plain(subject),
    group,
    rank ? `${rank.strength === 'look' ? '≈\u00a0' : ''}${rank.words}` : '–',
    ...cells.map((cell) => (cell ? `${cell.figure}${remark(cell)}` : '–')),
  ]);
  const heads = ['subject', 'layer', 'rank', ...columns.map(({ title }) => title)];
  const notes = [
    ...(offered === null ? [] : [`Added ${time} time: against direct, both at ${formatQuantity(offered, '/s')}.`]),
    'Rank in its layer by CPU per request: 2–3 is one of both, ≈ rests on a first look.',
  ];
  const whole = `${table(heads, body)}\n\n${notes.join(' ')}`;
  return rows.length > MOST_ROWS ? folded(`All ${rows.length} subjects`, whole) : whole;
}

const highestRates = (analysis: Analysis): string[] =>
  kneeTables(analysis).flatMap(({ title, heads, rows }) => [
    `## ${plain(title)}`,
    table(
      ['subject', ...heads],
      rows.map(({ subject, cells }) => [plain(subject), ...cells]),
    ),
  ]);

/** Where the table is folded: each layer in one line. */
const rankLines = (rankings: Analysis['rankings']): string =>
  rankings
    .filter(({ ranked }) => ranked.length > 1)
    .map((ranking) => {
      const list = ranking.ranked.map(
        (one) => `${rankWords(one)}. ${plain(one.subject)}\u00a0${formatQuantity(one.estimate.value, 'µs')}`,
      );
      return `**${layerName(ranking)}**, CPU per request: ${list.join(' · ')}`;
    })
    .join('\n\n');

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

function leftOut(analysis: Analysis): string {
  const { trials } = analysis;
  const out = leftOutOf(trials);
  if (out.length === 0) return plain(allCompleted(analysis));
  const count = out.reduce((sum, one) => sum + one.trials, 0);
  const listed = out
    .slice(0, MOST_LISTED)
    .map(
      ({ state, scenario, subject, rounds, codes, note }) =>
        `- **${state}** ${plain(scenario)} · ${plain(subject)} · ${rounds}: ${plain(codes.join(', '))}: ${plain(note)}`,
    );
  const more = out.slice(MOST_LISTED).reduce((sum, one) => sum + one.trials, 0);
  const rest = more > 0 ? `\n- … and ${more} more in trials.csv` : '';
  const list = `${listed.join('\n')}${rest}`;
  const head = `${count} of ${trials.length} trials ${count === 1 ? 'counts' : 'count'} in no figure`;
  return listed.length > FEW ? `${head}.\n\n${folded('Which, and why', list)}` : `${head}:\n\n${list}`;
}

const warnings = ({ warnings: gathered, trials }: Analysis): string =>
  gathered
    .map(({ code, meaning, advice, trials: carrying }) => {
      const where = carrying > 0 ? `${carrying} of ${trials.length} trials` : 'the run';
      return `- \`${code}\` (${where}): ${plain(meaning)}; ${plain(advice)}.`;
    })
    .join('\n');

const list = (findings: readonly Finding[]): string =>
  findings.map(({ sentence, strength }) => `- ${plain(sentence)} *${STRENGTHS[strength].label}*`).join('\n');

const budgetList = (budgets: NonNullable<Analysis['budgets']>): string =>
  budgets.map(({ text, state, reason }) => `- **${state}** ${plain(text)}: ${plain(reason)}`).join('\n');

function render(analysis: Analysis): string {
  const { run, state, basis, findings } = analysis;
  const { environment } = run;
  const details = findings.filter(({ isDetail }) => isDetail);
  const overview = overviewOf(analysis);
  const isSearchAlone = analysis.trials.length === 0 && analysis.knees !== undefined;
  const sections = [
    `# What the hops cost`,
    ...(state === 'completed'
      ? []
      : [
          `**The run was ${state === 'interrupted' ? 'interrupted' : 'not finished'}**: what was measured until then is here.`,
        ]),
    list(findings.filter(({ isDetail }) => !isDetail)),
    ...(details.length > 0 ? [folded(`${details.length} more, pair by pair`, list(details))] : []),
    plain(basis),
    ...(analysis.budgets ? [`## Budgets`, budgetList(analysis.budgets)] : []),
    ...highestRates(analysis),
    ...(isSearchAlone
      ? []
      : [
          `## Comparison`,
          ...(overview.rows.length > MOST_ROWS ? [rankLines(analysis.rankings)] : []),
          comparison(overview),
        ]),
    ...hops(analysis),
    ...ledger(analysis),
    ...targets(analysis),
    ...(isSearchAlone ? [] : [`## Trials`, leftOut(analysis)]),
    ...(analysis.warnings.length > 0
      ? [
          folded(
            `${analysis.warnings.length} ${analysis.warnings.length === 1 ? 'warning' : 'warnings'}`,
            warnings(analysis),
          ),
        ]
      : []),
    `## Environment`,
    `${plain(environment.cpuModel)}, ${environment.cores} cores, ${plain(environment.os)}, kernel ${plain(environment.kernel)}, Node ${plain(environment.node)}${environment.virtualised ? `, ${plain(environment.virtualised)}` : ''}; hopcost ${plain(run.hopcost)}${run.revision ? ` at ${plain(run.revision.slice(0, 12))}` : ''}; preset ${plain(run.preset)}, seed ${run.seed}.`,
    `## Run it again`,
    fenced(repeatCommand(run)),
  ];
  return `${sections.join('\n\n')}\n`;
}

export const reportMarkdown: Exporter = { format: 'markdown', file: 'report.md', render };
