/**
 * What an L7 hop does that an L4 hop does not, with this run's own accounts: from the L4 hop as measured, part by part, to the L7 hop and
 * on to the one with TLS. The difference of what two accounts leave unexplained is a step like any other.
 */
import type { Account, Analysis, Estimate } from '#bench/analysis/analysis.ts';
import { COSTS, PARTS, type PartName } from '#bench/analysis/ledger/account.ts';
import { metric } from '#bench/analysis/figures/metrics.ts';
import type { Unit } from '#bench/analysis/words/quantity.ts';

export interface Step {
  readonly name: string;
  readonly kind: 'measured' | 'micro-benchmark' | 'rest' | 'difference';
  /** Per request in the account's unit; of a total, the whole of it. */
  readonly value: number;
  readonly isTotal: boolean;
  readonly words: string;
}

export interface Decomposition {
  readonly unit: Unit;
  readonly l4: Account;
  readonly l7: Account;
  readonly tls: Account | null;
  readonly steps: readonly Step[];
}

/** The accounts of the reference hops, L4 first. */
export const referenceAccounts = ({ ledger }: Analysis): Account[] =>
  ledger.accounts
    .filter(({ isReference, cost }) => isReference && cost === 'CPU')
    .toSorted((a, b) => a.layer.localeCompare(b.layer) || Number(a.tls) - Number(b.tls));

export const unitOf = ({ cost }: Account): Unit => metric(COSTS[cost].whole).unit;

/** Undefined where L4 or L7 of the reference family has no account in this run. */
export function decompose(analysis: Analysis): Decomposition | undefined {
  const accounts = referenceAccounts(analysis);
  const of = (layer: Account['layer'], withTls: boolean): Account | undefined =>
    accounts.find((account) => account.layer === layer && account.tls === withTls);
  const [l4, l7, tls] = [of('l4', false), of('l7', false), of('l7', true)];
  if (!l4 || !l7) return undefined;
  const total = (name: string, { whole }: Account, words: string): Step => {
    return { name, kind: 'measured', value: whole.value, isTotal: true, words };
  };
  return {
    unit: unitOf(l7),
    l4,
    l7,
    tls: tls ?? null,
    steps: [
      total('L4 hop', l4, 'moves bytes between two sockets, reads none'),
      ...stepsBetween(l4, l7),
      total('L7 hop', l7, 'reads, decides, reissues'),
      ...(tls ? [...stepsBetween(l7, tls), total('L7 hop with TLS', tls, 'the same behind a TLS listener')] : []),
    ],
  };
}

/** Steps smaller than this part of where they lead to are drawn as one. */
const SMALL = 0.01;

function stepsBetween(from: Account, to: Account): Step[] {
  const of = ({ parts }: Account, part: PartName) => parts.find((one) => one.part === part);
  const steps = (Object.keys(PARTS) as PartName[]).flatMap((part): Step[] => {
    const [before, after] = [of(from, part), of(to, part)];
    const value = (after?.estimate.value ?? 0) - (before?.estimate.value ?? 0);
    if (!before && !after) return [];
    const isNew = after !== undefined && before === undefined;
    return [
      {
        name: isNew ? after.name : `${PARTS[part].name}: ${value < 0 ? 'less' : 'more'}`,
        kind: isNew && after.method === 'micro-benchmark' ? 'micro-benchmark' : 'difference',
        value,
        isTotal: false,
        words: isNew ? after.words : `against the ${from.layer === 'l4' ? 'L4' : 'plain L7'} hop: ${PARTS[part].words}`,
      },
    ];
  });
  const large = steps.filter(({ value }) => Math.abs(value) >= SMALL * to.whole.value);
  const small = steps.filter((step) => !large.includes(step) && step.value !== 0);
  const rest: Step = {
    name: 'not explained',
    kind: 'rest',
    value: to.unexplained.value - from.unexplained.value,
    isTotal: false,
    words: 'what is left of the measured hop when all its parts are taken off',
  };
  return [
    ...large,
    ...(small.length > 0
      ? [
          {
            name: 'smaller parts',
            kind: 'difference' as const,
            value: small.reduce((sum, { value }) => sum + value, 0),
            isTotal: false,
            words: small.map(({ name }) => name).join(', '),
          },
        ]
      : []),
    rest,
  ];
}

export const partOf = ({ parts }: Account, name: PartName): Estimate | undefined =>
  parts.find(({ part }) => part === name)?.estimate;
