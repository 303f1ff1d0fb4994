/** Groups of subjects: everything is measured once, what is shared in every group, and no group is too large. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hopName, type Subject, subjectName } from '#bench/model/scenario.ts';
import { cohortsOf, mostAtOnce } from '#bench/plan/cohorts.ts';
import type { PlannedTrial } from '#bench/plan/generations.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';

const [SMALL, TLS] = ['http-small', 'tls-keepalive'].map((name) => SCENARIOS.find((one) => one.name === name)!);
const proxy = (name: string): Subject => ({ kind: 'proxy', name });

const trialsOf = (names: readonly string[]): PlannedTrial[] =>
  [SMALL!, TLS!]
    .flatMap((scenario) => [
      { scenario, subject: { kind: 'direct' } as Subject },
      { scenario, subject: proxy('l4-tcp') },
      ...names
        .filter((name) => name.endsWith('-tls') === (scenario === TLS))
        .map((name) => ({ scenario, subject: proxy(name) })),
    ])
    .map((trial, position) => ({ ...trial, generation: 0, position }));

describe('cohorts', () => {
  test('every trial is in a group, shared ones in each that needs them, none is larger than asked', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-f]{1,3}(-tls)?$/), { maxLength: 40 });
    fc.assert(
      fc.property(names, fc.integer({ min: 3, max: 20 }), (others, most) => {
        const trials = trialsOf(others);
        const groups = cohortsOf(trials, new Set(['l4-tcp']), most);
        assert.deepEqual(new Set(groups.flat()), new Set(trials));
        for (const group of groups) {
          const subjects = new Set(group.map(({ subject }) => subjectName(subject)));
          assert.ok(subjects.size <= most, `${[...subjects].join(' ')} are more than ${most}`);
          for (const { scenario } of group) {
            const own = group.filter((one) => one.scenario === scenario).map(({ subject }) => hopName(subject));
            assert.ok(own.includes('direct') && own.includes('l4-tcp'));
          }
        }
        const alone = groups.flat().filter(({ subject }) => !['direct', 'l4-tcp'].includes(hopName(subject)));
        assert.equal(new Set(alone).size, alone.length, 'what is not shared is measured in one group');
      }),
      { numRuns: 200 },
    );
  });

  test('what fits is one group, in its order', () => {
    const trials = trialsOf(['a', 'b-tls']);
    assert.deepEqual(cohortsOf(trials, new Set(['l4-tcp']), 16), [trials]);
    assert.deepEqual(cohortsOf([], new Set(), 16), []);
  });

  test('memory and open files bound how many are alive at once', () => {
    const roomy = { memory: 24e9, openFiles: 20_000 };
    assert.equal(mostAtOnce(roomy, 192), 16);
    assert.equal(mostAtOnce({ ...roomy, memory: 2e9 }, 192), 8);
    assert.equal(mostAtOnce({ ...roomy, openFiles: 1_024 }, 192), 4);
    assert.equal(mostAtOnce({ ...roomy, openFiles: 256 }, 192), 3, 'the least that compares anything');
  });
});
