/** What is recorded of a peer: nothing is lost in the file, and recording again what behaves as before changes nothing. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { cases } from '#bench/conformance/cases/registry.ts';
import { knownDeviations, recordedFile, recordedOf } from '#bench/conformance/deviations/known.ts';
import { deviatingIn } from '#bench/conformance/deviations/record.ts';
import { type Deviating, EVERY, readRecorded, writeRecorded } from '#bench/conformance/deviations/recorded.ts';
import { RULES } from '#bench/conformance/rules.ts';
import type { Verdict } from '#bench/conformance/run.ts';
import { proxies } from '#proxies/registry.ts';

const peers = [...proxies.values()].filter(({ family }) => family !== 'hopcost');
const families = [...new Set(peers.map(({ family }) => family))];

test('every peer’s record is as the recorder writes it', () => {
  for (const family of families) {
    const recorded = recordedOf(family);
    assert.equal(writeRecorded(recorded), readFileSync(recordedFile(family), 'utf8'), family);
    for (const name of recorded.keys()) assert.equal(proxies.get(name)?.family, family);
  }
  const recorded = families.flatMap((family) => [...recordedOf(family).keys()]);
  assert.deepEqual(
    peers.map(({ name }) => name).filter((name) => !recorded.includes(name)),
    [],
    'peers that nobody recorded',
  );
  assert.deepEqual(
    knownDeviations('none').filter(({ proxies: [name] }) => name !== 'l7-tls-reencrypt'),
    [],
  );
});

const CASES = cases.filter(({ rule }) => ['bare-lf', 'host-invalid', 'fuzz', 'chunk-size'].includes(rule));
const outcome = fc.constantFrom<Verdict['state']>('passed', 'failed', 'deviating', 'healed', 'skipped');
/** Two runs of these cases. */
const observed = fc
  .array(fc.array(outcome, { minLength: CASES.length, maxLength: CASES.length }), { minLength: 1, maxLength: 4 })
  .map((runs) => runs.map((states) => states.map((state, i): Verdict => ({ ...CASES[i]!, state, millis: 0 }))));

test('read is what was written, and the order of proxies and runs makes no difference', () => {
  fc.assert(
    fc.property(observed, observed, (one, other) => {
      const [a, b] = [deviatingIn(one, undefined), deviatingIn(other, undefined)];
      const text = writeRecorded(
        new Map([
          ['x', a],
          ['y', b],
        ]),
      );
      assert.equal(
        writeRecorded(
          new Map([
            ['y', b],
            ['x', deviatingIn(one.toReversed(), undefined)],
          ]),
        ),
        text,
      );
      const back = readRecorded(text);
      assert.equal(writeRecorded(back), text);
      for (const [name, deviating] of [
        ['x', a],
        ['y', b],
      ] as const)
        for (const kind of ['steady', 'unsteady'] as const)
          for (const { rule, name: of } of CASES) {
            const names = (from: Deviating | undefined) => from?.[kind].get(rule);
            const isIn = (from: Deviating | undefined) => names(from) === EVERY || names(from)?.includes(of) === true;
            assert.equal(isIn(back.get(name)), isIn(deviating), `${name} ${kind} ${rule} ${of}`);
          }
    }),
    { seed: 5, numRuns: 300 },
  );
});

test('recorded again with the same outcomes, a record stays as it is', () => {
  const textOf = (deviating: Deviating): string => writeRecorded(new Map([['x', deviating]]));
  fc.assert(
    fc.property(observed, observed, (first, second) => {
      const once = deviatingIn(first, undefined);
      assert.equal(textOf(deviatingIn(first, once)), textOf(once));
      const both = deviatingIn(second, once);
      assert.equal(textOf(deviatingIn(second, both)), textOf(both));
    }),
    { seed: 6, numRuns: 300 },
  );
});

test('what failed in some runs depends on timing, and goes on to; what fails no more is forgotten', () => {
  const verdict = (name: string, state: Verdict['state']): Verdict => ({
    rule: 'host-invalid',
    name,
    state,
    millis: 0,
  });
  const run = (...states: Verdict['state'][]): Verdict[] => states.map((state, i) => verdict(`case ${i}`, state));
  const first = deviatingIn(
    [run('failed', 'failed', 'passed', 'skipped'), run('failed', 'passed', 'passed', 'skipped')],
    undefined,
  );
  assert.deepEqual([...first.steady], [['host-invalid', ['case 0']]]);
  assert.deepEqual([...first.unsteady], [['host-invalid', ['case 1']]]);
  const then = deviatingIn([run('passed', 'failed', 'failed', 'failed')], first);
  assert.deepEqual([...then.steady], [['host-invalid', ['case 2', 'case 3']]]);
  assert.deepEqual([...then.unsteady], [['host-invalid', ['case 1']]]);
  assert.deepEqual([...deviatingIn([run('failed', 'deviating')], undefined).steady], [['host-invalid', EVERY]]);
});

test('a record of a rule that there is no more says so', () => {
  assert.throws(() => readRecorded('{"x":{"every case":["no-such-rule"]}}'), /no-such-rule.*record the proxy anew/);
  assert.ok(Object.values(RULES).every(({ reason }) => reason.length > 0));
});
