/** Hops whose cost is put together of known parts: the ledger takes them apart again, and says what it cannot. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { analyse } from '#bench/analysis/analyse.ts';
import { type Account, type Cost, COSTS, type PartName } from '#bench/analysis/ledger/account.ts';
import type { Books } from '#bench/analysis/ledger/entries.ts';
import { ledgerFindings, remarksOf } from '#bench/analysis/ledger/findings.ts';
import { ledgerOf } from '#bench/analysis/ledger/ledger.ts';
import type { MetricName } from '#bench/analysis/figures/metrics.ts';
import type { MicroRecord } from '#bench/model/record.ts';
import { mulberry32 } from '#proxies/platform/random.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';
import { syntheticRun } from '#test/reports/synthetic-run.ts';
import { subjectRecord } from '#test/bench/subject-record.ts';

/** Microseconds of a request; `…PerOctet` and `perField` of one more of them. */
interface Truth {
  readonly kernel: number;
  readonly loop: number;
  readonly relay: number;
  readonly head: number;
  readonly route: number;
  readonly exchange: number;
  readonly cold: number;
  readonly tls: number;
  readonly left: number;
  readonly userPerOctet: number;
  readonly kernelPerOctet: number;
  readonly perField: number;
  readonly connection: number;
  readonly handshake: number;
}

const TRUTH: Truth = {
  kernel: 15,
  loop: 4,
  relay: 0.03,
  head: 0.9,
  route: 0.02,
  exchange: 1.4,
  cold: 1.2,
  tls: 24,
  left: 0.8,
  userPerOctet: 0.0002,
  kernelPerOctet: 0.0003,
  perField: 0.2,
  connection: 90,
  handshake: 900,
};

type Halves = readonly [user: number, system: number];

/** What a hop takes in a scenario, by the parts that it has. */
function halvesOf(subject: string, scenario: string, truth: Truth): Halves | undefined {
  const is = (part: string): boolean => subject.includes(part);
  const [l4, tls] = [is('l4') || is('stream'), is('tls')];
  const encrypted = scenario.startsWith('tls');
  if (tls !== encrypted && !(l4 && encrypted)) return undefined;
  const octets = scenario === 'http-download-1m' ? 1 << 20 : scenario === 'http-upload-64k' ? 65_536 + 8 : 200;
  const work = l4 ? truth.relay : truth.head + truth.route + truth.exchange + truth.cold + truth.left;
  const fields = scenario === 'http-large-head' && !l4 ? 40 * truth.perField : 0;
  const isNew = scenario !== 'tls-keepalive' && (encrypted || scenario === 'http-new-connection');
  const opened = isNew ? truth.connection : 0;
  const shaken = tls && isNew ? truth.handshake : 0;
  return [
    truth.loop + work + fields + octets * truth.userPerOctet + (tls && !isNew ? truth.tls : 0) + shaken,
    truth.kernel * (l4 ? 1 : 1.1) + octets * truth.kernelPerOctet + opened,
  ];
}

const micro = (suite: string, micros: number, off: number): MicroRecord => ({
  record: 'micro',
  suite,
  task: suite,
  perRequest: 1,
  median: micros * 1e3,
  low: micros * 1e3 * (1 - off),
  high: micros * 1e3 * (1 + off),
  samples: 400,
});

interface Making {
  readonly names?: readonly string[];
  readonly scenarios?: readonly string[];
  readonly rounds?: number;
  readonly noise?: number;
  readonly seed?: number;
  readonly benchmarks?: boolean;
  /** Microseconds that stand in for those of a suite. */
  readonly instead?: Readonly<Record<string, number>>;
  readonly cost?: Cost;
}

const REFERENCES = ['l4-tcp', 'l7-http', 'l7-tls'];
const EVERY = ['http-small', 'tls-keepalive', 'http-large-head', 'http-download-1m', 'http-upload-64k'];
const NEW = ['http-new-connection', 'tls-full-handshake'];

