/** Where the CPU of a request goes: L4 and L7 explained with this run's figures, then the accounts, what more of something costs, the evidence. */
import type { Account, Analysis } from '#bench/analysis/analysis.ts';
import { PARTS, type PartName } from '#bench/analysis/ledger/account.ts';
import { remarksOf, shareWords } from '#bench/analysis/ledger/findings.ts';
import type { LedgerSuite } from '#bench/analysis/ledger/micro.ts';
import { formatEstimate, formatQuantity } from '#bench/analysis/words/quantity.ts';
import { figureOf } from '../document/table.ts';
import { type Block, type Fold, type Item, paragraph, type Row, type Table, type Text } from '../document/tree.ts';
import { findingsOf } from './findings.ts';
import { decompose, type Decomposition, partOf, referenceAccounts, unitOf } from './decomposition.ts';

/** `charts`: the way from L4 to L7 drawn. */
export function ledgerFold(analysis: Analysis, charts: readonly Block[]): Fold[] {
  const { ledger } = analysis;
  const found = decompose(analysis);
  const references = referenceAccounts(analysis);
  const others = ledger.accounts.filter((account) => !references.includes(account));
  if (ledger.accounts.length === 0 && ledger.suites.length === 0) return [];
  const said = findingsOf(analysis, 'ledger');
  const blocks: Block[] = [
    ...(said.items.length > 0 ? [said] : []),
    ...(found ? explained(found, analysis) : []),
    ...charts,
    ...(references.length > 0 ? accountBlocks(references, 'reference hops') : []),
    ...ratesBlocks(analysis),
    ...missingBlocks(analysis),
    ...(others.length > 0
      ? [
          {
            kind: 'fold' as const,
            title: 'The other hops',
            note: 'as far as this run tells',
            blocks: [...Map.groupBy(others, ({ cost }) => cost).values()].flatMap((own) =>
              accountBlocks(own, `other hops, ${own[0]!.cost}`),
            ),
          },
        ]
      : []),
    ...(ledger.suites.length > 0 ? [suitesFold(ledger.suites)] : []),
  ];
  return [
    {
      kind: 'fold',
      id: 'ledger',
      title: 'Where a request’s CPU goes',
      note: 'L4 and L7 part by part',
      isBrief: true,
      blocks,
    },
  ];
}

/** What only an L7 hop does. */
const WORK: readonly PartName[] = ['head', 'route', 'exchange', 'cold'];

function explained({ unit, l4, l7, tls }: Decomposition, { ledger: { floor } }: Analysis): Block[] {
  const [kernel4, kernel7, loop] = [partOf(l4, 'kernel'), partOf(l7, 'kernel'), partOf(l4, 'loop')];
  const work = l7.parts.filter(({ part }) => WORK.includes(part));
  const over = l7.whole.value - l4.whole.value;
  const l4Words: Text = [
    'An ',
    { strong: 'L4 hop' },
    ' joins two sockets: it reads bytes from one and writes them to the other, and never learns what they mean. In ',
    { link: l4.scenario, to: `scenario-${l4.scenario}` },
    ` that took ${formatEstimate(l4.whole, unit)} of CPU per request`,
    kernel4
      ? `, ${formatQuantity(kernel4.value, unit)} of it in the kernel${loop ? ` and ${formatQuantity(loop.value, unit)} in the event loop` : ''}.`
      : '.',
    floor ? ` The same reads and writes in one process by itself take ${formatQuantity(floor.value, 'µs')}.` : '',
  ];
  const l7Words: Text = [
    'An ',
    { strong: 'L7 hop' },
    ' reads each request’s head, decides where it goes, takes a pooled connection, writes the head anew, and reads the answer’s head before it passes it on. ',
    `That took ${formatEstimate(l7.whole, unit)}${over > 0 ? `: ${formatQuantity(over, unit)} more` : ''}.`,
    kernel7 ? ` The kernel’s part is ${formatQuantity(kernel7.value, unit)}.` : '',
    work.length > 0
      ? ` What only L7 does, each measured by itself: ${work.map(({ name, estimate }) => `${name} ${formatQuantity(estimate.value, unit)}`).join(', ')}.`
      : '',
    ` ${leftWords(l7)}`,
  ];
  return [
    paragraph(l4Words),
    paragraph(l7Words),
    ...(tls ? [paragraph(tlsWords(tls, unit))] : []),
    paragraph(
      'What L7 buys for that: routing by path and host, pooled connections to the origin, retries, limits and filters, and an answer to every malformed request.',
      'soft',
    ),
  ];
}

