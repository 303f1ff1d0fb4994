/** What a gate says of its rounds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeGate } from '#bench/gate/judge.ts';
import { syntheticRun } from '../../reports/synthetic-run.ts';

test('rounds taken again are those beyond what the looks planned', () => {
  for (const [rounds, looks, repeated] of [
    [12, 1, 0],
    [14, 1, 2],
    [24, 2, 0],
    [27, 2, 3],
    [5, 1, 0],
  ] as const) {
    const records = syntheticRun({ rounds, scenarios: ['http-small'], subjects: [DIRECT], mishaps: false });
    const revision = { label: 'x', commit: null, dirty: false };
    const result = judgeGate({
      records,
      directory: '.',
      mode: { kind: 'revisions' },
      base: revision,
      head: revision,
      planned: 12,
      looks,
      budgets: [],
      notes: [],
      seconds: 1,
    });
    assert.deepEqual(result.rounds, { planned: 12, measured: rounds, repeated, looks });
  }
});

const DIRECT = { name: 'direct', layer: 'direct', cpu: 0, userShare: 0, hop: 0, idleBytes: 0 } as const;
