/** The accounts of the reference hops in a sentence each: how much the parts explain, which they are, what is left. */
import type { Finding } from '../analysis.ts';
import { strengthOfFigure } from '../comparison/comparison.ts';
import { metric } from '../figures/metrics.ts';
import { formatQuantity, percent } from '../words/quantity.ts';
import { type Account, type AccountPart, COSTS, ENOUGH } from './account.ts';

export const ledgerFindings = (accounts: readonly Account[]): Finding[] =>
  accounts
    // Of an L4 hop the sum proves nothing.
    .filter(({ isReference, layer, cost }) => isReference && layer === 'l7' && cost === 'CPU')
    .map((account): Finding => ({
      sentence: sentenceOf(account),
      strength: account.disturbed ? 'cannot tell' : strengthOfFigure(account.explained),
      restsOn: [COSTS[account.cost].whole],
      scenario: account.scenario,
      part: 'ledger',
    }));

/** Parts smaller than this share of the whole are left to the tables. */
const SHOWN = 0.01;

/** '94 % (91–96 %)' */
export function shareWords({ explained: { value, low, high, n } }: Account): string {
  return `${percent(value)} (${n < 2 ? 'no interval' : `${percent(low).replace(/\u00a0%$/, '')}–${percent(high)}`})`;
}

const sentenceOf = (account: Account): string =>
  `${verdictWords(account)}.${account.disturbed ? ' Other processes had the core while the micro-benchmarks ran, so that their parts are too large.' : ''}`;

function verdictWords(account: Account): string {
  const { subject, cost, verdict, unexplained } = account;
  const list = listOf(account).join(', ');
  const share = shareWords(account);
  const left = formatQuantity(unexplained.value, metric(COSTS[cost].whole).unit);
  switch (verdict) {
    case 'explained':
      return `Where the ${cost} of ${subject} goes: ${list}; together ${share} of what was measured, ${left} ${unexplained.value < 0 ? 'too much' : 'unexplained'}`;
    case 'not explained':
      return `The ledger does not explain ${subject}: its parts come to ${share} of the ${cost}, less than ${percent(ENOUGH)} (${list}); ${left} unexplained`;
    case 'overlapping':
      return `The parts of the ledger overlap at ${subject}: they come to ${share} of the ${cost} that was measured (${list})`;
  }
}

/** Largest first; with TLS, what its plain twin takes in user space stands as one. */
function listOf({ tls, cost, whole, parts }: Account): string[] {
  const { unit } = metric(COSTS[cost].whole);
  const isOwn = ({ part }: AccountPart): boolean => !tls || part === 'tls' || part === 'kernel';
  const twin = parts.filter((part) => !isOwn(part)).reduce((sum, { estimate }) => sum + estimate.value, 0);
  return [
    ...parts.filter(isOwn).map(({ name, estimate: { value } }) => ({ name, value })),
    { name: 'what the plain hop takes in user space', value: twin },
  ]
    .filter(({ value }) => value >= SHOWN * whole.value)
    .toSorted((a, b) => b.value - a.value)
    .map(({ name, value }) => `${name} ${formatQuantity(value, unit)}`);
}

const VERDICTS: Readonly<Record<Account['verdict'], string>> = {
  explained: 'the parts explain it',
  'not explained': 'the ledger does not explain this hop',
  overlapping: 'the parts overlap: they come to more than was measured',
};

/** What must be known when an account is read: whether it holds, what is doubtful in it, what is not told apart and why. */
export const remarksOf = ({ verdict, byConstruction, notes, missing }: Account): string[] => [
  byConstruction
    ? 'its parts are its own two halves, user and kernel, so that they add up proves nothing'
    : VERDICTS[verdict],
  ...notes,
  ...missing.map(({ what, how }) => `not told apart, ${what}: ${how}`),
];
