/** What more of something costs: a head field, a KiB of body, a connection, a handshake. Each the difference of two scenarios, by round. */
import type { SubjectRecord } from '#bench/model/record.ts';
import { type Role, type Scenario, subjectName } from '#bench/model/scenario.ts';
import type { Estimate } from '#bench/stats/estimate.ts';
import { hodgesLehmann } from '#bench/stats/hodges-lehmann.ts';
import { CONFIDENCE, type Rounds } from '../comparison/comparison.ts';
import { COSTS, type Cost, type Missing } from './account.ts';
import { type Books, kinOf, minus, times } from './entries.ts';
import { httpOf, isSingle, scenarioOf, USUAL } from '../scenarios/roles.ts';

const KIB = 1_024;

interface RateRow {
  readonly name: string;
  /** The scenario that has more of it, and the one that is taken off. */
  readonly more: Role;
  readonly less: Role;
  /** 'twin': TLS at this hop, against the plain hop of the same maker. */
  readonly against: 'itself' | 'twin';
  /** How many of it the one has more than the other. */
  readonly count: (more: Scenario, less: Scenario) => number;
}

const octets = (field: 'request' | 'expect') => (more: Scenario, less: Scenario) =>
  ((httpOf(more)?.[field].bodyBytes ?? 0) - (httpOf(less)?.[field].bodyBytes ?? 0)) / KIB;
const fields = (more: Scenario, less: Scenario): number =>
  (httpOf(more)?.request.headers.length ?? 0) - (httpOf(less)?.request.headers.length ?? 0);
const one = (): number => 1;

const ROWS: readonly RateRow[] = [
  { name: 'a further request field', more: 'head', less: 'plain', against: 'itself', count: fields },
  { name: 'a KiB of answer', more: 'download', less: 'plain', against: 'itself', count: octets('expect') },
  { name: 'a KiB of request body', more: 'upload', less: 'plain', against: 'itself', count: octets('request') },
  { name: 'a new connection', more: 'connection', less: 'plain', against: 'itself', count: one },
  { name: 'TLS on a kept connection', more: 'encrypted', less: 'plain', against: 'twin', count: one },
  { name: 'a resumed handshake', more: 'resumed', less: 'connection', against: 'twin', count: one },
  { name: 'a full handshake', more: 'handshake', less: 'connection', against: 'twin', count: one },
];

export interface Rate {
  readonly name: string;
  readonly subject: string;
  readonly cost: Cost;
  /** Of one of it, in the cost's unit; over rounds. */
  readonly estimate: Estimate;
  readonly source: string;
}

export function ratesOf(cost: Cost, books: Books): { rates: Rate[]; missing: Missing[] } {
  const { subjects, scenarios, figures } = books;
  const hops = subjects.filter(isSingle);
  const of = (scenario: string, subject: string): Rounds =>
    figures(scenario, subject).get(COSTS[cost].whole) ?? new Map();
  const missing: Missing[] = [];
  const rates = ROWS.flatMap(({ name, more, less, against, count }) => {
    const [with_, without] = [scenarioOf(more, scenarios), scenarioOf(less, scenarios)];
    if (!with_ || !without) {
      const absent = [more, less].filter((role) => !scenarioOf(role, scenarios)).map((role) => USUAL[role]);
      missing.push({ what: name, how: `run --scenarios ${absent.join(',')} as well` });
      return [];
    }
    return hops.flatMap((record): Rate[] => {
      const subject = subjectName(record.subject);
      const base = against === 'itself' ? (record.tls ? undefined : subject) : twinOf(record, cost, books);
      if (base === undefined) return [];
      const more = times(minus(of(with_.name, subject), of(without.name, base)), 1 / count(with_, without));
      if (more.size === 0) return [];
      return [
        {
          name,
          subject,
          cost,
          estimate: hodgesLehmann([...more.values()], CONFIDENCE),
          source: `${subject} in ${with_.name} less ${base === subject ? '' : `${base} in `}${without.name}${count === one ? '' : `, ÷ ${Number(count(with_, without).toPrecision(6))}`}`,
        },
      ];
    });
  });
  return { rates, missing };
}

const twinOf = (record: SubjectRecord, cost: Cost, books: Books): string | undefined =>
  record.tls ? kinOf(record, 'l7', cost, books) : undefined;
