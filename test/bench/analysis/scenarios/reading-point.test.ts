/** At which of the offered rates times are read: those that belong to the figures beside which they stand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pacedScenario, pacedScenarios } from '#bench/analysis/scenarios/reading-point.ts';
import { perSecond } from '#bench/model/units.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';

/** The slower ones first, so that the lowest rate is never the answer by chance. */
const measured = (...names: string[]) =>
  names.map((name, i) => {
    const scenario = SCENARIOS.find((one) => one.name === name)!;
    return { scenario, offered: scenario.loop.kind === 'paced' ? perSecond(100 + i) : null, subjects: [] };
  });
const readAt = (...names: string[]) => pacedScenario(measured(...names))?.scenario.name;

for (const [run, expected] of [
  [['http-small', 'h2-8x8', 'h2-8x8-paced-50', 'http-paced-50'], 'http-paced-50'],
  [['h2-8x8', 'h2-32x1', 'h2-32x1-paced-50', 'h2-8x8-paced-50'], 'h2-8x8-paced-50'],
  [['h2-tls-8x8', 'h2-tls-8x8-paced-50'], 'h2-tls-8x8-paced-50'],
  [['tls-keepalive', 'tls-paced-50'], 'tls-paced-50'],
  // Times of another version of HTTP do not stand beside these figures.
  [['http-small', 'h2-8x8', 'h2-8x8-paced-50'], undefined],
  [['http-small', 'tls-keepalive', 'tls-paced-50'], 'tls-paced-50'],
  [['http-small'], undefined],
] as const)
  test(`of ${run.join(', ')}`, () => assert.equal(readAt(...run), expected));

test('of a sweep over HTTP/2 the two that are nearest', () => {
  const [closed, half] = measured('h2-8x8', 'h2-8x8-paced-50');
  const sweep = [0.1, 0.5, 0.8, 0.9].map((fraction, i) => ({
    ...half!,
    offered: perSecond(100 + i),
    scenario: { ...half!.scenario, name: `${fraction}`, loop: { ...half!.scenario.loop, fraction } as never },
  }));
  assert.deepEqual(
    pacedScenarios([closed!, ...sweep]).map(({ scenario }) => scenario.name),
    ['0.5', '0.8'],
  );
});