function books(truth: Truth, making: Making = {}): Books {
  const { names = REFERENCES, scenarios = [...EVERY, ...NEW], rounds = 12, noise = 0, seed = 1 } = making;
  const { benchmarks = true, instead = {}, cost = 'CPU' } = making;
  const random = mulberry32(seed);
  const normal = (): number => Array.from({ length: 12 }, random).reduce((a, b) => a + b, -6);
  const { whole, user, system } = COSTS[cost];
  const known = new Map(
    names.flatMap((name) =>
      scenarios.flatMap((scenario): [string, ReadonlyMap<MetricName, ReadonlyMap<number, number>>][] => {
        const halves = halvesOf(name, scenario, truth);
        if (!halves) return [];
        const columns: [Map<number, number>, Map<number, number>, Map<number, number>] = [
          new Map(),
          new Map(),
          new Map(),
        ];
        for (let round = 0; round < rounds; round++) {
          const [u, s] = halves.map((half) => half * Math.exp(noise * normal())) as [number, number];
          columns[0].set(round, u + s);
          columns[1].set(round, u);
          columns[2].set(round, s);
        }
        return [
          [
            `${scenario} ${name}`,
            new Map([
              [whole, columns[0]],
              [user, columns[1]],
              [system, columns[2]],
            ]),
          ],
        ];
      }),
    ),
  );
  const off = noise / 10;
  const exchange = truth.head + truth.route + truth.exchange;
  const suites = {
    http: truth.head,
    routing: truth.route / 2,
    cluster: truth.route / 2,
    exchange,
    'exchange-in-place': exchange + truth.cold,
    relay: truth.relay,
    sockets: 12,
    ...instead,
  };
  return {
    subjects: ['direct', ...names].map((name) => subjectRecord(name)),
    scenarios: SCENARIOS.filter(({ name }) => scenarios.includes(name)),
    figures: (scenario, subject) => known.get(`${scenario} ${subject}`) ?? new Map(),
    micro: benchmarks ? Object.entries(suites).map(([suite, micros]) => micro(suite, micros, off)) : [],
  };
}

const accountOf = (made: Books, subject: string, cost: Cost = 'CPU'): Account =>
  ledgerOf(made, []).accounts.find((account) => account.subject === subject && account.cost === cost)!;
const part = (account: Account, name: PartName) => account.parts.find((one) => one.part === name)?.estimate;
const near = (value: number | undefined, truth: number, what: string): void =>
  assert.ok(
    value !== undefined && Math.abs(value - truth) < 1e-6 * (1 + Math.abs(truth)),
    `${what}: ${value} for ${truth}`,
  );

const amount = (most: number) => fc.double({ min: 0.01, max: most, noNaN: true });
const truths = fc.record({
  kernel: amount(60),
  loop: amount(30),
  relay: amount(1),
  head: amount(10),
  route: amount(5),
  exchange: amount(10),
  cold: amount(10),
  tls: amount(60),
  left: fc.double({ min: -4, max: 20, noNaN: true }),
  userPerOctet: fc.double({ min: 0, max: 0.001, noNaN: true }),
  kernelPerOctet: fc.double({ min: 0, max: 0.001, noNaN: true }),
  perField: amount(1),
  connection: amount(200),
  handshake: amount(2_000),
});

test('a known decomposition comes back part by part, and what is in no part is what is left', () => {
  fc.assert(
    fc.property(truths, (truth) => {
      const made = books(truth, { rounds: 3 });
      const body = 200 * truth.userPerOctet;
      const l4 = accountOf(made, 'l4-tcp');
      const shared: [PartName, number][] = [
        ['loop', truth.loop],
        ['body', body],
      ];
      for (const [name, value] of [...shared, ['relay', truth.relay] as const])
        near(part(l4, name)?.value, value, name);
      near(l4.unexplained.value, 0, 'left of L4');
      for (const subject of ['l7-http', 'l7-tls']) {
        const account = accountOf(made, subject);
        const parts: [PartName, number][] = [
          ...shared,
          ['kernel', 1.1 * truth.kernel + 200 * truth.kernelPerOctet],
          ['head', truth.head],
          ['route', truth.route],
          ['exchange', truth.exchange],
          ['cold', truth.cold],
          ...(subject === 'l7-tls' ? ([['tls', truth.tls]] as [PartName, number][]) : []),
        ];
        for (const [name, value] of parts) near(part(account, name)?.value, value, `${subject} ${name}`);
        assert.equal(account.parts.length, parts.length, 'no part besides');
        near(account.unexplained.value, truth.left, `${subject} left`);
        const sum = account.parts.reduce((all, { estimate }) => all + estimate.value, account.unexplained.value);
        near(sum, account.whole.value, 'the column adds up');
        near(account.explained.value, 1 - truth.left / account.whole.value, 'share');
      }
    }),
    { seed: 3, numRuns: 200 },
  );
});

