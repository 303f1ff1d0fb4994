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
const failed = (round: number) => ({
  record: 'trial',
  state: 'failed',
  scenario: 'http-small',
  subject: { kind: 'direct' },
  round,
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
    records.trials.map((t) => t.round),
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

test('a run of the version before, which had no turns, is read as it is', () => {
  const { records } = readRecords(file({ ...run, schema: 1 }));
  assert.equal(records.run.schema, 1);
  assert.equal(records.run.turns, undefined);
});

test('every kind of line survives being read and written again', () => {
  const calibration = {
    record: 'calibration',
    checks: [{ name: 'rate', unit: '/s', expected: 1_000, measured: 999, limit: 5, passed: true }],
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
