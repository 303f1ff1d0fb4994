/** The summary on stdout: findings, the comparison, what was left out. 80 columns; colour only when asked for. */
import type { Analysis, Finding } from '#bench/analysis/analysis.ts';
import type { BudgetOutcome } from '#bench/analysis/budget-outcome.ts';
import { formatQuantity } from '#bench/analysis/words/quantity.ts';
import { chainTable } from './chains.ts';
import { fit, type Paint, painter, printable, type Style, WIDTH, wrap } from './columns.ts';
import { kneeTables } from './knees.ts';
import { allCompleted, leftOutOf } from './left-out.ts';
import { overviewOf } from './overview.ts';
import { STRENGTHS } from './strength.ts';
import { TARGET_COLUMNS, TARGET_NOTE, targetTables } from './targets.ts';

const SUBJECT_WIDTH = 16;
const MOST_SUBJECT = 22;
/** More subjects than these stand under the names of their layers. */
const MOST_UNGROUPED = 8;
const MOST_LISTED = 5;

const STYLE_OF: Readonly<Record<Finding['strength'], Style>> = {
  claim: 'green',
  look: 'yellow',
  'cannot tell': 'dim',
  note: 'dim',
};
const BUDGET_STYLES: Readonly<Record<BudgetOutcome['state'], Style>> = {
  kept: 'green',
  exceeded: 'red',
  unknown: 'yellow',
};
const LABEL_WIDTH = 10;

export function renderTerminal(analysis: Analysis, { colour = false }: { colour?: boolean } = {}): string {
  const paint = painter(colour);
  const { findings, basis, trials, warnings, state, budgets = [] } = analysis;
  const lines: string[] = [''];
  const labelled = (style: Style, label: string, text: string): void => {
    const indent = LABEL_WIDTH + 3;
    const [first = '', ...more] = wrap(printable(text), WIDTH - indent);
    lines.push(
      ` ${paint(style, label.padEnd(LABEL_WIDTH))}  ${first}`,
      ...more.map((line) => `${' '.repeat(indent)}${line}`),
    );
  };

  if (state !== 'completed')
    lines.push(paint('yellow', `The run was ${state}: this is what was measured until then.`), '');
  const main = findings.filter(({ isDetail }) => !isDetail);
  for (const { sentence, strength } of main) labelled(STYLE_OF[strength], STRENGTHS[strength].label, sentence);
  if (main.length < findings.length)
    labelled('dim', '', `… and ${findings.length - main.length} more, pair by pair, in report.html`);
  lines.push('', ...wrap(basis, WIDTH - 2).map((line) => paint('dim', ` ${line}`)), '');
  for (const { text, state: outcome, reason } of budgets)
    labelled(BUDGET_STYLES[outcome], outcome, `${text}: ${reason}.`);
  if (budgets.length > 0) lines.push('');
  lines.push(
    ...knees(analysis, paint),
    ...comparison(analysis, paint),
    ...hops(analysis, paint),
    ...targets(analysis, paint),
  );

  const out = leftOutOf(trials);
  if (out.length === 0 && (trials.length > 0 || !analysis.knees))
    lines.push(...wrap(printable(allCompleted(analysis)), WIDTH - 2).map((line) => ` ${line}`));
  for (const { state: kind, scenario, subject, rounds, note } of out.slice(0, MOST_LISTED))
    lines.push(paint('yellow', fit(printable(` ${kind}  ${scenario} · ${subject} · ${rounds}: ${note}`), WIDTH)));
  if (out.length > MOST_LISTED) {
    const more = out.slice(MOST_LISTED).reduce((sum, one) => sum + one.trials, 0);
    lines.push(` … and ${more} more ${more === 1 ? 'trial' : 'trials'} in no figure; trials.csv lists them all`);
  }
  for (const { code, trials: carrying } of warnings)
    lines.push(
      paint(
        'dim',
        ` warning  ${code}${carrying > 0 ? ` in ${carrying} of ${trials.length} trials` : ' for the whole run'}`,
      ),
    );
  return `${lines.join('\n')}\n`;
}

/** Nothing where all subjects ran here. */
function targets(analysis: Analysis, paint: (style: Style, text: string) => string): string[] {
  const tables = targetTables(analysis);
  const note = tables.length > 0 ? [...wrap(TARGET_NOTE, WIDTH - 2).map((line) => paint('dim', ` ${line}`)), ''] : [];
  return tables
    .flatMap(({ title, rows }) => {
      const shown = rows.map(({ subject, cells }) => [subject, ...cells.map((cell) => cell?.figure ?? '–')]);
      const widths = TARGET_COLUMNS.map((name, i) => Math.max(name.length, ...shown.map((row) => row[i + 1]!.length)));
      const line = ([subject, ...cells]: readonly string[]): string =>
        ` ${fit(printable(subject!), SUBJECT_WIDTH).padEnd(SUBJECT_WIDTH)}${cells.map((cell, i) => `  ${cell.padStart(widths[i]!)}`).join('')}`;
      return [paint('bold', ` ${printable(title)}`), line(['subject', ...TARGET_COLUMNS]), ...shown.map(line), ''];
    })
    .concat(note);
}