function leftWords(account: Account): string {
  const left = formatEstimate(account.unexplained, unitOf(account));
  switch (account.verdict) {
    case 'explained':
      return `All parts together come to ${shareWords(account)} of the hop; ${account.unexplained.value < 0 ? `${left} too much is within what noise allows` : `${left} remain unexplained`}.`;
    case 'not explained':
      return `All parts together come to only ${shareWords(account)} of the hop: the ledger does not explain it.`;
    case 'overlapping':
      return `All parts together come to ${shareWords(account)} of the hop: some of them overlap.`;
  }
}

function tlsWords(tls: Account, unit: Decomposition['unit']): Text {
  const [records, kernel] = [partOf(tls, 'tls'), partOf(tls, 'kernel')];
  return [
    { strong: 'TLS' },
    ` in front of the same L7 hop (${tls.subject}) took ${formatEstimate(tls.whole, unit)} altogether`,
    records ? `, ${formatQuantity(records.value, unit)} of it for ${PARTS.tls.words}` : '',
    kernel ? `, and ${formatQuantity(kernel.value, unit)} in the kernel` : '',
    `. ${leftWords(tls)} Handshakes are not in it; connections are kept.`,
  ];
}

function accountBlocks(accounts: readonly Account[], label: string): Block[] {
  const unit = unitOf(accounts[0]!);
  const names = (Object.keys(PARTS) as PartName[]).filter((name) => accounts.some((one) => partOf(one, name)));
  const sources = (name: PartName): string =>
    [...new Set(accounts.flatMap(({ parts }) => parts.find(({ part }) => part === name)?.source ?? []))].join('; ');
  const rows: Row[] = [
    ...names.map((name) => ({
      head: PARTS[name].name,
      cells: [...accounts.map((one) => figureOf(partOf(one, name))), sources(name)],
    })),
    {
      head: 'unexplained',
      cells: [...accounts.map(({ unexplained }) => figureOf(unexplained)), 'the whole less its parts'],
    },
    { head: 'measured whole', cells: [...accounts.map(({ whole }) => figureOf(whole)), 'the hop’s own processes'] },
    { head: 'explained', cells: [...accounts.map((account) => shareWords(account)), 'sum of the parts ÷ the whole'] },
  ];
  const table: Table = {
    kind: 'table',
    label: `ledger, ${label}`,
    head: 'Part',
    columns: [...accounts.map(({ subject }) => ({ title: subject, unit })), { title: 'How it is known' }],
    rows,
  };
  const remarks = accounts.map((account): Item => ({
    text: [{ strong: account.subject }, `: ${remarksOf(account).join('; ')}.`],
  }));
  return [table, { kind: 'items', items: remarks }];
}

function ratesBlocks({ ledger: { rates } }: Analysis): Block[] {
  return [...Map.groupBy(rates, ({ cost }) => cost)].map(([cost, own]) => ({
    kind: 'table',
    label: 'what more of something costs',
    head: 'What more of something costs',
    columns: [
      { title: cost, unit: cost === 'CPU' ? 'µs' : 'instructions' },
      { title: 'Hop' },
      { title: 'How it is known' },
    ],
    rows: own.map(({ name, subject, estimate, source }) => ({
      head: name,
      cells: [figureOf(estimate), subject, source],
    })),
  }));
}

/** In one line: what this run does not tell of, and what would. */
function missingBlocks({ ledger: { missing } }: Analysis): Block[] {
  if (missing.length === 0) return [];
  const list = missing.map(({ what, how }) => `${what} (${how.replace(/^run | as well$/g, '')})`).join(', ');
  return [paragraph(`Not in this run: what more of these costs: ${list}.`, 'soft')];
}

const suitesFold = (suites: readonly LedgerSuite[]): Fold => ({
  kind: 'fold',
  title: 'The micro-benchmarks',
  note: 'each building block by itself',
  blocks: [
    paragraph(
      'Median with its 95 % interval over batches, times how often one proxied request needs it. Hot loops without sockets, but for exchange-in-place, whose clock runs between socket operations, and sockets, which are those operations themselves.',
      'soft',
    ),
    {
      kind: 'table',
      label: 'micro-benchmarks',
      head: 'Task',
      grouped: true,
      columns: [
        { title: 'Per operation', unit: 'ns' },
        { title: 'Operations a request' },
        { title: 'Time per request', unit: 'ns' },
      ],
      rows: suites.flatMap(({ suite, lines }) =>
        lines.map(({ task, median, low, high, perRequest, nanosPerRequest }) => ({
          head: task,
          group: suite,
          cells: [
            { value: median, low, high },
            perRequest > 0 ? String(perRequest) : null,
            nanosPerRequest > 0 ? { value: nanosPerRequest } : null,
          ],
        })),
      ),
    },
  ],
});
