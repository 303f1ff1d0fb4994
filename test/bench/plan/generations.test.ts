import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SubjectRecord } from '#bench/model/record.ts';
import { hopName, hopsOf, startKey, subjectName } from '#bench/model/scenario.ts';
import {
  applies,
  factsOf,
  fitSubjects,
  lacksFor,
  lackWords,
  type SubjectFacts,
  versionsMissing,
} from '#bench/plan/applies.ts';
import { PRESETS } from '#bench/plan/presets.ts';
import { mulberry32, shuffled } from '#proxies/platform/random.ts';
import { planGenerations } from '#bench/plan/generations.ts';
import { FAMILIES, SCENARIOS } from '#bench/plan/scenarios.ts';
import { subjectRecord } from '#test/bench/subject-record.ts';

const facts = (name: string, layer: SubjectFacts['layer'], ...capabilities: string[]): SubjectFacts => ({
  name,
  layer,
  capabilities: new Set(capabilities),
});
const REFERENCES = [
  facts('direct', 'direct'),
  facts('l4-tcp', 'l4'),
  facts('l7-http', 'l7', 'HTTP/2 downstream', 'HTTP/2 upstream'),
  facts('l7-tls', 'l7', 'tls-termination', 'HTTP/2 downstream'),
  facts('node-http', 'l7'),
];
const scenario = (name: string) => SCENARIOS.find((s) => s.name === name)!;
const able = (name: string) => REFERENCES.filter((subject) => applies(scenario(name), subject)).map((s) => s.name);

test('a scenario is carried by those who can', () => {
  assert.deepEqual(able('http-small'), ['direct', 'l4-tcp', 'l7-http', 'node-http']);
  assert.deepEqual(able('tls-keepalive'), ['direct', 'l4-tcp', 'l7-tls']);
  assert.deepEqual(able('tcp-echo'), ['direct', 'l4-tcp']);
  assert.deepEqual(able('idle-connections'), ['direct', 'l4-tcp', 'l7-http', 'node-http']);
  assert.deepEqual(able('h2-8x8'), ['direct', 'l4-tcp', 'l7-http'], 'who ends HTTP must speak its second version');
  assert.deepEqual(able('h2-tls-8x8'), ['direct', 'l4-tcp'], 'on both sides');
});

test('which version of HTTP is missing is told by the name of the feature', () => {
  const missing = (name: string, subject: string) =>
    versionsMissing(
      scenario(name),
      REFERENCES.find((one) => one.name === subject)!,
    );
  assert.deepEqual(missing('h2-8x8', 'node-http'), ['HTTP/2 downstream', 'HTTP/2 upstream']);
  assert.deepEqual(missing('h2-to-h1-8x8', 'node-http'), ['HTTP/2 downstream']);
  assert.deepEqual(missing('h2-tls-8x8', 'l7-tls'), ['HTTP/2 upstream']);
  assert.deepEqual(missing('h2-8x8', 'l4-tcp'), []);
});

test('a subject is told of what it lacks only where it would carry the scenario otherwise', () => {
  const [tls, plain] = ['l7-tls', 'node-http'].map((name) => REFERENCES.find((one) => one.name === name)!);
  const scenarios = ['http-small', 'h2-8x8', 'h2-to-h1-8x8', 'h2-tls-8x8'].map(scenario);
  assert.deepEqual(lacksFor(scenarios, tls!), [{ feature: 'HTTP/2 upstream', scenarios: ['h2-tls-8x8'] }]);
  assert.deepEqual(lacksFor(scenarios, plain!).map(lackWords), [
    'has no HTTP/2 downstream, which h2-8x8, h2-to-h1-8x8 take',
    'has no HTTP/2 upstream, which h2-8x8 takes',
  ]);
});

test('a point of a sweep speaks to the origin as its base does', () => {
  for (const { name, loop, upstream } of SCENARIOS)
    if (loop.kind === 'paced') assert.equal(upstream, scenario(loop.of).upstream, name);
});

test('one start of a subject serves all scenarios for which it is configured alike', () => {
  const key = (name: string, endsHttp: boolean) => startKey(scenario(name), endsHttp);
  assert.equal(key('h2-8x8', true), key('h2-32x1', true));
  assert.notEqual(key('h2-8x8', true), key('h2-to-h1-8x8', true));
  assert.equal(key('h2-8x8', false), key('h2-to-h1-8x8', false), 'bytes pass as they are');
  assert.notEqual(key('h2-8x8', false), key('http-small', false));
  assert.notEqual(key('h2-8x8', true), key('h2-tls-8x8', true));
});

