import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import { syntheticRun, type Truth } from '#test/reports/synthetic-run.ts';

test('TLS is set against the same maker’s plain proxy, and a library is not taken for its namesake', () => {
  const hop = { layer: 'l7', userShare: 0.5, hop: 80, idleBytes: 9_000 } as const;
  const subjects: Truth[] = [
    { name: 'direct', layer: 'direct', cpu: 0, userShare: 0, hop: 0, idleBytes: 0 },
    { ...hop, name: 'http-proxy', cpu: 50 },
    { ...hop, name: 'http-proxy-3', cpu: 60 },
    { ...hop, name: 'http-proxy-tls', tls: true, cpu: 80 },
    { ...hop, name: 'http-proxy-3-tls', tls: true, cpu: 90 },
  ];
  const { comparisons } = analyse(syntheticRun({ rounds: 2, subjects, scenarios: ['http-small', 'tls-keepalive'] }));
  assert.deepEqual(
    comparisons
      .filter(({ name, metric }) => name === 'TLS added' && metric === 'cpuPerRequest')
      .map(({ subject, reference }) => [subject.subject, reference.subject]),
    [
      ['http-proxy-tls', 'http-proxy'],
      ['http-proxy-3-tls', 'http-proxy-3'],
    ],
  );
});
