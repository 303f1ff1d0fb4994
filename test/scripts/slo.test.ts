import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { describeObjective } from '#bench/analysis/knees/objective.ts';
import { UsageError } from '#bench/model/errors.ts';
import { parseObjective } from '#scripts/slo.ts';
import { parseSweep } from '#scripts/sweep.ts';

const parse = (text: string) => parseObjective('--slo', text).clauses;

test('what an objective may say', () => {
  assert.deepEqual(parse('p99<2ms'), [{ kind: 'latency', time: 'service', q: 0.99, below: 2_000 }]);
  assert.deepEqual(parse(' response.p99.9 < 1.5s , service.p50<800us,errors<0.1% '), [
    { kind: 'latency', time: 'response', q: 0.9990000000000001, below: 1_500_000 },
    { kind: 'latency', time: 'service', q: 0.5, below: 800 },
    { kind: 'errors', below: 0.001 },
  ]);
  assert.deepEqual(parse('p50<80µs'), parse('service.p50<80us'));
});

const BAD: readonly (readonly [string, RegExp])[] = [
  ['', /an empty clause/],
  ['p99<2ms,', /an empty clause/],
  ['p99<2', /'p99<2': a time needs its unit/],
  ['errors<0.1', /a share needs its '%'/],
  ['errors<0%', /above 0 %/],
  ['errors<101%', /up to 100 %/],
  ['p99<0ms', /a time above 0/],
  ['p99<=2ms', /only '<' is known/],
  ['p99>2ms', /only '<' is known/],
  ['p0<2ms', /from p1 to p99\.99/],
  ['p99.999<2ms', /from p1 to p99\.99/],
  ['p100<2ms', /from p1 to p99\.99/],
  ['p99<2ms,service.p99<3ms', /'service\.p99<3ms': says the same as an earlier clause/],
  ['latency<2ms', /expected a list such as 'p99<2ms'/],
  ['connect.p99<2ms', /expected a list/],
];
for (const [text, says] of BAD)
  test(`--slo '${text}' is refused`, () =>
    assert.throws(
      () => parse(text),
      (error) => error instanceof UsageError && says.test(error.message),
    ));

test('any text is an objective or one clear error; an objective in words is read back', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.stringMatching(/^[a-z.]{0,9}p?[0-9.]{0,5}[<>=]{0,2}[0-9.]{0,4}(us|ms|s|%)?$/)),
      (text) => {
        try {
          const objective = parseObjective('--slo', text);
          const words = describeObjective(objective).replaceAll('\u00a0', '').replaceAll('response p', 'response.p');
          assert.equal(describeObjective(parseObjective('--slo', words)), describeObjective(objective));
        } catch (error) {
          assert.ok(error instanceof UsageError, String(error));
        }
      },
    ),
    { seed: 11, numRuns: 2_000 },
  );
});

test('what a sweep may be', () => {
  const at = (value: string | true): number[] => parseSweep('--sweep', value).map((point) => point.at);
  assert.deepEqual(at(true), [10, 20, 35, 50, 65, 80, 90]);
  assert.deepEqual(at('5'), [10, 30, 50, 70, 90]);
  assert.deepEqual(at('50%, 10 %'), [10, 50]);
  assert.deepEqual(parseSweep('--sweep', '5000,2000'), [
    { kind: 'rate', at: 2_000 },
    { kind: 'rate', at: 5_000 },
  ]);
});

for (const [text, says] of [
  ['1', /one number alone counts the points/],
  ['2000', /one number alone counts the points/],
  ['50%', /1 point makes no curve/],
  ['10%,2000', /percents and rates are not mixed/],
  ['10%,10%', /a point stands twice/],
  ['0%,50%', /'0%' is not between 1 and 99/],
  ['5,2000', /'5' is not between 10 and 1000000/],
  ['fast,slow', /'fast' is no whole number/],
  [Array.from({ length: 21 }, (_, i) => `${i + 1}%`).join(','), /21 points make no curve/],
] as const)
  test(`--sweep ${text.slice(0, 20)} is refused`, () =>
    assert.throws(
      () => parseSweep('--sweep', text),
      (error) => error instanceof UsageError && says.test(error.message),
    ));
