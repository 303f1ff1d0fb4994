/** Two runs with known true costs: what is found between them, what is not, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareRuns, type RunComparison, type RunLine } from '#bench/analysis/across-runs/compare-runs.ts';
import { MatchError } from '#bench/analysis/across-runs/match-runs.ts';
import { isUnchanged, samenessOf } from '#bench/analysis/across-runs/run-yardstick.ts';
import type { ProcessReading } from '#bench/model/probe.ts';
import type { RunRecords, TrialRecord } from '#bench/model/record.ts';
import { micros, millis } from '#bench/model/units.ts';
import { welch } from '#bench/stats/welch.ts';
import { type SyntheticOptions, syntheticRun, type Truth, TRUTHS } from '#test/reports/synthetic-run.ts';

type Change = (record: RunRecords) => RunRecords;

/** Windows of direct, l4-tcp and l7-http in which l7-http costs `factor` times as much. */
function runOf(seed: number, factor = 1, options: SyntheticOptions = {}): RunRecords {
  const subjects = TRUTHS.slice(0, 3).map((truth) =>
    truth.name === 'l7-http' ? { ...truth, cpu: truth.cpu * factor } : truth,
  );
  const records = syntheticRun({ seed, rounds: 12, subjects, scenarios: ['http-small'], mishaps: false, ...options });
  return {
    ...records,
    run: { ...records.run, run: `run-${seed}`, startedAt: `2026-05-04T0${seed % 10}:00:00.000Z` },
    subjects: configured(records.subjects, factor),
  };
}

/** What costs another share is configured otherwise. */
const configured = (subjects: RunRecords['subjects'], factor: number): RunRecords['subjects'] =>
  subjects.map((one) =>
    one.subject.kind === 'proxy' && one.subject.name === 'l7-http'
      ? { ...one, nativeConfig: `filters ${factor}` }
      : one,
  );

const onHost =
  (fingerprint: string): Change =>
  (records) => ({
    ...records,
    run: { ...records.run, environment: { ...records.run.environment, fingerprint, kernel: fingerprint } },
  });

/** The same on a host whose every cycle costs `factor` times as much. */
const slower =
  (factor: number): Change =>
  (records) => ({
    ...records,
    trials: records.trials.map((trial): TrialRecord => {
      if (trial.state !== 'completed') return trial;
      const dearer = (reading: ProcessReading): ProcessReading => ({ ...reading, cpu: micros(reading.cpu * factor) });
      const { proxy, origin, generator } = trial.probes;
      return {
        ...trial,
        probes: {
          ...trial.probes,
          ...(proxy && { proxy: dearer(proxy) }),
          ...(origin && { origin: dearer(origin) }),
          generator: dearer(generator),
        },
      };
    }),
  });

const changedRun =
  (change: Partial<RunRecords['run']>): Change =>
  (records) => ({ ...records, run: { ...records.run, ...change } });
const without =
  (keep: (trial: TrialRecord) => boolean): Change =>
  (records) => ({ ...records, trials: records.trials.filter(keep) });

const line = ({ lines }: RunComparison, subject: string, metric: RunLine['metric'], scenario = 'http-small'): RunLine =>
  lines.find((one) => one.subject === subject && one.metric === metric && one.scenario === scenario) ??
  assert.fail(`no line ${scenario} ${subject} ${metric}`);

const cpuOf = (records: RunRecords, subject: string): number[] =>
  records.trials.flatMap((trial) =>
    trial.state === 'completed' && trial.subject.kind === 'proxy' && trial.subject.name === subject
      ? [trial.probes.proxy!.cpu / trial.probes.proxy!.requests]
      : [],
  );

