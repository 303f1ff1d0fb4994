/** Two runs with known true costs: what is found between them, what is not, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareRuns, type RunComparison, type RunLine } from '#bench/analysis/compare-runs.ts';
import { MatchError } from '#bench/analysis/match-runs.ts';
import type { ProcessReading } from '#bench/model/probe.ts';
import type { RunRecords, TrialRecord } from '#bench/model/record.ts';
import { micros } from '#bench/model/units.ts';
import { mannWhitney } from '#bench/stats/mann-whitney.ts';
import { median } from '#bench/stats/hodges-lehmann.ts';
import { type SyntheticOptions, syntheticRun, TRUTHS } from '#test/reports/synthetic-run.ts';

type Change = (record: RunRecords) => RunRecords;

/** A run of direct, l4-tcp and l7-http in which l7-http costs `factor` times as much. */
function runOf(seed: number, factor = 1, options: SyntheticOptions = {}): RunRecords {
  const subjects = TRUTHS.slice(0, 3).map((truth) =>
    truth.name === 'l7-http' ? { ...truth, cpu: truth.cpu * factor } : truth,
  );
  const records = syntheticRun({ seed, rounds: 12, subjects, scenarios: ['http-small'], mishaps: false, ...options });
  return { ...records, run: { ...records.run, run: `run-${seed}`, startedAt: `2026-05-04T0${seed % 10}:00:00.000Z` } };
}

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

test('same host: a planted difference is found with its size, what did not change is not called', () => {
  const [before, after] = [runOf(1), runOf(2, 1.15)];
  const comparison = compareRuns(before, after);
  assert.equal(comparison.compared, 'figures');
  const found = line(comparison, 'l7-http', 'cpuPerRequest');
  assert.equal(found.strength, 'claim');
  assert.ok(found.ratio.low < 1.15 && 1.15 < found.ratio.high, JSON.stringify(found.ratio));
  assert.ok(found.main && found.adjustedP >= found.p && found.better === 'lower' && found.unit === 'µs');
  assert.equal(line(comparison, 'l4-tcp', 'cpuPerRequest').strength, 'cannot tell');
  // The same by hand: the median of all 144 ratios, and the exact test.
  const [a, b] = [cpuOf(before, 'l7-http').map(Math.log), cpuOf(after, 'l7-http').map(Math.log)];
  assert.ok(Math.abs(found.ratio.value - Math.exp(median(b.flatMap((y) => a.map((x) => y - x))))) < 1e-9);
  assert.equal(found.p, mannWhitney(b, a).p);
  assert.deepEqual([found.first.n, found.second.n, found.ratio.n], [12, 12, 12]);
  assert.ok(comparison.control.some(({ metric }) => metric === 'originCpuPerRequest'));
});

test('equal runs: hardly ever a claim, over all pairs of six', () => {
  const runs = [11, 12, 13, 14, 15, 16].map((seed) => runOf(seed));
  const pairs = runs.flatMap((one, i) => runs.slice(i + 1).map((other) => compareRuns(one, other)));
  const main = pairs.flatMap(({ lines }) => lines.filter((line) => line.main));
  assert.ok(main.length >= 2 * pairs.length);
  // One family in twenty may have one; with the control's floor it is far less.
  const claims = main.filter(({ strength }) => strength === 'claim').length;
  assert.ok(claims <= 1, `${claims} of ${main.length}`);
});

test('what the whole host changed between the runs is no change of a proxy', () => {
  const comparison = compareRuns(runOf(1), slower(1.2)(runOf(2)));
  for (const subject of ['l4-tcp', 'l7-http']) {
    const found = line(comparison, subject, 'cpuPerRequest');
    assert.equal(found.strength, 'cannot tell');
    assert.ok(found.floor! > 1.2 && found.ratio.low > 1.1);
    assert.match(found.reason!, /within what direct/);
  }
  const control = comparison.control.find(({ metric }) => metric === 'originCpuPerRequest')!;
  assert.ok(control.ratio.low < 1.2 && 1.2 < control.ratio.high && control.strength === 'claim');
});

