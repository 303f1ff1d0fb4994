import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeTrial, type TrialEvidence } from '#bench/analysis/verdict/verdict.ts';
import { Warning, type WarningCode, WARNINGS } from '#bench/model/warning.ts';
import { bytes, micros, perSecond } from '#bench/model/units.ts';
import { histogramOf, load, ONE_CORE, open, probes, reading, scenarioNamed, sound, UNPINNED } from './evidence.ts';

/** 64 connections and so many answers a second of a tenth of a second each; one in three waited two seconds for its turn. */
const offering = (rate: number) =>
  open({
    offered: perSecond(rate),
    service: histogramOf([100e6, 100e6, 100e6]),
    scheduleLag: histogramOf([1_000, 2_000, 2e9]),
    generatorLag: histogramOf([1_000, 2_000, 3_000]),
  });
const paced = { scenario: scenarioNamed('http-paced-50') };
const direct = { subject: { kind: 'direct' as const }, probes: probes({ origin: 0.3, generator: 0.4 }) };
const host = (more: Partial<TrialEvidence['probes']['host']>): Partial<TrialEvidence> => {
  const readings = sound().probes;
  return { probes: { ...readings, host: { ...readings.host, ...more } } };
};
const amidOthers = (proxy: number): TrialEvidence['probes'] => {
  const readings = probes({ proxy, origin: 0.1, generator: 0.1 });
  return { ...readings, host: { ...readings.host, busy: 1, foreign: 0.7 } };
};
const errors = load().errors;
const beside = {
  connections: 4,
  offered: perSecond(100),
  scheduled: 100,
  dropped: 0,
  requests: 100,
  errors,
  service: load().service,
  generatorLag: load().service,
};
const halves = (first: number, second: number): number[] => [
  ...Array.from({ length: 5 }, (_, i) => first + (i % 2)),
  ...Array.from({ length: 5 }, (_, i) => second + (i % 2)),
];
const timeline = (requests: number[]) => ({ ...load().timeline, requests });

test('a sound trial is completed without a warning', () => {
  assert.deepEqual(judgeTrial(sound()), { state: 'completed', bound: 'proxy', warnings: [] });
});

