/** The tables of what runs elsewhere. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import { targetTables } from '#reports/targets.ts';
import { syntheticRun } from './synthetic-run.ts';

test('a response time has beside it what the generator was late by, at most', () => {
  const analysis = analyse(syntheticRun({ rounds: 12, scenarios: ['http-small', 'http-paced-50'], mishaps: false }));
  const external = { url: 'http://lb.example.org/', maxRate: 100, expect: null };
  const subjects = analysis.subjects.map((one) => (one.layer === 'l7' ? { ...one, external } : one));
  const cellWith = (lag: number | null): string | undefined => {
    const trials = analysis.trials.map((trial, i) => ({ ...trial, generatorLagP99: i % 2 === 0 ? lag : null }));
    const [table] = targetTables({ ...analysis, subjects, trials }).filter(
      ({ scenario }) => scenario === 'http-paced-50',
    );
    return table!.rows.find(({ ends }) => ends === external.url)!.cells[3]?.figure;
  };
  const alone = cellWith(null);
  assert.ok(alone !== undefined);
  assert.equal(cellWith(29), `${alone} ± 29.0\u00a0µs`);
  assert.equal(cellWith(0), alone);
});
