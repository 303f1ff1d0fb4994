/** Ranks that the rounds support: held against true costs, few of which differ. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import type { Noise } from '#bench/analysis/comparison/noise.ts';
import {
  describeRanking,
  type Ranking,
  rankingsOf,
  strengthOfRanking,
  tiesOf,
} from '#bench/analysis/comparison/ranking.ts';
import { normals } from '#test/bench/stats/normals.ts';
import { syntheticRun, type Truth, TRUTHS } from '#test/reports/synthetic-run.ts';

const hop = { layer: 'l7', userShare: 0.5, hop: 80, idleBytes: 9_000 } as const;
const direct: Truth = { name: 'direct', layer: 'direct', cpu: 0, userShare: 0, hop: 0, idleBytes: 0 };
const named = (cpus: Readonly<Record<string, number>>): Truth[] => [
  direct,
  ...Object.entries(cpus).map(([name, cpu]) => ({ ...hop, name, cpu })),
];
const run = (cpus: Readonly<Record<string, number>>, more: Parameters<typeof syntheticRun>[0] = {}) =>
  analyse(
    syntheticRun({
      subjects: named(cpus),
      scenarios: ['http-small'],
      mishaps: false,
      micro: false,
      noise: 0.01,
      ...more,
    }),
  );
const ranks = ({ ranked }: Ranking) => ranked.map(({ subject, from, to }) => [subject, from, to]);
const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

test('what differs has a rank of its own, what does not shares one', () => {
  const [ranking] = run({ dear: 90, 'twin-a': 30, cheap: 20, 'twin-b': 30, middle: 45 }).rankings;
  assert.deepEqual(
    ranks(ranking!).map(([name, from, to]) =>
      String(name).startsWith('twin') ? ['twin', from, to] : [name, from, to],
    ),
    [
      ['cheap', 1, 1],
      ['twin', 2, 3],
      ['twin', 2, 3],
      ['middle', 4, 4],
      ['dear', 5, 5],
    ],
  );
  assert.ok(ranking!.ranked.every(({ strength }) => strength === 'claim'));
  assert.deepEqual(
    tiesOf(ranking!).map((tie) => tie.map(({ subject }) => subject).toSorted((a, b) => a.localeCompare(b))),
    [['twin-a', 'twin-b']],
  );
  assert.equal(strengthOfRanking(ranking!), 'claim');
  assert.match(
    plain(describeRanking(ranking!)),
    /^CPU per request of 5 L7 proxies: from (19|20)\.\d µs \(.*\) in cheap to (89|90)\.\d µs \(.*\) in dear, 4\.\d\d× as much\. Ranks 2–3 \(twin-[ab], twin-[ab]\) cannot be told apart\.$/,
  );
});

test('three rounds are a first look, one ranks nothing', () => {
  const [three] = run({ a: 20, b: 40, c: 80 }, { rounds: 3 }).rankings;
  assert.deepEqual(ranks(three!), [
    ['a', 1, 1],
    ['b', 2, 2],
    ['c', 3, 3],
  ]);
  assert.ok(three!.ranked.every(({ strength }) => strength === 'look'));
  assert.match(describeRanking(three!), /Every rank is told apart from its neighbours\.$/);
  const [one] = run({ a: 20, b: 40, c: 80 }, { rounds: 1 }).rankings;
  assert.deepEqual(ranks(one!), [
    ['a', 1, 3],
    ['b', 1, 3],
    ['c', 1, 3],
  ]);
  assert.ok(one!.ranked.every(({ strength }) => strength === 'cannot tell'));
  assert.match(describeRanking(one!), /One round ranks none of them for sure\.$/);
});

test('the noise of the same subject against itself widens ranks', () => {
  const near = { a: 20, b: 20.6, c: 60 };
  const quiet = run(near, { noise: 0.004 });
  assert.deepEqual(
    quiet.rankings[0]!.ranked.map(({ from, to }) => [from, to]),
    [
      [1, 1],
      [2, 2],
      [3, 3],
    ],
  );
  const side = { scenario: 'http-small', subject: 'a' };
  const noise: Noise = {
    falseAlarms: 0,
    comparisons: [
      {
        metric: 'cpuPerRequest',
        kind: 'ratio',
        subject: { ...side, subject: 'a (A/A)' },
        reference: side,
        estimate: { value: 1.02, low: 0.99, high: 1.05, coverage: 0.95, n: 12 },
        p: 0.5,
        adjustedP: 0.5,
        strength: 'cannot tell',
        floor: 0.05,
        smallest: 0.05,
      },
    ],
  };
  const rounds = new Map([
    ['a', 20],
    ['b', 20.6],
    ['c', 60],
  ]);
  const figures = (_: string, subject: string) =>
    new Map([
      ['cpuPerRequest' as const, new Map(Array.from({ length: 12 }, (__, i) => [i, rounds.get(subject)! + i / 1e3]))],
    ]);
  const [widened] = rankingsOf(quiet.subjects, quiet.scenarios, figures, noise);
  assert.deepEqual(
    widened!.ranked.map(({ from, to }) => [from, to]),
    [
      [1, 2],
      [1, 2],
      [3, 3],
    ],
  );
});

test('of many runs of equals, the ranks rule out a true order in at most one of twenty', () => {
  const next = normals(11);
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const { subjects, scenarios } = run(Object.fromEntries(names.map((name) => [name, 20])), { rounds: 2 });
  let wrong = 0;
  const runs = 400;
  for (let i = 0; i < runs; i++) {
    const drawn = new Map(
      names.map((name) => [
        name,
        new Map([
          ['cpuPerRequest' as const, new Map(Array.from({ length: 12 }, (_, k) => [k, 20 * Math.exp(0.02 * next())]))],
        ]),
      ]),
    );
    const [ranking] = rankingsOf(subjects, scenarios, (_, subject) => drawn.get(subject)!, undefined);
    // Equals: every rank is as true as any other; a claimed bound is a false one.
    if (ranking!.ranked.some(({ next: over }) => over?.strength === 'claim')) wrong++;
  }
  assert.ok(wrong <= runs * 0.05, `${wrong} of ${runs}`);
});

test('layers apart, each in its own scenario; what has no figure is named with the reason', () => {
  const records = syntheticRun({ rounds: 2, mishaps: false, scenarios: ['http-small', 'tls-keepalive'] });
  const trials = records.trials.map((trial) =>
    trial.subject.kind === 'proxy' && trial.subject.name === 'node-http' && trial.state === 'completed'
      ? { ...trial, state: 'failed' as const, error: { code: 'E', message: 'it died' } }
      : trial,
  );
  const { rankings } = analyse({ ...records, trials });
  assert.deepEqual(
    rankings.map(({ layer, tls, scenario, ranked, unranked }) => [
      layer,
      tls,
      scenario,
      ranked.length,
      unranked.length,
    ]),
    [
      ['l4', false, 'http-small', 1, 0],
      ['l7', false, 'http-small', 2, 1],
      ['l7', true, 'tls-keepalive', 1, 0],
    ],
  );
  assert.deepEqual(rankings[1]!.unranked, [
    { subject: 'node-http', reason: 'no trial completed (0 invalid, 2 failed: E)' },
  ]);
});

test('with many proxies the ranking speaks, and the pairs are details', () => {
  const few = analyse(syntheticRun({ rounds: 2, subjects: TRUTHS.slice(0, 5), scenarios: ['http-small'] }));
  assert.ok(few.findings.every(({ isDetail, part }) => isDetail === undefined && part !== 'ranking'));
  const many = run({ 'l7-http': 20, a: 25, b: 30, c: 35, d: 40, e: 45 }, { rounds: 2 });
  const pairs = many.findings.filter(({ sentence }) => sentence.includes('the CPU per request of l7-http'));
  assert.equal(pairs.length, 5);
  assert.ok(pairs.every(({ isDetail }) => isDetail));
  assert.equal(many.findings.filter(({ part }) => part === 'ranking').length, 1);
});