/** Each row spoils one thing, by just enough; its neighbour that is just not enough stands beside it. */
const ROWS: readonly { code: WarningCode; spoilt: Partial<TrialEvidence>; spared: Partial<TrialEvidence> }[] = [
  {
    code: 'no-requests',
    spoilt: { load: load({ requests: 0 }) },
    spared: { load: load({ requests: 0 }), scenario: scenarioNamed('idle-connections') },
  },
  {
    code: 'errors-above-limit',
    spoilt: { load: load({ errors: { ...errors, reset: 1 } }) },
    spared: { load: load({ errors: { ...errors, reset: 1 } }), scenario: { ...sound().scenario, errorLimit: 0.001 } },
  },
  {
    code: 'errors-above-limit',
    spoilt: { load: load({ second: { ...beside, errors: { ...errors, timeout: 1 } } }) },
    spared: { load: load({ second: beside }) },
  },
  {
    code: 'ports-exhausted',
    spoilt: { load: load({ errorSamples: ['connect EADDRNOTAVAIL 127.0.0.1:80'] }) },
    spared: { load: load({ errorSamples: ['connect ECONNREFUSED 127.0.0.1:80'] }) },
  },
  {
    code: 'files-exhausted',
    spoilt: { load: load({ errorSamples: ['socket EMFILE'] }) },
    spared: { load: load({ errorSamples: ['read ECONNRESET'] }) },
  },
  {
    code: 'accept-queue-full',
    spoilt: host({ tcp: { listenOverflows: 1, retransmits: 0 } }),
    spared: host({ tcp: { listenOverflows: 0, retransmits: 9 } }),
  },
  { code: 'steal', spoilt: host({ steal: 0.051 }), spared: host({ steal: 0.05 }) },
  // Of turns it met every subject of the round alike.
  { code: 'steal', spoilt: host({ steal: 0.2 }), spared: { ...host({ steal: 0.2 }), turns: 7 } },
  {
    code: 'steal-shared',
    spoilt: { ...host({ steal: 0.051 }), turns: 7 },
    spared: { ...host({ steal: 0.05 }), turns: 7 },
  },
  {
    // Half of them later than the slowest took, 120 µs.
    code: 'schedule-lag',
    spoilt: { ...paced, load: open({ scheduleLag: histogramOf([1_000, 122_000, 130_000]) }) },
    spared: { ...paced, load: open({ scheduleLag: histogramOf([1_000, 118_000, 130_000]) }) },
  },
  {
    // What waited for a connection is no lag of the generator's own.
    code: 'schedule-lag',
    spoilt: { ...paced, load: open({ generatorLag: histogramOf([1_000, 122_000, 130_000]) }) },
    spared: {
      ...paced,
      load: open({
        scheduleLag: histogramOf([1_000, 122_000, 130_000]),
        generatorLag: histogramOf([1_000, 2_000, 3_000]),
      }),
    },
  },
  {
    // A tenth of the response time p50, 120 µs.
    code: 'response-unresolved',
    spoilt: { ...paced, load: open({ scheduleLag: histogramOf([1_000, 13_000, 13_000]) }) },
    spared: { ...paced, load: open({ scheduleLag: histogramOf([1_000, 11_000, 11_000]) }) },
  },
  {
    // At the p99 that it is read at: 130 µs.
    code: 'response-unresolved',
    spoilt: { ...paced, load: open({ scheduleLag: histogramOf([1_000, 2_000, 14_000]) }) },
    spared: { ...paced, load: open({ scheduleLag: histogramOf([1_000, 2_000, 12_000]) }) },
  },
  {
    // 60 of 64 are needed, and the proxy has time left; else they are busy because of the proxy.
    code: 'out-of-connections',
    spoilt: { ...paced, load: offering(600), probes: probes({ proxy: 0.2, origin: 0.1, generator: 0.1 }) },
    spared: { ...paced, load: offering(600) },
  },
  {
    code: 'out-of-connections',
    spoilt: { ...paced, load: offering(600), probes: probes({ proxy: 0.2, origin: 0.1, generator: 0.1 }) },
    spared: { ...paced, load: offering(550), probes: probes({ proxy: 0.2, origin: 0.1, generator: 0.1 }) },
  },
  {
    // Others fill the host: that frees no connection.
    code: 'out-of-connections',
    spoilt: { ...paced, load: offering(600), probes: amidOthers(0.2) },
    spared: { ...paced, load: offering(600), probes: amidOthers(0.91) },
  },
  {
    // Beyond the generator's own lag, and more than a tenth of the service time's p99.
    code: 'waited-for-connections',
    spoilt: {
      ...paced,
      load: open({
        scheduleLag: histogramOf([1_000, 2_000, 20_000]),
        generatorLag: histogramOf([1_000, 2_000, 3_000]),
      }),
    },
    spared: {
      ...paced,
      load: open({
        scheduleLag: histogramOf([1_000, 2_000, 20_000]),
        generatorLag: histogramOf([1_000, 2_000, 19_000]),
      }),
    },
  },
  {
    code: 'direct-drifted',
    spoilt: { ...direct, load: load({ timeline: timeline(halves(2_000, 2_060)) }) },
    spared: { ...direct, load: load({ timeline: timeline(halves(2_000, 2_030)) }) },
  },
  {
    code: 'direct-drifted',
    spoilt: { ...direct, load: load({ timeline: timeline(halves(2_000, 1_900)) }) },
    // As large a difference, but no larger than the scatter within the halves.
    spared: {
      ...direct,
      load: load({ timeline: timeline([1_700, 2_300, 1_900, 2_200, 1_900, 1_600, 2_200, 1_800, 2_100, 1_800]) }),
    },
  },
  { code: 'shared-cores', spoilt: { placement: ONE_CORE }, spared: {} },
  { code: 'unpinned', spoilt: { placement: UNPINNED }, spared: {} },
  {
    code: 'no-hardware-counters',
    spoilt: { probes: { ...sound().probes, proxy: withoutInstructions() } },
    spared: direct,
  },
  { code: 'throttled', spoilt: host({ throttled: micros(1) }), spared: {} },
  { code: 'foreign-load', spoilt: host({ foreign: 0.11 }), spared: host({ foreign: 0.1 }) },
  {
    code: 'offered-not-achieved',
    spoilt: { load: open({ requests: 19_790 }) },
    spared: { load: open({ requests: 19_810 }) },
  },
  {
    code: 'not-pooled',
    spoilt: { probes: { ...sound().probes, originCounts: { connections: 19_000, requests: 20_000 } } },
    spared: {
      probes: { ...sound().probes, originCounts: { connections: 19_000, requests: 20_000 } },
      scenario: scenarioNamed('http-new-connection'),
    },
  },
  { code: 'few-samples', spoilt: { load: load({ requests: 999 }) }, spared: { load: load({ requests: 1_000 }) } },
  {
    code: 'host-bound',
    spoilt: { probes: probes({ proxy: 0.7, origin: 0.42, generator: 0.5 }) },
    spared: { probes: probes({ proxy: 0.7, origin: 0.4, generator: 0.45 }) },
  },
  {
    code: 'generator-bound',
    spoilt: { ...direct, probes: probes({ origin: 0.02, generator: 0.96 }) },
    spared: { ...direct, probes: probes({ origin: 0.02, generator: 0.6 }) },
  },
  {
    code: 'origin-bound',
    spoilt: { probes: probes({ proxy: 0.4, origin: 0.97, generator: 0.02 }) },
    spared: { ...direct, probes: probes({ origin: 0.97, generator: 0.02 }) }, // direct's own capacity
  },
];

