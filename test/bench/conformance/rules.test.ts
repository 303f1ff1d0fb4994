/** Rules and cases belong together: no rule without a case or a reason, no case or deviation without its rule. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cases } from '#bench/conformance/cases/registry.ts';
import { knownDeviations } from '#bench/conformance/deviations/known.ts';
import { RULES, type RuleId } from '#bench/conformance/rules.ts';
import { proxies } from '#proxies/registry.ts';

const families = new Set([...proxies.values()].map(({ family }) => family));
const deviations = [...new Set([...families].flatMap(knownDeviations))];
const ids = Object.keys(RULES) as RuleId[];
const cased = new Set(cases.map(({ rule }) => rule));

test('every rule has a case', () => {
  assert.deepEqual(
    ids.filter((id) => !cased.has(id)),
    [],
  );
});

test('every case names a rule that there is, and is unique within it', () => {
  const names = cases.map(({ rule, name, layer }) => {
    assert.ok(rule in RULES, `${rule} is no rule`);
    return `${layer} ${rule}: ${name}`;
  });
  assert.equal(new Set(names).size, names.length);
});

test('every deviation names proxies, a rule, and cases that there are, once, with a reason', () => {
  const seen = new Set<string>();
  for (const { proxies: names, rule, cases: deviating, reason } of deviations) {
    assert.ok(reason.length > 10, `${rule}: a reason`);
    for (const proxy of names) assert.ok(proxies.has(proxy), `no proxy is called ${proxy}`);
    const known = cases.filter((each) => each.rule === rule).map(({ name }) => name);
    for (const name of deviating ?? known) {
      assert.ok(known.includes(name), `${rule} has no case '${name}'`);
      for (const proxy of names) {
        const key = `${proxy} ${rule} ${name}`;
        assert.ok(!seen.has(key), `${key} stands twice`);
        seen.add(key);
      }
    }
  }
});

test('ours deviate where node:tls leaves no choice, and nowhere else', () => {
  const names = deviations
    .flatMap(({ proxies: each }) => each)
    .filter((name) => proxies.get(name)?.family === 'hopcost');
  assert.deepEqual([...new Set(names)], ['l7-tls-reencrypt']);
});
