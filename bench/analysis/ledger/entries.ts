/**
 * What the parts of a hop are known by. No piece of CPU time is in two of them: the kernel's half is the hop's own; in user space the
 * loop is what an L4 hop of the same maker takes beyond relaying; what only L7 does is measured apart, piece within piece; TLS is what
 * the same hop takes more with it.
 */
import type { MicroRecord, SubjectRecord } from '#bench/model/record.ts';
import { type Scenario, subjectName } from '#bench/model/scenario.ts';
import type { Rounds } from '../comparison/comparison.ts';
import type { FiguresBy } from '../figures/figures.ts';
import { COSTS, type Cost, type Entry, type Missing } from './account.ts';
import { less, microsIn } from './micro.ts';
import { httpOf, isSingle, scenarioOf, USUAL } from '../scenarios/roles.ts';

export interface Books {
  readonly subjects: readonly SubjectRecord[];
  readonly scenarios: readonly Scenario[];
  readonly figures: FiguresBy;
  readonly micro: readonly MicroRecord[];
}

export interface Found {
  readonly entries: readonly Entry[];
  readonly missing: readonly Missing[];
}

/** Round by round, where both have it. */
export function minus(a: Rounds, b: Rounds): Rounds {
  return new Map(
    [...a].flatMap(([round, value]): [number, number][] => {
      const other = b.get(round);
      return other === undefined ? [] : [[round, value - other]];
    }),
  );
}
export const times = (rounds: Rounds, factor: number): Rounds =>
  new Map([...rounds].map(([round, value]) => [round, value * factor]));

/** The code that the micro-benchmarks are of: all of the references' maker. */
const isOurs = ({ family }: SubjectRecord, { subjects }: Books): boolean =>
  subjects.some((one) => one.isReference && one.family === family);

const HEAD = ['http'];
const ROUTE = ['routing', 'cluster'];

/** Plain hops: no TLS at this hop. */
export function plainEntries(record: SubjectRecord, cost: Cost, books: Books): Found {
  const plain = scenarioOf('plain', books.scenarios)!;
  const name = subjectName(record.subject);
  const { user, system } = COSTS[cost];
  const of = (half: typeof user | typeof system, subject = name, scenario = plain.name): Rounds =>
    books.figures(scenario, subject).get(half) ?? new Map();
  const ours = isOurs(record, books);
  const timed = cost === 'CPU' && ours; // nanoseconds of a micro-benchmark are no instructions
  const missing: Missing[] = [];
  const entries: Entry[] = [
    { part: 'kernel', side: 'system', figure: of(system), method: 'measured', source: `system ${cost} of ${name}` },
  ];

  const l4 = record.layer === 'l4' ? name : kinOf(record, 'l4', cost, books);
  const body = bodyOf(name, cost, plain, books);
  if (body)
    entries.push({
      part: 'body',
      side: 'user',
      figure: body.figure,
      method: 'slope',
      source: `user ${cost} of ${name}, ${body.download} less ${plain.name}, per octet × ${body.octets}`,
    });
  else
    missing.push({
      what: 'octets of the body',
      how: `they are in the other parts; run --scenarios ${USUAL.download} for their slope`,
    });

  const relay = timed ? microsIn(['relay'], books.micro) : undefined;
  if (l4 === undefined)
    missing.push({
      what: 'event loop and dispatch',
      how: `no L4 hop of the same maker was measured in ${plain.name}${ours ? '; add --proxies l4-tcp' : ''}`,
    });
  else {
    const copied = bodyOf(l4, cost, plain, books);
    const own = of(user, l4);
    const moved = copied ? minus(own, copied.figure) : own;
    const loop = relay ? new Map([...moved].map(([round, value]) => [round, value - relay.value])) : moved;
    const apart = [...(relay ? ['what it relays'] : []), ...(copied ? ['what grows with the body'] : [])];
    entries.push({
      part: 'loop',
      side: 'user',
      figure: loop,
      method: record.layer === 'l4' ? 'measured' : 'difference',
      source: `user ${cost} of ${l4}${apart.length > 0 ? ` less ${apart.join(' and ')}` : ''}`,
    });
  }
  if (record.layer === 'l4') {
    if (relay)
      entries.push({
        part: 'relay',
        side: 'user',
        figure: relay,
        method: 'micro-benchmark',
        source: 'micro-benchmark relay',
      });
    return { entries, missing };
  }
  if (!timed)
    return {
      entries,
      missing: [
        ...missing,
        {
          what: 'heads, route, exchange',
          how: ours
            ? 'the micro-benchmarks tell time, not instructions'
            : 'the micro-benchmarks are of the reference proxies’ code, not of this one’s',
        },
      ],
    };
  const work = workEntries(books.micro);
  return { entries: [...entries, ...work.entries], missing: [...missing, ...work.missing] };
}