function withoutInstructions(): TrialEvidence['probes']['origin'] {
  const { instructions: _, ...rest } = reading(0.98);
  return rest;
}

const codesOf = (evidence: Partial<TrialEvidence>): string[] => {
  const verdict = judgeTrial(sound(evidence));
  const warnings = verdict.state === 'invalid' ? verdict.reasons : verdict.warnings;
  for (const warning of warnings) assert.doesNotThrow(() => Warning.parse(warning));
  return warnings.map(({ code }) => code);
};

for (const { code, spoilt, spared } of ROWS)
  test(`${code}: by just enough, and not by less`, () => {
    const verdict = judgeTrial(sound(spoilt));
    assert.ok(codesOf(spoilt).includes(code), `got ${codesOf(spoilt).join(', ') || 'nothing'}`);
    assert.equal(verdict.state, WARNINGS[code].severity === 'invalid' ? 'invalid' : 'completed');
    assert.ok(!codesOf(spared).includes(code));
  });

test('every code has a row, but those that only the runner can see', () => {
  const rows = new Set<string>(ROWS.map(({ code }) => code));
  const unseen = Object.keys(WARNINGS).filter((code) => !rows.has(code));
  assert.deepEqual(unseen, [
    'wrong-process',
    'proxy-died',
    'unproven',
    'origin-died',
    'descriptors-left',
    'second-opinion',
  ]);
});

test('what the runner saw counts: an invalid one makes the trial invalid, before all other reasons', () => {
  const died = { code: 'proxy-died' as const, message: 'the proxy exited with code 1', evidence: { code: 1 } };
  const verdict = judgeTrial(sound({ warnings: [died], ...host({ steal: 0.2 }) }));
  assert.equal(verdict.state, 'invalid');
  assert.deepEqual(verdict.state === 'invalid' && verdict.reasons.map(({ code }) => code), ['proxy-died', 'steal']);
});

test('the message of failed requests names how many, of how many, and of which kind', () => {
  const verdict = judgeTrial(sound({ load: load({ errors: { ...errors, timeout: 3, status: 2 } }) }));
  assert.match(
    verdict.state === 'invalid' ? verdict.reasons[0].message : '',
    /^5 of 20005 requests failed \(limit 0.%\): 3 timeout, 2 status$/,
  );
});

test('idle connections are neither bound nor short of samples', () => {
  const idle = { scenario: scenarioNamed('idle-connections'), load: load({ requests: 0, bytesRead: bytes(0) }) };
  assert.deepEqual(judgeTrial(sound({ ...idle, probes: probes({ proxy: 0, origin: 0, generator: 0 }) })), {
    state: 'completed',
    bound: 'none',
    warnings: [],
  });
});

test('failed requests are told by status, those of a second stream with them', () => {
  const failures = [
    { kind: 'status', status: 429, count: 95, first: 'expected status 200, got 429' },
    { kind: 'reset', count: 2, first: 'read ECONNRESET' },
  ] as const;
  const alone = load({ requests: 40, errors: { ...errors, status: 95, reset: 2 }, failures: [...failures] });
  const verdict = (of: ReturnType<typeof load>) => {
    const judged = judgeTrial({ ...sound(), load: of });
    assert.equal(judged.state, 'invalid');
    return judged.state === 'invalid' ? judged.reasons.find(({ code }) => code === 'errors-above-limit') : undefined;
  };
  assert.equal(
    verdict(alone)?.message,
    '97 of 137 requests failed (limit 0\u00a0%): 95 status 429, 2 reset; the first: expected status 200, got 429',
  );
  assert.deepEqual(verdict(alone)?.evidence, { share: 97 / 137, limit: 0, 'status 429': 95, reset: 2 });
  const both = load({
    requests: 40,
    errors: { ...errors, status: 95, reset: 2 },
    failures: [...failures],
    second: { ...beside, requests: 0, errors: { ...errors, status: 5 }, failures: [{ ...failures[0], count: 5 }] },
  });
  assert.match(verdict(both)?.message ?? '', /: 100 status 429, 2 reset; /);
  // Records that were made before statuses were told.
  assert.match(verdict(load({ errors: { ...errors, status: 95 } }))?.message ?? '', /: 95 status$/);
});