test('every round visits every able subject of every scenario exactly once, paced scenarios last', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), fc.integer({ min: 1, max: 5 }), (seed, rounds) => {
      const plan = planGenerations({ scenarios: SCENARIOS, subjects: REFERENCES, generations: rounds, seed });
      assert.equal(plan.length, rounds);
      const expected = SCENARIOS.flatMap((s) => able(s.name).map((subject) => `${s.name}/${subject}`)).toSorted(
        (a, b) => a.localeCompare(b),
      );
      for (const [index, round] of plan.entries()) {
        assert.deepEqual(
          round.map((t) => `${t.scenario.name}/${subjectName(t.subject)}`).toSorted((a, b) => a.localeCompare(b)),
          expected,
        );
        assert.deepEqual(
          round.map((t) => t.position),
          round.map((_, i) => i),
        );
        assert.ok(round.every((t) => t.generation === index));
        const firstPaced = round.findIndex((t) => t.scenario.loop.kind === 'paced');
        assert.ok(round.slice(firstPaced).every((t) => t.scenario.loop.kind === 'paced'));
      }
    }),
    { seed: 1, numRuns: 50 },
  );
});

test('the seed decides the order, and rounds differ', () => {
  const names = (seed: number) =>
    planGenerations({ scenarios: SCENARIOS, subjects: REFERENCES, generations: 2, seed }).map((r) =>
      r.map((t) => t.scenario.name + subjectName(t.subject)).join(),
    );
  assert.deepEqual(names(7), names(7));
  assert.notDeepEqual(names(7), names(8));
  assert.notEqual(names(7)[0], names(7)[1]);
});

test('a shuffle is fair: each of the 6 orders of 3 comes up within 5 sigma of its share', () => {
  const random = mulberry32(42);
  const counts = new Map<string, number>();
  const runs = 12_000;
  for (let i = 0; i < runs; i++) {
    const order = shuffled(['a', 'b', 'c'], random).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.equal(counts.size, 6);
  const sigma = Math.sqrt((runs * (1 / 6) * 5) / 6);
  for (const count of counts.values()) assert.ok(Math.abs(count - runs / 6) < 5 * sigma, `${count}`);
});

for (const preset of PRESETS) {
  test(`preset ${preset.name}: its scenarios exist, and paced ones come with their source`, () => {
    const names = preset.scenarios;
    const scenarios = names.map(scenario);
    for (const s of scenarios) if (s.loop.kind === 'paced') assert.ok(names.includes(s.loop.of), s.name);
  });
}

test('names are unique and families name scenarios', () => {
  assert.equal(new Set(SCENARIOS.map((s) => s.name)).size, SCENARIOS.length);
  for (const members of Object.values(FAMILIES)) for (const member of members) assert.ok(scenario(member), member);
});

test('a subject that is asked for twice runs twice in those scenarios, in every round, and nowhere else', () => {
  const subjects = REFERENCES.map((one) => (one.name === 'l7-http' ? { ...one, again: ['http-small'] } : one));
  const scenarios = [scenario('http-small'), scenario('http-new-connection')];
  const plan = planGenerations({ scenarios, subjects, generations: 3, seed: 1 });
  for (const round of plan) {
    const twice = round.filter(({ subject }) => subject.kind === 'proxy' && subject.name === 'l7-http');
    assert.deepEqual(twice.map((one) => `${one.scenario.name} ${subjectName(one.subject)}`).toSorted(), [
      'http-new-connection l7-http',
      'http-small l7-http',
      'http-small l7-http (A/A)',
    ]);
  }
});

test('a chain goes where its hop goes, once a round, and the plan can be had back from the records', () => {
  const hop = facts('l7-http', 'l7');
  const subjects = [...REFERENCES, { ...hop, hops: 2 }, { ...hop, hops: 3 }];
  const scenarios = [scenario('http-small'), scenario('tcp-echo')];
  const plan = planGenerations({ scenarios, subjects, generations: 2, seed: 1 });
  for (const round of plan)
    assert.deepEqual(
      round
        .filter(({ subject }) => hopName(subject) === 'l7-http')
        .map((one) => `${one.scenario.name} ${subjectName(one.subject)} ${hopsOf(one.subject)}`)
        .toSorted(),
      ['http-small l7-http 1', 'http-small l7-http ×2 2', 'http-small l7-http ×3 3'],
    );
  const records = subjects.map((one) =>
    recordOf(one.name, one.layer, 'hops' in one ? (one.hops as number) : undefined, true),
  );
  const again = records.map((record) =>
    factsOf(record, subjects.find(({ name }) => name === hopName(record.subject))!.capabilities),
  );
  assert.deepEqual(planGenerations({ scenarios, subjects: again, generations: 2, seed: 1 }), plan);
});

test('a subject that failed its preflight is not measured, nor a chain of it', () => {
  const fit = (hop: boolean, chain: boolean) =>
    fitSubjects([recordOf('l7-http', 'l7', undefined, hop), recordOf('l7-http', 'l7', 2, chain)]).map(({ subject }) =>
      subjectName(subject),
    );
  assert.deepEqual(fit(true, true), ['l7-http', 'l7-http ×2']);
  assert.deepEqual(fit(true, false), ['l7-http']);
  assert.deepEqual(fit(false, true), []);
});

const recordOf = (
  name: string,
  layer: SubjectFacts['layer'],
  hops: number | undefined,
  passed: boolean,
): SubjectRecord =>
  subjectRecord(name, {
    subject: layer === 'direct' ? { kind: 'direct' } : { kind: 'proxy', name, ...(hops !== undefined && { hops }) },
    layer,
    preflight: [{ rule: 'it starts', passed, detail: '' }],
  });