test('same host: a planted difference is found with its size, as a ratio to l4-tcp', () => {
  const [before, after] = [runOf(1), runOf(2, 1.15)];
  const comparison = compareRuns(before, after);
  assert.deepEqual([comparison.sameHost, comparison.turned], [true, false]);
  const found = line(comparison, 'l7-http', 'cpuPerRequest');
  assert.deepEqual([found.strength, found.yardstick], ['claim', 'l4-tcp']);
  assert.ok(found.ratio.low < 1.15 && 1.15 < found.ratio.high, JSON.stringify(found.ratio));
  assert.ok(found.main && found.adjustedP >= found.p && found.better === 'lower');
  // The same by hand: 1 % of a ratio in either run is what they are never taken to be more alike than.
  const logs = (records: RunRecords): number[] => {
    const [own, by] = [cpuOf(records, 'l7-http'), cpuOf(records, 'l4-tcp')];
    return own.map((cpu, i) => Math.log(cpu / by[i]!));
  };
  const { estimate, p } = welch(logs(after), logs(before), { besides: { variance: 2 * 0.01 ** 2, df: 4 } });
  for (const end of ['value', 'low', 'high'] as const)
    assert.ok(Math.abs(found.ratio[end] - Math.exp(estimate[end])) < 1e-9);
  assert.ok(Math.abs(found.p - p) < 1e-12);
  assert.ok(found.resolvable > 1.03 && found.resolvable < 1.15);
  assert.deepEqual([found.first.n, found.second.n, found.ratio.n], [12, 12, 12]);
  assert.ok(Math.abs(found.first.value / (18.2 / 8.6) - 1) < 0.05);
  assert.ok(Math.abs(found.absolute!.first.value / 18.2 - 1) < 0.05 && found.absolute!.unit === 'µs');
  const [yardstick] = comparison.yardsticks;
  assert.deepEqual([yardstick!.subject, yardstick!.unchanged], ['l4-tcp', true]);
  assert.ok(comparison.lines.every(({ subject }) => subject !== 'l4-tcp'));
});

test('equal runs: hardly ever a claim, over all pairs of six', () => {
  const runs = [11, 12, 13, 14, 15, 16].map((seed) => runOf(seed));
  const pairs = runs.flatMap((one, i) => runs.slice(i + 1).map((other) => compareRuns(one, other)));
  const main = pairs.flatMap(({ lines }) => lines.filter((line) => line.main));
  assert.ok(main.length >= pairs.length);
  // One family in twenty may have one.
  const claims = main.filter(({ strength }) => strength === 'claim').length;
  assert.ok(claims <= 1, `${claims} of ${main.length}`);
});

test('what the whole host changed between the runs is no change of a proxy', () => {
  const comparison = compareRuns(runOf(1), slower(1.3)(runOf(2)));
  const found = line(comparison, 'l7-http', 'cpuPerRequest');
  assert.equal(found.strength, 'cannot tell');
  assert.ok(found.absolute!.ratio.low > 1.2);
  const moved = comparison.yardsticks[0]!.moved.find(({ metric }) => metric === 'cpuPerRequest')!;
  assert.ok(moved.ratio.low < 1.3 && 1.3 < moved.ratio.high);
});

test('where neither it nor the yardstick changed, nothing is called different, whatever the figures', () => {
  const same = (records: RunRecords): RunRecords => ({ ...records, subjects: runOf(1).subjects });
  const found = line(compareRuns(runOf(1), same(runOf(2, 1.5))), 'l7-http', 'cpuPerRequest');
  assert.deepEqual([found.identical, found.strength], [true, 'cannot tell']);
  assert.ok(found.ratio.low > 1.3);
  assert.match(found.reason!, /neither l7-http nor l4-tcp changed/);
  // Of another host that is not known.
  assert.equal(
    line(compareRuns(runOf(1), onHost('b')(same(runOf(2, 1.5)))), 'l7-http', 'cpuPerRequest').strength,
    'claim',
  );
});

