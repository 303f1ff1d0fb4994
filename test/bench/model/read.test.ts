import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readRecords } from '#bench/model/read.ts';
import { recordLines, type RunLine, SCHEMA_VERSION } from '#bench/model/record.ts';

const run = {
  record: 'run',
  schema: SCHEMA_VERSION,
  run: 'r1',
  startedAt: '2026-01-01T00:00:00.000Z',
  hopcost: '0.1.0',
  revision: null,
  command: ['bench'],
  preset: 'smoke',
  isForFigures: false,
  seed: 1,
  rounds: 1,
  warmup: 100,
  window: 200,
  scenarios: [],
  environment: {
    cpuModel: 'x',
    cores: 2,
    memory: 1,
    kernel: 'k',
    os: 'o',
    platform: 'p',
    node: 'v26',
    virtualised: null,
    governor: null,
    cgroup: { cpuQuota: null, cpuset: null, memoryLimit: null },
    openFiles: 1,
    ephemeralPorts: 1,
    hardwareCounters: false,
    loadAverage: 0,
    fingerprint: 'f',
  },
  placement: { proxy: [1], origin: [0], load: [0], loadWorkers: 1, shared: false },
};
const failed = (generation: number) => ({
  record: 'trial',
  state: 'failed',
  scenario: 'http-small',
  subject: { kind: 'direct' },
  generation,
  position: 0,
  startedAt: '2026-01-01T00:00:00.000Z',
  error: { code: 'E', message: 'm' },
});
const end = { record: 'end', state: 'completed', finishedAt: '2026-01-01T00:00:00.000Z' };
const file = (...lines: unknown[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

test('a whole file reads back as what was written', () => {
  const { records, torn } = readRecords(file(run, failed(0), failed(1), end));
  assert.equal(torn, false);
  assert.deepEqual(
    records.trials.map((t) => t.generation),
    [0, 1],
  );
  assert.equal(records.end?.state, 'completed');
  assert.equal(records.run.run, 'r1');
});

test('cut anywhere, the whole lines before the cut are kept and the tear is told', () => {
  const lines: RunLine[] = [run, failed(0), failed(1), end] as never;
  const text = file(...lines);
  const first = text.indexOf('\n') + 1;
  fc.assert(
    fc.property(fc.integer({ min: first, max: text.length }), (cut) => {
      const { records, torn } = readRecords(text.slice(0, cut));
      assert.equal(torn, text[cut - 1] !== '\n');
      assert.equal(records.trials.length, Math.min(2, text.slice(0, cut).split('\n').length - 2));
    }),
    { seed: 1 },
  );
});

const refuses = (text: string, message: RegExp) =>
  assert.throws(() => readRecords(text), { name: 'RecordError', message });

test('damage before the last line is never skipped', () => {
  refuses(file(run) + '{"record":"tr\n' + file(end), /line 2: not JSON/);
  refuses(file(run, { record: 'trial', state: 'completed' }), /line 2: not a valid trial record/);
  refuses(file(failed(0)), /line 1: expected the run record/);
  refuses('', /line 1: expected the run record/);
});

test('a file of another schema version is refused by number', () => {
  refuses(
    file({ ...run, schema: SCHEMA_VERSION + 1 }),
    new RegExp(`schema version ${SCHEMA_VERSION + 1}: this hopcost reads versions up to ${SCHEMA_VERSION}`),
  );
});

test('a file of an older version reads as one of this version: what it is called by tells what it is', () => {
  const traffic = (tls: string, connection = 'keep-alive', bodyBytes = 0) => ({
    kind: 'http',
    request: { method: 'GET', path: '/', headers: [], bodyBytes },
    expect: { status: 200, bodyBytes: 200 },
    connection,
    tls,
  });
  const closed = { kind: 'closed', connections: 1 };
  const scenario = (name: string, axis: string, of: object = traffic('none'), loop: object = closed) => ({
    name,
    summary: '',
    axis,
    traffic: of,
    loop,
    origin: 'http-fixed',
    errorLimit: 0,
  });
  const paced = { kind: 'paced', connections: 1, fraction: 0.5, arrivals: 'poisson' };
  const scenarios = [
    scenario('echo', 'keep-alive', { kind: 'tcp-echo', messageBytes: 64 }),
    scenario('a', 'keep-alive'),
    scenario('b', 'keep-alive'),
    scenario('c', 'tls-record', traffic('full')),
    scenario('d', 'payload', traffic('none', 'keep-alive', 9)),
    scenario('e', 'handshake', traffic('resumed', 'per-request')),
    scenario('f', 'latency', traffic('none'), { ...paced, of: 'a' }),
    scenario('g', 'latency', traffic('full'), { ...paced, of: 'c' }),
  ];
  const subject = (name: string, version: string, more: object = {}) => ({
    record: 'subject',
    subject: name === 'direct' ? { kind: 'direct' } : { kind: 'proxy', name, ...more },
    layer: name === 'direct' ? 'direct' : 'l7',
    tls: false,
    summary: '',
    version,
    nativeConfig: '',
    preflight: [],
  });
  const subjects = [
    subject('direct', 'v26'),
    subject('l7-http', 'v26'),
    subject('l7-http', 'v26', { hops: 2 }),
    subject('nginx-stream', 'NGINX 1.28'),
    subject('http-proxy-3-tls', 'http-proxy-3 1.2, Node v26'),
  ];
  const named = ['the way there and back', 'delay 1 ms, p99', 'requests, by the origin’s count', 'other errors'];
  const figures = { unit: 'µs', expected: 0, measured: 0, limit: 1, passed: true };
  const calibration = { record: 'calibration', checks: named.map((name) => ({ name, ...figures })) };
  const { isForFigures: _, ...old } = run;
  const { generation: _1, ...unnumbered } = failed(0);
  const window = { record: 'knee-window', outcome: { kind: 'disturbed', why: 'm' } };
  const asRounds = [
    { ...unnumbered, round: 4 },
    { ...window, trial: { ...unnumbered, round: 7 } },
  ];
  for (const schema of [1, 2]) {
    const { records } = readRecords(file({ ...old, schema, scenarios }, ...subjects, calibration, ...asRounds));
    assert.deepEqual([records.run.schema, records.run.isForFigures], [SCHEMA_VERSION, false]);
    assert.deepEqual([records.trials[0]!.generation, records.windows?.[0]!.trial.generation], [4, 7]);
    assert.deepEqual(
      records.calibration?.checks.map(({ tries, quantile }) => [tries, quantile]),
      [
        ['way', undefined],
        ['delay', 'p99'],
        ['count', undefined],
        ['errors', undefined],
      ],
    );
    assert.deepEqual(
      records.run.scenarios.flatMap(({ name, role }) => (role === undefined ? [] : [`${name} ${role}`])),
      ['a plain', 'c encrypted', 'd upload', 'e resumed', 'f added-latency'],
    );
    assert.deepEqual(
      records.subjects.map(({ family, isReference, isHosted }) => [family, isReference, isHosted]),
      [
        ['direct', false, false],
        ['hopcost', true, true],
        ['hopcost', false, true],
        ['nginx', false, false],
        ['http-proxy-3', false, true],
      ],
    );
  }
  refuses(file({ ...run, schema: 0 }), /schema version 0/);
});

test('every kind of line survives being read and written again', () => {
  const calibration = {
    record: 'calibration',
    checks: [{ name: 'rate', tries: 'rate', unit: '/s', expected: 1_000, measured: 999, limit: 5, passed: true }],
  };
  const window = { record: 'knee-window', trial: failed(0), outcome: { kind: 'disturbed', why: 'm' } };
  const knee = {
    record: 'knee',
    scenario: 'http-small',
    subject: { kind: 'direct' },
    windows: 1,
    verdict: { state: 'unsettled', low: null, high: null, why: 'disturbed' },
  };
  const micro = { record: 'micro', suite: 's', task: 't', perRequest: 1, median: 1, low: 1, high: 1, samples: 9 };
  const text = file(run, calibration, failed(1), window, knee, micro, end);
  const { records } = readRecords(text);
  const lines = (of: string): unknown[] =>
    of
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
  assert.deepEqual(lines(recordLines(records)), lines(text));
  assert.equal(records.windows?.length, 1);
  assert.equal(records.knees?.length, 1);
});