/** What only an L7 hop does, by micro-benchmarks that contain each other: each part is what the smaller ones leave of the larger. */
function workEntries(micro: readonly MicroRecord[]): Found {
  const [head, route] = [microsIn(HEAD, micro), microsIn(ROUTE, micro)];
  const [exchange, inPlace] = [microsIn(['exchange'], micro), microsIn(['exchange-in-place'], micro)];
  const entry = (part: Entry['part'], figure: Entry['figure'] | undefined, source: string): Entry[] =>
    figure ? [{ part, side: 'user', figure, method: 'micro-benchmark', source: `micro-benchmarks ${source}` }] : [];
  const entries = [
    ...entry('head', head, 'http'),
    ...entry('route', route, 'routing, cluster'),
    ...entry('exchange', exchange && less(exchange, head, route), 'exchange less http, routing and cluster'),
    ...entry('cold', exchange && inPlace && less(inPlace, exchange), 'exchange-in-place less exchange'),
  ];
  const absent = entries.length < 4;
  return {
    entries,
    missing: absent
      ? [
          {
            what: entries.length === 0 ? 'heads, route, exchange' : 'exchange, and the same code in place',
            how: 'the run holds no such micro-benchmarks; they come at its end, unless it is interrupted',
          },
        ]
      : [],
  };
}

/** Hops that end TLS: what their plain twin takes, the kernel's half of their own, and what TLS adds in user space. */
export function tlsEntries(record: SubjectRecord, cost: Cost, books: Books): Found {
  const plain = scenarioOf('plain', books.scenarios);
  const encrypted = scenarioOf('encrypted', books.scenarios)!;
  const name = subjectName(record.subject);
  const { user, system } = COSTS[cost];
  const of = (half: typeof user | typeof system, subject: string, scenario: string): Rounds =>
    books.figures(scenario, subject).get(half) ?? new Map();
  const kernel: Entry = {
    part: 'kernel',
    side: 'system',
    figure: of(system, name, encrypted.name),
    method: 'measured',
    source: `system ${cost} of ${name}`,
  };
  const twin = plain && kinOf(record, 'l7', cost, books);
  const twinRecord = books.subjects.find(({ subject }) => subjectName(subject) === twin);
  if (!plain || !twinRecord || twin === undefined)
    return {
      entries: [kernel],
      missing: [
        {
          what: 'all but the kernel',
          how: `no plain L7 hop of the same maker was measured in ${plain?.name ?? USUAL.plain}${isOurs(record, books) ? '; add --proxies l4-tcp,l7-http' : ''}`,
        },
      ],
    };
  const { entries, missing } = plainEntries(twinRecord, cost, books);
  return {
    entries: [
      kernel,
      ...entries.filter(({ side }) => side === 'user'),
      {
        part: 'tls',
        side: 'user',
        figure: minus(of(user, name, encrypted.name), of(user, twin, plain.name)),
        method: 'difference',
        source: `user ${cost} of ${name} in ${encrypted.name} less that of ${twin} in ${plain.name}`,
      },
    ],
    missing,
  };
}

/** A measured plain hop of the same maker. */
export function kinOf(record: SubjectRecord, layer: 'l4' | 'l7', cost: Cost, { subjects, scenarios, figures }: Books) {
  const plain = scenarioOf('plain', scenarios);
  if (!plain) return undefined;
  return subjects
    .filter((other) => other.family === record.family && other.layer === layer && !other.tls && isSingle(other))
    .map(({ subject }) => subjectName(subject))
    .find((name) => (figures(plain.name, name).get(COSTS[cost].whole)?.size ?? 0) > 0);
}

/** User cost of the octets that a plain answer has, by the slope to the largest one. */
function bodyOf(name: string, cost: Cost, plain: Scenario, { scenarios, figures }: Books) {
  const download = scenarioOf('download', scenarios);
  const [small, large] = [httpOf(plain)?.expect.bodyBytes, download && httpOf(download)?.expect.bodyBytes];
  if (!download || small === undefined || large === undefined || large <= small) return undefined;
  const of = (scenario: string): Rounds => figures(scenario, name).get(COSTS[cost].user) ?? new Map();
  const figure = times(minus(of(download.name), of(plain.name)), small / (large - small));
  return figure.size > 0 ? { figure, octets: small as number, download: download.name } : undefined;
}
