/** The tables of what runs elsewhere. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import { lay } from '#reports/document/table.ts';
import { targetTables } from '#reports/content/targets.ts';
import { syntheticRun } from './synthetic-run.ts';

test('a response time has beside it what the generator was late by, at most', () => {
  const analysis = analyse(syntheticRun({ rounds: 12, scenarios: ['http-small', 'http-paced-50'], mishaps: false }));
  const external = { url: 'http://lb.example.org/', maxRate: 100, expect: null };
  const subjects = analysis.subjects.map((one) => (one.layer === 'l7' ? { ...one, external } : one));
  const cellWith = (lag: number | null): string | undefined => {
    const trials = analysis.trials.map((trial, i) => ({ ...trial, generatorLagP99: i % 2 === 0 ? lag : null }));
    const table = targetTables({ ...analysis, subjects, scenarios: analysis.scenarios.slice(-1), trials })[0]!;
    const { columns, rows } = lay(table);
    const cells = rows.find((row) => row.cells.at(-1)!.text === external.url)!.cells;
    return cells[columns.findIndex(({ title }) => title.startsWith('Response p99'))]?.note;
  };
  assert.equal(cellWith(29), '± 29.0\u00a0µs');
  assert.equal(cellWith(0), undefined);
  assert.equal(cellWith(null), undefined);
});