test('90 % of the whole is the mark: below it the ledger says that it does not explain the hop, above the whole that parts overlap', () => {
  const verdictAt = (left: number): string => accountOf(books({ ...TRUTH, left }), 'l7-http').verdict;
  const rest = accountOf(books({ ...TRUTH, left: 0 }), 'l7-http').whole.value;
  assert.equal(verdictAt(0), 'explained');
  assert.equal(verdictAt(rest * 0.11), 'explained', 'rest ÷ 0.9 less rest');
  assert.equal(verdictAt(rest * 0.112), 'not explained');
  assert.equal(verdictAt(-1), 'overlapping');
});

test('with noise the truth of each part lies in its interval about as often as that says, the remainder too', () => {
  const runs = 40;
  const misses = new Map<string, number>();
  const expected: readonly (readonly [PartName, number])[] = [
    ['kernel', 1.1 * TRUTH.kernel + 200 * TRUTH.kernelPerOctet],
    ['loop', TRUTH.loop],
    ['tls', TRUTH.tls],
    ['head', TRUTH.head],
  ];
  for (let seed = 1; seed <= runs; seed++) {
    const account = accountOf(books(TRUTH, { noise: 0.03, seed }), 'l7-tls');
    const told = [
      ...expected.map(([name, value]) => [name, part(account, name)!, value] as const),
      ['left', account.unexplained, TRUTH.left] as const,
    ];
    for (const [name, { low, high }, value] of told)
      if (!(low <= value && value <= high)) misses.set(name, (misses.get(name) ?? 0) + 1);
  }
  for (const [name, count] of misses)
    assert.ok(count <= 0.15 * runs, `${name} was missed ${count} of ${runs} times, 4 % stated`);
});

test('a noisy remainder that may be none is no overlap, and a part that comes out below zero is named', () => {
  const noisy = accountOf(books({ ...TRUTH, left: -0.05 }, { noise: 0.03 }), 'l7-http');
  assert.equal(noisy.verdict, 'explained');
  const doubled = accountOf(books(TRUTH, { instead: { http: 4 } }), 'l7-http');
  assert.ok(part(doubled, 'exchange')!.value < 0);
  near(doubled.unexplained.value, TRUTH.left, 'what contains the others is not counted with them');
  assert.ok(doubled.notes.some((note) => /^exchange, pool and timers came out below zero: .* overlap$/.test(note)));
});

test('an L4 hop’s own halves explain it by construction, and that is said', () => {
  const account = accountOf(books(TRUTH), 'l4-tcp');
  assert.equal(account.byConstruction, true);
  assert.match(remarksOf(account)[0]!, /that they add up proves nothing/);
  assert.equal(accountOf(books(TRUTH), 'l7-http').byConstruction, false);
});

test('micro-benchmarks that other processes disturbed are named: their parts are too large', () => {
  const made = books(TRUTH);
  const at = (share: number): Account =>
    accountOf({ ...made, micro: made.micro.map((record) => ({ ...record, share })) }, 'l7-http');
  const notes = (share: number): readonly string[] => at(share).notes;
  const said = (share: number) => ledgerFindings([at(share)])[0]!;
  assert.equal(said(0.97).strength, 'claim');
  assert.equal(said(0.62).strength, 'cannot tell');
  assert.match(said(0.62).sentence, /unexplained\. Other processes had the core .* too large\.$/);
  assert.deepEqual(notes(0.97), []);
  assert.match(
    notes(0.62).join().replaceAll('\u00a0', ' '),
    /other processes took up to 38 % of the core while the micro/,
  );
});

test('what is missing is said, with what would give it', () => {
  const said = (account: Account): string => account.missing.map(({ what, how }) => `${what}: ${how}`).join('; ');
  const small = books(TRUTH, { scenarios: ['http-small'], benchmarks: false });
  assert.match(said(accountOf(small, 'l7-http')), /octets of the body: .* --scenarios http-download-1m/);
  assert.match(said(accountOf(small, 'l7-http')), /heads, route, exchange: the run holds no such micro-benchmarks/);
  assert.equal(accountOf(small, 'l7-http').verdict, 'not explained');
  const alone = accountOf(books(TRUTH, { names: ['l7-http'] }), 'l7-http');
  assert.match(said(alone), /event loop and dispatch: no L4 hop of the same maker .* --proxies l4-tcp/);
  assert.equal(part(alone, 'loop'), undefined);
  const bare = accountOf(books(TRUTH, { names: ['l7-tls'] }), 'l7-tls');
  assert.match(said(bare), /all but the kernel: no plain L7 hop .* --proxies l4-tcp,l7-http/);
  assert.deepEqual(
    ledgerOf(small, [])
      .missing.map(({ what, how }) => [what, how])
      .slice(0, 2),
    [
      ['a further request field', 'run --scenarios http-large-head as well'],
      ['a KiB of answer', 'run --scenarios http-download-1m as well'],
    ],
  );
});

