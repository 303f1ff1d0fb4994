/** Rules and cases belong together: no rule without a case or a reason, no case or deviation without its rule. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cases } from '#bench/conformance/cases/registry.ts';
import { deviations } from '#bench/conformance/deviations/known.ts';
import { RULES, type RuleId } from '#bench/conformance/rules.ts';
import { proxies } from '#proxies/registry.ts';

const ids = Object.keys(RULES) as RuleId[];
const cased = new Set(cases.map(({ rule }) => rule));

test('every rule has a case, or says why it has none', () => {
  const uncased = ids.filter((id) => !cased.has(id) && !('uncased' in RULES[id]));
  assert.deepEqual(uncased, []);
  const both = ids.filter((id) => cased.has(id) && 'uncased' in RULES[id]);
  assert.deepEqual(both, [], 'they have cases and a reason for having none');
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

test('a reference deviates where node:tls leaves no choice, and nowhere else', () => {
  const names = deviations.flatMap(({ proxies: each }) => each).filter((name) => /^l[47]-/.test(name));
  assert.deepEqual([...new Set(names)], ['l7-tls-reencrypt']);
});