test('without a control, or with few rounds, nothing is more than a look', () => {
  const noDirect = without(({ subject }) => subject.kind !== 'direct');
  const alone = line(compareRuns(noDirect(runOf(1)), noDirect(runOf(2, 1.3))), 'l7-http', 'cpuPerRequest');
  assert.equal(alone.strength, 'look');
  assert.match(alone.reason!, /no control/);
  const few = line(compareRuns(runOf(1), runOf(2, 1.3, { rounds: 3 })), 'l7-http', 'cpuPerRequest');
  assert.deepEqual([few.strength, few.ratio.n], ['look', 3]);
  assert.equal(
    line(compareRuns(runOf(1), runOf(2, 1.3, { rounds: 1 })), 'l7-http', 'cpuPerRequest').strength,
    'cannot tell',
  );
});

test('A/A twins are the floor of their scenario, not subjects', () => {
  const again = { again: ['direct', 'l7-http'] };
  const comparison = compareRuns(runOf(1, 1, again), runOf(2, 1.15, again));
  assert.ok(comparison.lines.every(({ subject }) => !subject.includes('A/A')));
  assert.ok(line(comparison, 'l7-http', 'contextSwitchesPerRequest').floor! >= 1);
});

test('different hosts: ratios alone, and they see through a host that is dearer in everything', () => {
  const scenarios = ['http-small', 'http-paced-50'];
  const comparison = compareRuns(
    runOf(1, 1, { scenarios }),
    onHost('other')(slower(1.7)(runOf(2, 1.15, { scenarios }))),
  );
  assert.equal(comparison.compared, 'ratios to direct');
  assert.ok(comparison.lines.every(({ of, unit }) => of !== 'figure' && unit === 'ratio'));
  assert.deepEqual(comparison.control, []);
  const cpu = line(comparison, 'l7-http', 'cpuPerRequest');
  assert.equal(cpu.of, 'ratio to l4-tcp');
  assert.ok(cpu.ratio.low < 1.15 && 1.15 < cpu.ratio.high && cpu.strength === 'claim');
  assert.ok(cpu.first.low < 18.2 / 8.6 && 18.2 / 8.6 < cpu.first.high);
  assert.equal(line(comparison, 'l4-tcp', 'throughput').of, 'ratio to direct');
  assert.equal(line(comparison, 'l4-tcp', 'serviceP50', 'http-paced-50').of, 'ratio to direct');
  assert.ok(comparison.lines.every(({ subject, metric }) => subject !== 'l4-tcp' || metric !== 'cpuPerRequest'));
  assert.ok(comparison.untold.some(({ subject, reason }) => subject === 'l4-tcp' && /set against/.test(reason)));
  assert.ok(comparison.differences.some(({ what, follows }) => what === 'kernel' && /not compared/.test(follows)));
});

test('different hosts without direct, without a reference, without either', () => {
  const noDirect = without(({ subject }) => subject.kind !== 'direct');
  const noL4 = without(({ subject }) => subject.kind === 'direct' || subject.name !== 'l4-tcp');
  const only = without(({ subject }) => subject.kind === 'proxy' && subject.name === 'l7-http');
  const other = onHost('other')(runOf(2));
  const alone = compareRuns(noDirect(runOf(1)), other);
  assert.ok(alone.lines.every(({ of }) => of === 'ratio to l4-tcp'));
  assert.ok(alone.untold.some(({ reason }) => /direct is not in both/.test(reason)));
  // l7-http is the next yardstick, and then nothing is left to set against it.
  const bare = compareRuns(noL4(runOf(1)), noL4(other));
  assert.ok(bare.lines.every(({ of }) => of === 'ratio to direct'));
  assert.throws(
    () => compareRuns(only(runOf(1)), only(other)),
    (error: unknown) => error instanceof MatchError && /different hosts.*direct is not in both/.test(error.message),
  );
});

test('what differs is told with what follows from it', () => {
  const { environment, placement } = runOf(1).run;
  const cases: readonly [Change, string, RegExp][] = [
    [changedRun({ environment: { ...environment, node: 'v27.0.0', fingerprint: 'n' } }), 'Node', /run on Node/],
    [changedRun({ revision: 'abc' }), 'hopcost', /in every figure/],
    [changedRun({ window: 2_000 as RunRecords['run']['window'] }), 'warm-up and window', /quantiles/],
    [changedRun({ rounds: 3 }), 'rounds', /narrow/],
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
  assert.ok(across.lines.every(({ of }) => of === 'ratio to l4-tcp'));
});