test('a hop of another maker has the parts that can be measured from outside: our micro-benchmarks are not of its code', () => {
  const made = books(TRUTH, { names: ['l4-tcp', 'nginx-stream', 'nginx-http', 'nginx-tls', 'node-http'] });
  const nginx = accountOf(made, 'nginx-http');
  assert.deepEqual(
    nginx.parts.map((one) => one.part),
    ['kernel', 'loop', 'body'],
  );
  assert.match(nginx.parts[1]!.source, /^user CPU of nginx-stream/);
  assert.match(nginx.missing.at(-1)!.how, /not of this one’s/);
  assert.ok(part(accountOf(made, 'nginx-tls'), 'tls'));
  assert.equal(part(accountOf(made, 'node-http'), 'loop'), undefined, 'no kin below it');
});

test('instructions are accounted for like CPU time where they are counted; nanoseconds are no part of them', () => {
  const account = accountOf(books(TRUTH, { cost: 'instructions' }), 'l7-http', 'instructions');
  assert.deepEqual(
    account.parts.map((one) => one.part),
    ['kernel', 'loop', 'body'],
  );
  near(part(account, 'loop')?.value, TRUTH.loop + TRUTH.relay, 'loop');
  assert.match(account.missing.at(-1)!.how, /time, not instructions/);
});

test('only rounds that have every part count, and how many is said', () => {
  const made = books(TRUTH);
  const lacking: Books = {
    ...made,
    figures(scenario, subject) {
      const figures = made.figures(scenario, subject);
      if (subject !== 'l4-tcp') return figures;
      return new Map([...figures].map(([name, rounds]) => [name, new Map([...rounds].filter(([round]) => round < 7))]));
    },
  };
  const account = accountOf(lacking, 'l7-http');
  assert.equal(account.whole.n, 7);
  assert.ok(account.notes.includes('rests on 7 of 12 rounds: the others lack a part'));
});

test('what more of something costs is found by differences of scenarios', () => {
  const { rates } = ledgerOf(books(TRUTH), []);
  const of = (name: string, subject: string) =>
    rates.find((rate) => rate.name === name && rate.subject === subject)?.estimate.value;
  near(of('a further request field', 'l7-http'), TRUTH.perField, 'field');
  near(of('a further request field', 'l4-tcp'), 0, 'field at L4');
  near(of('a KiB of answer', 'l7-http'), 1_024 * (TRUTH.userPerOctet + TRUTH.kernelPerOctet), 'KiB');
  near(of('a new connection', 'l4-tcp'), TRUTH.connection, 'connection');
  near(of('TLS on a kept connection', 'l7-tls'), TRUTH.tls, 'TLS');
  near(of('a full handshake', 'l7-tls'), TRUTH.handshake, 'handshake');
  assert.equal(of('a new connection', 'l7-tls'), undefined);
});

test('a whole run: its accounts, their resolution, the floor, and a sentence for each hop', () => {
  const records = syntheticRun();
  const { ledger, findings } = analyse(records);
  assert.deepEqual(ledger.accounts.map(({ subject }) => subject).slice(0, 3), ['l4-tcp', 'l7-http', 'l7-tls']);
  assert.equal(ledger.floor?.value, 7.9);
  const note = ledger.accounts[1]!.notes.find((one) => one.includes('ticks of 10 ms'))!.replaceAll('\u00a0', ' ');
  // 18.2 µs, 45 % in user space, about 50,000 requests a second: √(0.45 × 0.55 ÷ 91 ticks) × 18.2 µs.
  const [, error] = /± (\d+) ns in a round/.exec(note)!;
  assert.ok(Math.abs(Number(error) / 1_000 - Math.sqrt((0.45 * 0.55) / 91) * 18.2) < 0.05, note);
  const sentences = findings.map(({ sentence }) => sentence.replaceAll('\u00a0', ' '));
  assert.ok(
    sentences.some((one) =>
      /^Where the CPU of l7-http goes: kernel I\/O 10\.\d µs, .*; together 9\d % \(\d\d–\d\d %\) of what was measured, [\d.]+ [µn]s unexplained\.$/.test(
        one,
      ),
    ),
    sentences.join('\n'),
  );
  const worse = analyse({ ...records, micro: [] }).findings.map(({ sentence }) => sentence);
  assert.ok(worse.some((one) => one.startsWith('The ledger does not explain l7-http: its parts come to ')));
});
