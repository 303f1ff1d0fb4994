/** JUnit XML against the schemas in use, and the counts against the result. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { XmlDocument, XsdValidator } from 'libxml2-wasm';
import { exitCodeOf, type GateResult } from '#bench/gate/result.ts';
import { junit } from '#reports/gate/junit.ts';
import { xmlDocument } from '#reports/gate/xml.ts';
import { gateResult, hugeResult, metricOf, ODD, RESULTS } from './synthetic-result.ts';

/** The schemas come with the package junit-processor. */
const schemas = {
  windyroad: import.meta.resolve('junit-processor/schemas/JUnit.xsd'),
  jenkins: import.meta.resolve('junit-processor/schemas/jenkins-junit.xsd'),
};
const schemaText = (schema: string): string => readFileSync(new URL(schema), 'utf8');
function validatorOf(schema: string): XsdValidator {
  using document = XmlDocument.fromString(schema);
  return XsdValidator.fromDoc(document);
}

/** The packaged copy of windyroad's schema is older than its `skipped`: element and attribute are put where upstream has them. */
function withSkipped(schema: string): string {
  const at = schema.lastIndexOf('<xs:attribute name="time"');
  const attribute = '<xs:attribute name="skipped" type="xs:int" use="optional"/>';
  return (schema.slice(0, at) + attribute + schema.slice(at)).replace(
    '<xs:choice minOccurs="0">',
    '$&<xs:element name="skipped"/>',
  );
}

const windyroad = validatorOf(withSkipped(schemaText(schemas.windyroad)));
const jenkins = validatorOf(schemaText(schemas.jenkins));

const validate = (validator: XsdValidator, xml: string): void => {
  using document = XmlDocument.fromString(xml);
  validator.validate(document);
};

test('every state is valid under windyroad’s and Jenkins’ schema', () => {
  const empty = gateResult({ metrics: [], state: 'invalid', verdict: '' });
  for (const result of [...Object.values(RESULTS), hugeResult(20), empty]) {
    const xml = junit.render(result);
    validate(jenkins, xml);
    validate(windyroad, xml);
  }
});

test('the schemas are strict: what they do not know is refused', () => {
  const xml = junit.render(RESULTS['regressed']!);
  const planted = xml.replace('<system-err/>', '<system-err/><odd/>');
  assert.notEqual(planted, xml);
  assert.throws(() => validate(jenkins, planted));
  assert.throws(() => validate(windyroad, planted));
  assert.throws(() => validate(windyroad, xml.replace('<testsuites>', '<testsuites name="x">')));
});

interface Case {
  readonly name: string;
  readonly classname: string;
  readonly outcome: string;
}

function casesOf(result: GateResult): Case[] {
  using document = XmlDocument.fromString(junit.render(result));
  return document.find('/testsuites/testsuite/testcase').map((node) => {
    const of = (expression: string): string => {
      const value = node.eval(expression);
      assert.ok(typeof value === 'string');
      return value;
    };
    return { name: of('string(@name)'), classname: of('string(@classname)'), outcome: of('name(*)') || 'passed' };
  });
}

test('a case for every metric, every budget and new errors; failures are what ends the gate with 99', () => {
  for (const result of Object.values(RESULTS)) {
    const cases = casesOf(result);
    assert.equal(cases.length, result.metrics.length + result.budgets.length + 1);
    assert.equal(
      cases.some(({ outcome }) => outcome === 'failure'),
      exitCodeOf(result, false) === 99,
    );
    const xml = junit.render(result);
    const count = (name: string): number => Number(new RegExp(`<testsuite [^>]* ${name}="(\\d+)"`).exec(xml)![1]);
    assert.equal(count('tests'), cases.length);
    for (const [attribute, outcome] of [
      ['failures', 'failure'],
      ['errors', 'error'],
      ['skipped', 'skipped'],
    ] as const)
      assert.equal(count(attribute), cases.filter((one) => one.outcome === outcome).length, attribute);
  }
});

test('states become outcomes as documented', () => {
  const outcome = (metric: ReturnType<typeof metricOf>): string =>
    casesOf(gateResult({ metrics: [metric] }))[0]!.outcome;
  const expected = {
    regressed: 'failure',
    invalid: 'error',
    inconclusive: 'skipped',
    improved: 'passed',
    same: 'passed',
  } as const;
  for (const [state, word] of Object.entries(expected) as [keyof typeof expected, string][]) {
    assert.equal(outcome(metricOf({ state })), word);
    const advisory = word === 'passed' ? 'passed' : 'skipped';
    assert.equal(outcome(metricOf({ state, primary: false })), advisory, `${state}, advisory`);
  }
  const [errors] = casesOf(gateResult({ metrics: [], mode: { kind: 'budgets', reason: 'no base' } }));
  assert.equal(errors!.outcome, 'skipped', 'without a base nothing is known of new errors');
});

test('names come back as they were, but for what XML has no room for', () => {
  const odd = casesOf(RESULTS['odd']!)[0]!;
  assert.equal(odd.classname, `hopcost.gate.${ODD.scenario}.${ODD.subject}`);
  using document = XmlDocument.fromString(junit.render(RESULTS['odd']!));
  const text = document.eval('string(//failure)');
  assert.ok(typeof text === 'string' && text.includes('50 % worse\n::error::no[2J]]> \'quoted\' "twice"'));
});

test('properties carry the run and its environment', () => {
  const xml = junit.render(RESULTS['regressed']!);
  for (const [name, value] of [
    ['base', 'origin/main at 0123456789ab'],
    ['head', 'the working tree at fedcba987654, with uncommitted changes'],
    ['fingerprint', '0a1b2c3d4e5f'],
    ['state', 'regressed'],
  ] as const)
    assert.ok(xml.includes(`<property name="${name}" value="${value}"/>`), name);
});

test('any text is carried through an attribute and an element; only what is no XML is lost', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      using document = XmlDocument.fromString(
        xmlDocument({ name: 'a', attributes: { b: text }, children: [{ name: 'c', children: text }] }),
      );
      const kept = text.replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '');
      assert.equal(document.eval('string(/a/@b)'), kept);
      assert.equal(
        document.eval('string(/a/c)'),
        kept.replaceAll(/\r\n?/g, '\n'),
        'line ends are one in content (§2.11)',
      );
    }),
    { seed: 1, numRuns: 500 },
  );
});
