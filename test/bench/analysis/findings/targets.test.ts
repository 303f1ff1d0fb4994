import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ScenarioAnalysis, SubjectAnalysis } from '#bench/analysis/analysis.ts';
import { pacedScenario } from '#bench/analysis/scenarios/reading-point.ts';
import { targetFindings } from '#bench/analysis/findings/targets.ts';
import { trustOf } from '#bench/analysis/instruments/trust.ts';
import type { SubjectRecord } from '#bench/model/record.ts';
import { cappedScenarios } from '#bench/plan/capped.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';
import { subjectRecord } from '#test/bench/subject-record.ts';

const trust = trustOf({ isForFigures: true }, undefined, null);
const [capped] = cappedScenarios(['http-small'], new Set(['http']), 100);
const estimate = (value: number, n = 12) => ({ value, low: value - 1, high: value + 1, n, coverage: 0.96 });

const record = (name: string, external?: SubjectRecord['external']): SubjectRecord =>
  subjectRecord(name, external && { external });
const elsewhere = record('lb', { url: 'http://lb.example.org/', maxRate: 100, expect: null });

const subject = (name: string, more: Partial<SubjectAnalysis>): SubjectAnalysis => ({
  subject: name,
  layer: name === 'direct' ? 'direct' : 'l7',
  tls: false,
  trials: { completed: 12, invalid: 0, failed: 0, reasons: [] },
  bound: 'none',
  metrics: {},
  times: {},
  capacity: null,
  versusDirect: [],
  addedTails: [],
  curves: null,
  ...more,
});
const measured = (...subjects: SubjectAnalysis[]): ScenarioAnalysis => ({ scenario: capped!, offered: 95, subjects });
const sentences = (...subjects: SubjectAnalysis[]) =>
  targetFindings({
    subjects: [record('direct'), record('l7-http'), elsewhere],
    scenarios: [measured(...subjects)],
    trust,
  });

test('a target is told with its times, direct’s beside them, and what they are not', () => {
  const direct = subject('direct', { metrics: { serviceP50: estimate(90) } });
  const lb = subject('lb', { metrics: { serviceP50: estimate(5_000), serviceP99: estimate(9_000) } });
  const proxy = subject('l7-http', { metrics: { serviceP50: estimate(200) } });
  const [finding, ...others] = sentences(direct, proxy, lb);
  assert.deepEqual(others, []);
  assert.equal(finding?.strength, 'claim');
  assert.match(
    finding.sentence,
    /^At 95\.0\/s \(http-small-capped\) lb answered in .*\(service time p50; p99 .*\); direct in /,
  );
  assert.match(
    finding.sentence,
    /lb runs elsewhere: no CPU figures\. They end at different origins: .* is no hop cost\.$/,
  );
});

test('what its figures mean otherwise is said, too', () => {
  const notes = ['answers 302 to /x: the redirect itself is measured'];
  const moved = record('lb', { ...elsewhere.external!, notes });
  const found = targetFindings({
    subjects: [moved],
    scenarios: [measured(subject('lb', { metrics: { serviceP50: estimate(5_000) } }))],
    trust,
  });
  assert.deepEqual(
    found.slice(1).map(({ sentence, strength }) => [sentence, strength]),
    [['lb answers 302 to /x: the redirect itself is measured.', 'note']],
  );
});

test('one that did not answer, or too seldom, is told as that', () => {
  const failed = subject('lb', { trials: { completed: 0, invalid: 3, failed: 0, reasons: ['errors-above-limit'] } });
  assert.match(
    sentences(failed)[0]!.sentence,
    /cannot be told: no trial of it completed \(3 invalid, 0 failed: errors-above-limit\)/,
  );
  assert.match(sentences(subject('lb', {}))[0]!.sentence, /too few requests for a quantile; lengthen the window/);
});

test('added latency is read at a rate that the run itself found, if there is one', () => {
  const paced: ScenarioAnalysis = {
    scenario: SCENARIOS.find(({ name }) => name === 'http-paced-50')!,
    offered: 3_000,
    subjects: [],
  };
  const saturated: ScenarioAnalysis = { scenario: SCENARIOS[0]!, offered: null, subjects: [] };
  assert.equal(pacedScenario([measured(), saturated, paced]), paced);
  assert.equal(pacedScenario([measured(), saturated])?.offered, 95);
  assert.equal(pacedScenario([saturated]), undefined);
});