test('few rounds are a look, one of each is nothing', () => {
  const few = line(compareRuns(runOf(1), runOf(2, 1.5, { rounds: 3 })), 'l7-http', 'cpuPerRequest');
  assert.deepEqual([few.strength, few.ratio.n], ['look', 3]);
  const one = line(compareRuns(runOf(1), runOf(2, 1.5, { rounds: 1 })), 'l7-http', 'cpuPerRequest');
  assert.deepEqual([one.strength, one.p, one.ratio.coverage], ['cannot tell', 1, 0]);
});

test('A/A twins are no subjects', () => {
  const again = { again: ['direct', 'l7-http'] };
  const comparison = compareRuns(runOf(1, 1, again), runOf(2, 1.15, again));
  assert.ok(comparison.lines.every(({ subject }) => !subject.includes('A/A')));
});

/** l4-tcp, l7-http and a peer, which all tell a version. */
const [direct, l4, l7, , node] = TRUTHS as readonly [Truth, Truth, Truth, Truth, Truth];
const haproxy = { ...node, name: 'haproxy-http', cpu: 17.6 };
const withPeer = (seed: number, l4Cost = 1): RunRecords => {
  const records = runOf(seed, 1, { subjects: [direct, { ...l4, cpu: l4.cpu * l4Cost }, l7, haproxy] });
  return {
    ...records,
    subjects: records.subjects.map((one) =>
      one.subject.kind === 'proxy' && one.subject.name === 'haproxy-http' ? { ...one, version: 'HAProxy 2.6.12' } : one,
    ),
  };
};
const otherRevision = changedRun({ revision: 'fedcba987654' });

test('where l4-tcp is what changed, a peer that did not is the yardstick', () => {
  const comparison = compareRuns(withPeer(1), otherRevision(withPeer(2, 1.15)));
  assert.deepEqual(
    comparison.yardsticks.map(({ subject, unchanged }) => [subject, unchanged]),
    [['haproxy-http', true]],
  );
  const found = line(comparison, 'l4-tcp', 'cpuPerRequest');
  assert.equal(found.strength, 'claim');
  assert.ok(found.ratio.low < 1.15 && 1.15 < found.ratio.high);
  assert.equal(line(comparison, 'l7-http', 'cpuPerRequest').strength, 'cannot tell');
});

test('nothing known to be the same: l4-tcp is the yardstick itself, and said to be', () => {
  const comparison = compareRuns(runOf(1), otherRevision(runOf(2, 1.15)));
  assert.deepEqual(
    comparison.yardsticks.map(({ subject, unchanged }) => [subject, unchanged]),
    [['l4-tcp', false]],
  );
  assert.equal(line(comparison, 'l7-http', 'cpuPerRequest').strength, 'claim');
});

test('a yardstick by name; one that is not there is refused', () => {
  const comparison = compareRuns(withPeer(1), withPeer(2), { yardstick: 'l7-http' });
  assert.ok(comparison.lines.every(({ yardstick, subject }) => yardstick === 'l7-http' && subject !== 'l7-http'));
  assert.throws(
    () => compareRuns(runOf(1), runOf(2), { yardstick: 'nginx-http' }),
    (error: unknown) =>
      error instanceof MatchError && /nginx-http is not a proxy that both runs have/.test(error.message),
  );
});

