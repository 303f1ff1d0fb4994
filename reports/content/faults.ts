/** When things break: who held, at a glance; each fault with its figures and its course; and what the policies cost when nothing is wrong. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import type { FaultGroup, FaultResult, FaultRow, Faults } from '#bench/analysis/faults/faults.ts';
import type { FaultVerdict } from '#bench/analysis/faults/outcome.ts';
import { seconds } from '#bench/analysis/faults/words.ts';
import { counted, integer, percent } from '#bench/analysis/words/quantity.ts';
import type { FaultAct } from '#bench/model/fault.ts';
import { faultChart } from '../charts/fault-course.ts';
import { figureOf } from '../document/table.ts';
import { type Badge, type Block, type Cell, type Fold, paragraph, type Section, type Table } from '../document/tree.ts';

const BADGES: Readonly<Record<FaultVerdict, Badge>> = {
  held: { word: '✓', tone: 'good', meaning: 'no request failed, and at most one in a thousand was late' },
  hurt: { word: '⚠', tone: 'care', meaning: 'up to 1 % of the requests failed or were late' },
  broken: { word: '✗', tone: 'bad', meaning: 'more than 1 % of the requests failed or were late' },
};

const WITHOUT = ' without';
const nameOf = ({ subject, policies }: FaultRow): string =>
  subject === 'direct' || policies === 'on' ? subject : `${subject}${WITHOUT}`;
const anchorOf = ({ fault }: FaultGroup): string => `fault-${fault.name}`;

export function faultsSection({ faults }: Analysis): Section[] {
  if (!faults || faults.groups.length === 0) return [];
  return [
    {
      kind: 'section',
      id: 'faults',
      title: 'When things break',
      short: 'Faults',
      blocks: [
        matrix(faults),
        paragraph(
          '✓ nobody noticed; ⚠ up to 1 % of the requests failed or took a quarter of a second and more; ✗ more did. Beside it the share that failed, and for how long, from the first to the last. “without”: none of the policies; direct: users of the one origin that is in trouble.',
          'soft',
        ),
        ...priceBlocks(faults),
      ],
    },
  ];
}

function matrix({ groups }: Faults): Table {
  const names = [...new Set(groups.flatMap(({ rows }) => rows.map(nameOf)))];
  return {
    kind: 'table',
    label: 'what users noticed of each fault',
    head: 'Subject',
    columns: groups.map(({ fault }) => ({ title: fault.name })),
    rows: names.map((head) => ({
      head,
      cells: groups.map((group): Cell => {
        const row = group.rows.find((one) => nameOf(one) === head);
        return row ? verdictCell(row, anchorOf(group)) : null;
      }),
    })),
  };
}

function verdictCell({ result }: FaultRow, to: string): Cell {
  if (!result)
    return {
      badge: { word: '–', tone: 'quiet', meaning: 'not put to it, or failed: the reason stands with the fault' },
      to,
    };
  const badge = BADGES[result.verdict];
  const text = figures(result);
  return { badge, ...(text !== '' && { text }), to };
}

/** '1.2 %, 0.4 s'; only what is above zero. */
function figures({ failed, late, scheduled, failedFor }: FaultResult): string {
  if (failed > 0) return `${percent(failed / scheduled)}${failedFor ? `, ${seconds(failedFor)}` : ''}`;
  return late > 0 ? `${percent(late / scheduled)} late` : '';
}

function priceBlocks({ prices }: Faults): Block[] {
  if (prices.length === 0) return [];
  return [
    {
      kind: 'table',
      label: 'what the policies cost when nothing is wrong',
      head: 'Subject',
      columns: [
        { title: 'CPU per request without', short: 'without', unit: 'µs' },
        { title: 'CPU per request with policies', short: 'with', unit: 'µs' },
        { title: 'With over without', short: 'with ÷ without', unit: 'ratio' },
        { title: 'Policies' },
      ],
      rows: prices.map(({ subject, on, off, ratio, given }) => ({
        head: subject,
        cells: [{ value: off }, { value: on }, figureOf(ratio), given.join(', ')],
      })),
    },
    paragraph(
      'Checks of health run by the clock, so that at the low rate of these scenarios they weigh more than they would at a high one.',
      'soft',
    ),
  ];
}