/** As many columns as fit the width; those that do not are in the other reports. */
function comparison(analysis: Analysis, paint: Paint): string[] {
  const { columns, rows, offered, time } = overviewOf(analysis);
  if (analysis.trials.length === 0 && analysis.knees) return []; // a search alone
  const subjectWidth = Math.max(8, Math.min(MOST_SUBJECT, Math.max(0, ...rows.map(({ subject }) => subject.length))));
  const ranks = rows.map(({ rank }) => (rank ? `${rank.strength === 'look' ? '≈' : ''}${rank.words}` : '–'));
  const cells = (index: number, of: 'figure' | 'interval'): string[] =>
    rows.map((row) => row.cells[index]?.[of] ?? '–');
  const all = [
    ...(rows.some(({ rank }) => rank) ? [{ short: 'rank', cells: ranks }] : []),
    ...columns.flatMap(({ short }, index) => [
      { short, cells: cells(index, 'figure') },
      // Of the first figure the interval too: it is what ranks are made of.
      ...(index === 0 ? [{ short: 'interval', cells: cells(index, 'interval') }] : []),
    ]),
  ];
  let room = WIDTH - 1 - subjectWidth;
  const shown = all.flatMap((column) => {
    const width = Math.max(column.short.length, ...column.cells.map((cell) => cell.length));
    room -= width + 2;
    return room >= 0 ? [{ ...column, width }] : [];
  });
  const line = (subject: string, of: readonly string[]): string =>
    ` ${fit(printable(subject), subjectWidth).padEnd(subjectWidth)}${of.map((cell, i) => `  ${cell.padStart(shown[i]!.width)}`).join('')}`;
  const head = line(
    'subject',
    shown.map(({ short }) => short),
  );
  const body = rows.flatMap(({ subject, group }, at) => {
    const starts = rows.length > MOST_UNGROUPED && group !== 'direct' && group !== rows[at - 1]?.group;
    const row = line(
      subject,
      shown.map((column) => column.cells[at]!),
    );
    return starts ? [paint('dim', ` ${group}`), row] : [row];
  });
  const notes = [
    ...(offered !== null && shown.some(({ short }) => short.startsWith('+'))
      ? [`+ against direct, ${time} time at ${formatQuantity(offered, '/s')}`]
      : []),
    ...(shown.some(({ short }) => short === 'rank')
      ? ['rank in its layer by CPU per request; 2–3: one of both; ≈: a first look']
      : []),
  ];
  return [paint('bold', head), ...body, ...notes.map((note) => paint('dim', ` ${note}`)), ''];
}

/** Searched knees, a table a scenario; empty where none was searched. */
function knees(analysis: Analysis, paint: Paint): string[] {
  return kneeTables(analysis).flatMap(({ title, heads, rows }) => {
    const widths = heads.map((head, i) => Math.max(head.length, ...rows.map(({ cells }) => cells[i]!.length)));
    const line = (name: string, of: readonly string[]): string =>
      fit(
        ` ${fit(printable(name), SUBJECT_WIDTH).padEnd(SUBJECT_WIDTH)}${of.map((cell, i) => `  ${cell.padStart(widths[i]!)}`).join('')}`,
        WIDTH,
      );
    return [
      ...wrap(title, WIDTH - 2).map((text) => paint('dim', ` ${text}`)),
      paint('bold', line('subject', heads)),
      ...rows.map(({ subject, cells }) => line(subject, cells)),
      '',
    ];
  });
}

/** Cost per hop, where proxies stood in a row; empty where none did. */
function hops(analysis: Analysis, paint: (style: Style, text: string) => string): string[] {
  const found = chainTable(analysis, true);
  if (!found) return [];
  const columns = ['per hop', 'interval', ...found.heads];
  const cells = found.rows.map(({ perHop, interval, lengths }) => [perHop, interval, ...lengths]);
  const widths = columns.map((head, i) => Math.max(head.length, ...cells.map((row) => row[i]!.length)));
  const line = (name: string, of: readonly string[]): string =>
    ` ${fit(printable(name), SUBJECT_WIDTH).padEnd(SUBJECT_WIDTH)}${of.map((cell, i) => `  ${cell.padStart(widths[i]!)}`).join('')}`;
  return [
    paint('bold', `${line('in a row', columns)}  linear`),
    ...found.rows.map(({ label, linear }, i) => {
      const short = linear === 'cannot tell' ? '?' : linear.replace(/:.*/, '');
      return fit(`${line(label, cells[i]!)}  ${short}`, WIDTH);
    }),
    '',
  ];
}