test('the same proxy: version, configuration, and of ours the sources', () => {
  const one = withPeer(1);
  const edit = (name: string, change: Partial<RunRecords['subjects'][number]>): RunRecords => ({
    ...withPeer(2),
    subjects: one.subjects.map((record) =>
      record.subject.kind === 'proxy' && record.subject.name === name ? { ...record, ...change } : record,
    ),
  });
  const is = (name: string, other: RunRecords, first = one): boolean => isUnchanged(name, first, other);
  assert.ok(is('haproxy-http', withPeer(2)) && is('l7-http', withPeer(2)));
  assert.ok(!is('haproxy-http', edit('haproxy-http', { version: 'HAProxy 3.0' })));
  assert.ok(!is('haproxy-http', edit('haproxy-http', { nativeConfig: 'maxconn 1' })));
  assert.ok(is('haproxy-http', otherRevision(withPeer(2))) && !is('l7-http', otherRevision(withPeer(2))));
  const dirty = changedRun({ revision: '0123-dirty' });
  assert.ok(!is('l7-http', dirty(withPeer(2)), dirty(one)));
  const proven = { binary: 'b', configs: ['c'] };
  const [a, b] = [edit('l7-http', { proven }), edit('l7-http', { proven })];
  assert.ok(is('l7-http', dirty(a), dirty(b)));
  assert.ok(!is('l7-http', edit('l7-http', { proven: { binary: 'b', configs: ['d'] }, nativeConfig: 'other' }), a));
  // An own command tells no version: what it runs is not known.
  const own = (): RunRecords => edit('l7-http', { version: 'own command', proven });
  assert.ok(!is('l7-http', own(), own()) && !is('none', one));
  assert.equal(samenessOf('haproxy-http', one, withPeer(2)), 'same version');
  assert.equal(samenessOf('l7-http', one, withPeer(2)), 'identical');
  const keys = (key: string) =>
    edit('l7-http', { nativeConfig: `-----BEGIN EC-----\n${key}\n-----END EC-----\n/tmp/hopcost-${key}/c` });
  assert.ok(is('l7-http', keys('x'), keys('y')));
});

test('different hosts: ratios alone, and they see through a host that is dearer in everything', () => {
  const scenarios = ['http-small', 'http-paced-50'];
  const comparison = compareRuns(
    runOf(1, 1, { scenarios }),
    onHost('other')(slower(1.7)(runOf(2, 1.15, { scenarios }))),
  );
  assert.equal(comparison.sameHost, false);
  assert.ok(comparison.lines.every(({ absolute, yardstick }) => absolute === undefined && yardstick === 'l4-tcp'));
  assert.ok(comparison.yardsticks.every(({ moved }) => moved.length === 0));
  const cpu = line(comparison, 'l7-http', 'cpuPerRequest');
  assert.ok(cpu.ratio.low < 1.15 && 1.15 < cpu.ratio.high && cpu.strength === 'claim');
  assert.ok(cpu.first.low < 18.2 / 8.6 && 18.2 / 8.6 < cpu.first.high);
  assert.ok(comparison.differences.some(({ what, follows }) => what === 'kernel' && /not compared/.test(follows)));
});

test('without a yardstick: direct for what it has, else one sentence that says what to measure', () => {
  const noL4 = without(({ subject }) => subject.kind === 'direct' || subject.name !== 'l4-tcp');
  const only = without(({ subject }) => subject.kind === 'proxy' && subject.name === 'l7-http');
  const own =
    (change: Change): Change =>
    (records) => {
      const changed = change(records);
      return JSON.parse(JSON.stringify(changed).replaceAll('"l7-http"', '"mine"')) as RunRecords;
    };
  const unknown: Change = (records) => ({
    ...records,
    subjects: records.subjects.map((one) => ({
      ...one,
      version: 'own command',
      isReference: false,
      isHosted: false,
    })),
  });
  const mine = (change: Change, seed: number): RunRecords => unknown(own(change)(runOf(seed)));
  const byDirect = compareRuns(mine(noL4, 1), mine(noL4, 2));
  assert.ok(byDirect.lines.length > 0 && byDirect.lines.every(({ yardstick }) => yardstick === 'direct'));
  assert.ok(byDirect.lines.every(({ metric }) => metric !== 'cpuPerRequest'));
  assert.match(byDirect.untold[0]!.reason, /mine is the only proxy there in both runs.*measure l4-tcp along/);
  const two = (seed: number): RunRecords =>
    JSON.parse(
      JSON.stringify(unknown(runOf(seed)))
        .replaceAll('"l7-http"', '"mine"')
        .replaceAll('"l4-tcp"', '"yours"'),
    ) as RunRecords;
  assert.match(
    compareRuns(two(1), two(2)).untold[0]!.reason,
    /of yours, mine none is known to be the same.*--yardstick/,
  );
  assert.ok(compareRuns(two(1), two(2), { yardstick: 'yours' }).lines.every(({ subject }) => subject === 'mine'));
  assert.throws(
    () => compareRuns(mine(only, 1), mine(only, 2)),
    (error: unknown) => error instanceof MatchError && /mine is the only proxy there in both runs/.test(error.message),
  );
});