/** Each fault at length. */
export function faultFolds(analysis: Analysis): Fold[] {
  return (analysis.faults?.groups ?? []).map((group): Fold => {
    const { fault, rows } = group;
    const unable = rows.filter(({ why }) => why !== null);
    return {
      kind: 'fold',
      id: anchorOf(group),
      title: fault.name,
      note: fault.summary,
      blocks: [
        ...(rows.some(({ result }) => result) ? [table(group)] : []),
        ...faultChart(analysis, group, 'on'),
        ...faultChart(analysis, group, 'off'),
        ...(unable.length > 0
          ? [{ kind: 'items' as const, items: unable.map((row) => ({ text: `${nameOf(row)}: ${row.why}` })) }]
          : []),
        scriptBlock(group),
      ],
    };
  });
}

const time = (value: number | null | undefined): Cell =>
  value === undefined ? null : value === null ? 'not within the window' : { value: 1_000 * value };

const table = ({ fault, rows }: FaultGroup): Table => ({
  kind: 'table',
  label: `what users saw of ${fault.name}`,
  head: 'Subject',
  columns: [
    { title: 'Requests' },
    { title: 'Failed' },
    { title: 'First to last failure', short: 'for', unit: 'µs' },
    { title: 'Late' },
    { title: 'p99 outside the trouble', short: 'p99 outside', unit: 'µs' },
    { title: 'p99 inside', unit: 'µs' },
    { title: 'Detected after', short: 'detected', unit: 'µs' },
    { title: 'Recovered after', short: 'recovered', unit: 'µs' },
    { title: 'Requests at the origins beyond those sent', short: 'extra' },
    { title: 'Not offered' },
  ],
  rows: rows.flatMap((row) => {
    const { result } = row;
    if (!result) return [];
    return [
      {
        head: nameOf(row),
        ...(result.disturbed > 0 && { note: `host disturbed in ${result.disturbed} of ${row.repeats}` }),
        cells: [
          integer(result.scheduled),
          integer(result.failed),
          result.failedFor === null ? null : { value: 1_000 * result.failedFor },
          integer(result.late),
          result.p99.outside === null ? null : { value: result.p99.outside },
          result.p99.inside === null ? null : { value: result.p99.inside },
          time(result.detected),
          time(result.recovered),
          integer(result.extra),
          row.withheld.length > 0 ? row.withheld.join(', ') : null,
        ],
      },
    ];
  }),
});

/** What was done, and when. */
const scriptBlock = ({ fault: { steps, origins, capacity, offered, window } }: FaultGroup): Block => ({
  kind: 'facts',
  facts: [
    [
      'Origins',
      `${counted(origins, 'origin')} of ${integer((1_000 * capacity.slots) / capacity.service)} requests a second each`,
    ],
    ['Users', `${integer(offered)} requests a second, over ${seconds(window)}`],
    ...steps.map(({ at, act }): [string, string] => [seconds(at), actWords(act)]),
  ],
});

function actWords(act: FaultAct): string {
  if (act.kind === 'reload') return 'the proxy is handed another configuration';
  const of = `origin ${act.origin + 1}`;
  switch (act.kind) {
    case 'steer':
      return `${of} is told: ${conditionWords(act.condition)}`;
    case 'kill':
      return `${of} is killed`;
    case 'start':
      return `${of} is there again${act.condition ? `: ${conditionWords(act.condition)}` : ''}`;
    case 'pause':
      return `${of} stands still`;
    case 'black-hole':
      return `${of} stands still, and takes no connections`;
    case 'resume':
      return `${of} goes on`;
  }
}

type Condition = Extract<FaultAct, { kind: 'steer' }>['condition'];

function conditionWords(condition: Condition): string {
  switch (condition.kind) {
    case 'well':
      return 'serve';
    case 'refusing':
      return 'reset every connection';
    case 'failing':
      return `answer ${condition.status}`;
    case 'slow':
      return `take ${condition.factor} times as long`;
    case 'cold':
      return `take ${condition.factor} times as long, less and less for ${seconds(condition.over)}`;
  }
}