test('what differs is told with what follows from it', () => {
  const { environment, placement } = runOf(1).run;
  const cases: readonly [Change, string, RegExp][] = [
    [changedRun({ environment: { ...environment, node: 'v27.0.0', fingerprint: 'n' } }), 'Node', /run on Node/],
    [changedRun({ revision: 'abc' }), 'hopcost', /in every figure/],
    [changedRun({ window: 2_000 as RunRecords['run']['window'] }), 'warm-up and window', /quantiles/],
    [changedRun({ rounds: 3 }), 'rounds', /narrow/],
    [
      changedRun({ turns: { rounds: 7, closed: millis(60), open: millis(100), discard: millis(10) } }),
      'turns',
      /compiled/,
    ],
    [changedRun({ placement: { ...placement, shared: true } }), 'placement', /not compared/],
    [(records) => ({ ...records, end: undefined as never }), 'end', /missing/],
    [
      (records) => ({
        ...records,
        subjects: records.subjects.map((one, i) => (i === 1 ? { ...one, version: '2.0' } : one)),
      }),
      'version of l4-tcp',
      /two versions/,
    ],
  ];
  for (const [change, what, follows] of cases) {
    const { differences } = compareRuns(runOf(1), change(runOf(2)));
    const found = differences.find((one) => one.what === what) ?? assert.fail(what);
    assert.match(found.follows, follows);
    assert.notEqual(found.first, found.second);
  }
  assert.deepEqual(compareRuns(runOf(1), runOf(2)).differences, []);
  // Which number a core has is no difference.
  const moved = changedRun({ placement: { ...placement, proxy: [0], origin: [1], load: [1] } });
  assert.deepEqual(compareRuns(runOf(1), moved(runOf(2))).differences, []);
});

test('a host that was busy in one of the runs: no more than a look, and said why', () => {
  const busy: Change = (records) => ({
    ...records,
    trials: records.trials.map((trial) =>
      trial.state === 'completed'
        ? { ...trial, probes: { ...trial.probes, host: { ...trial.probes.host, foreign: 0.49 } } }
        : trial,
    ),
  });
  const comparison = compareRuns(runOf(1), busy(runOf(2, 1.3)));
  assert.equal(line(comparison, 'l7-http', 'cpuPerRequest').strength, 'look');
  const [found] = comparison.differences.filter(({ what }) => what === 'other work on the host');
  assert.match(`${found!.first} ${found!.second} ${found!.follows}`, /2\.0.% of .* 49.% of .* first look/);
  assert.equal(line(compareRuns(busy(runOf(1)), busy(runOf(2, 1.3))), 'l7-http', 'cpuPerRequest').strength, 'claim');
});

test('what is not the same measurement is left out with the reason', () => {
  const scenarios = ['http-small', 'http-paced-50'];
  const [before, after] = [runOf(1, 1, { scenarios }), runOf(2, 1, { scenarios })];
  const reasons = (change: Change): string => JSON.stringify(compareRuns(before, change(after)).untold);
  const offered: Change = (records) => ({
    ...records,
    trials: records.trials.map((trial) =>
      trial.loop?.kind === 'open'
        ? { ...trial, loop: { ...trial.loop, offered: (2 * trial.loop.offered) as never } }
        : trial,
    ),
  });
  const driven: Change = (records) => ({
    ...records,
    trials: records.trials.map((trial) =>
      trial.state === 'completed' && trial.scenario === 'http-small'
        ? { ...trial, load: { ...trial.load, driver: 'autocannon' } }
        : trial,
    ),
  });
  const defined: Change = (records) =>
    changedRun({ scenarios: records.run.scenarios.map((one) => ({ ...one, origin: 'http-echo' })) })(records);
  assert.match(reasons(offered), /latency is left out: .* were offered in the first run/);
  assert.match(reasons(driven), /http-small.*driven by http1 in the first run and by autocannon/);
  assert.throws(
    () => compareRuns(before, defined(after)),
    /nothing of these runs can be compared.*defined differently/,
  );
  const shared = changedRun({ placement: { ...before.run.placement, shared: true } })(after);
  const { lines } = compareRuns(before, shared);
  assert.ok(lines.every(({ metric }) => metric !== 'throughput' && !metric.startsWith('service')));
  assert.ok(lines.some(({ metric }) => metric === 'cpuPerRequest'));
});

test('a throughput that something else limited only advises', () => {
  const limited: Change = (records) => ({
    ...records,
    trials: records.trials.map((trial) => (trial.state === 'completed' ? { ...trial, bound: 'generator' } : trial)),
  });
  const found = line(compareRuns(limited(runOf(1)), limited(runOf(2, 2))), 'l7-http', 'throughput');
  assert.deepEqual([found.main, found.strength, found.better], [false, 'cannot tell', 'higher']);
  assert.match(found.reason!, /the limit was the load generator/);
});

test('what only one run has is listed; nothing in common, or one run twice, is refused', () => {
  const two = runOf(2, 1, { subjects: TRUTHS.slice(0, 4), scenarios: ['http-small', 'tls-keepalive'] });
  const { onlyIn } = compareRuns(runOf(1), two);
  assert.deepEqual(onlyIn.first, []);
  assert.deepEqual(onlyIn.second, ['tls-keepalive · direct', 'tls-keepalive · l4-tcp', 'tls-keepalive · l7-tls']);
  const tls = runOf(3, 1, { scenarios: ['tls-keepalive'] });
  assert.throws(
    () => compareRuns(runOf(1), tls),
    /no scenario and subject is in both runs: run-1 has http-small · direct/,
  );
  assert.throws(() => compareRuns(runOf(1), runOf(1)), /both are the run run-1/);
  const onlyDirect = without(({ subject }) => subject.kind === 'direct');
  assert.throws(() => compareRuns(onlyDirect(runOf(1)), onlyDirect(runOf(2))), /no proxy has a figure in both/);
});

test('of a gate’s run it is head that is compared, and only with a gate’s', () => {
  const gate =
    (seed: number): Change =>
    (records) => ({
      ...records,
      trials: [
        ...records.trials.map((trial) =>
          trial.subject.kind === 'proxy' ? { ...trial, subject: { ...trial.subject, side: 'head' as const } } : trial,
        ),
        ...runOf(seed, 3).trials.flatMap((trial) =>
          trial.subject.kind === 'proxy' ? [{ ...trial, subject: { ...trial.subject, side: 'base' as const } }] : [],
        ),
      ],
    });
  const plain = compareRuns(runOf(1), runOf(2, 1.15));
  const found = compareRuns(gate(8)(runOf(1)), gate(9)(runOf(2, 1.15)));
  const figures = ({ lines }: RunComparison) =>
    lines
      .filter(({ metric }) => metric !== 'throughput' && !metric.startsWith('service'))
      .map(({ subject, metric, ratio, p }) => ({ subject, metric, ratio, p }));
  assert.deepEqual(figures(found), figures(plain));
  assert.equal(figures(found).length, found.lines.length);
  assert.throws(() => compareRuns(runOf(1), gate(9)(runOf(2))), /in the second run two revisions shared/);
  const across = compareRuns(gate(8)(runOf(1)), onHost('other')(gate(9)(runOf(2))));
  assert.ok(across.lines.every(({ yardstick, absolute }) => yardstick === 'l4-tcp' && absolute === undefined));
});
