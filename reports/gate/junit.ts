/**
 * JUnit XML, for the test views of GitLab, Jenkins and others: a case for every metric of every subject and scenario, one for every
 * budget, and one for errors that are new.
 *
 * - A deciding metric that regressed, an exceeded budget and new errors are failures: exactly what ends the gate with 99.
 * - A deciding metric that could not be measured ('invalid') is an error: something is wrong with the run, not with the change.
 * - What cannot be told ('inconclusive', 'unknown') is skipped, with the reason: neither a pass nor a failure would be true.
 * - A metric that is only advisory never fails: where it is anything but improved or the same, it is skipped with the reason.
 *
 * Valid under both schemas in use: windyroad's JUnit.xsd, which knows only what Ant writes (hence no attributes on `testsuites`, a
 * timestamp without a zone, here UTC, and empty system-err), and Jenkins' (hence the reason of `skipped` as its text).
 */
import { formatEstimate } from '#bench/analysis/words/quantity.ts';
import type { BudgetOutcome, GateMetric, GateResult } from '#bench/gate/result.ts';
import { decidingP, formatChange, formatP } from './change.ts';
import type { GateOutput } from './contract.ts';
import { environmentFacts, runFacts } from './facts.ts';
import { headlineOf } from './states.ts';
import { type Element, xmlDocument } from './xml.ts';

type Outcome =
  | { readonly kind: 'passed' }
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'failure' | 'error'; readonly type: string; readonly reason: string; readonly detail: string };

interface Case {
  readonly group: string;
  readonly name: string;
  readonly outcome: Outcome;
}

const PASSED: Outcome = { kind: 'passed' };

function outcomeOf(metric: GateMetric): Outcome {
  const { state, primary, reason } = metric;
  switch (state) {
    case 'same':
    case 'improved':
      return PASSED;
    case 'inconclusive':
      return { kind: 'skipped', reason: `${state}: ${reason}` };
    case 'regressed':
    case 'invalid':
      if (!primary) return { kind: 'skipped', reason: `${state}, but advisory: ${reason}` };
      return {
        kind: state === 'regressed' ? 'failure' : 'error',
        type: state,
        reason,
        detail: [reason, ...figures(metric)].join('\n'),
      };
  }
}

function figures(metric: GateMetric): string[] {
  const { base, head, ratio, unit } = metric;
  const p = decidingP(metric);
  return [
    ...(base === undefined ? [] : [`base: ${formatEstimate(base, unit)}`]),
    ...(head === undefined ? [] : [`head: ${formatEstimate(head, unit)}`]),
    ...(ratio === undefined ? [] : [`change: ${formatChange(ratio)}`]),
    ...(p === undefined ? [] : [`p: ${formatP(p)}`]),
  ];
}

function budgetCase({ text, state, reason }: BudgetOutcome): Case {
  const outcomes: Readonly<Record<BudgetOutcome['state'], Outcome>> = {
    kept: PASSED,
    exceeded: { kind: 'failure', type: 'budget exceeded', reason, detail: `${text}\n${reason}` },
    unknown: { kind: 'skipped', reason: `unknown: ${reason}` },
  };
  return { group: 'budgets', name: text, outcome: outcomes[state] };
}

function errorsCase({ newErrors, mode }: GateResult): Case {
  const reason = newErrors[0];
  const outcome: Outcome =
    reason !== undefined
      ? { kind: 'failure', type: 'new errors', reason, detail: newErrors.join('\n') }
      : mode.kind === 'budgets'
        ? { kind: 'skipped', reason: `base was not measured: ${mode.reason}` }
        : PASSED;
  return { group: 'requests', name: 'no errors in head that base does not have', outcome };
}

const casesOf = (result: GateResult): Case[] => [
  ...result.metrics.map((metric) => ({
    group: `${metric.scenario}.${metric.subject}`,
    name: metric.title,
    outcome: outcomeOf(metric),
  })),
  ...result.budgets.map(budgetCase),
  errorsCase(result),
];

function testcase({ group, name, outcome }: Case): Element {
  const children: Element[] =
    outcome.kind === 'passed'
      ? []
      : outcome.kind === 'skipped'
        ? [{ name: 'skipped', children: outcome.reason }]
        : [
            {
              name: outcome.kind,
              attributes: { message: outcome.reason, type: outcome.type },
              children: outcome.detail,
            },
          ];
  // The rounds are of all cases together: none has a time of its own.
  return { name: 'testcase', attributes: { name, classname: `hopcost.gate.${group}`, time: 0 }, children };
}

function render(result: GateResult): string {
  const cases = casesOf(result);
  const count = (kind: Outcome['kind']): number => cases.filter(({ outcome }) => outcome.kind === kind).length;
  const facts = [...runFacts(result), ...environmentFacts(result), ['state', headlineOf(result).word] as const];
  const suite: Element = {
    name: 'testsuite',
    attributes: {
      name: 'hopcost gate',
      package: 'hopcost',
      id: 0,
      timestamp: new Date(result.startedAt).toISOString().slice(0, 19),
      hostname: 'localhost',
      tests: cases.length,
      failures: count('failure'),
      errors: count('error'),
      skipped: count('skipped'),
      time: result.seconds.toFixed(3),
    },
    children: [
      {
        name: 'properties',
        children: facts.map(([name, value]) => ({ name: 'property', attributes: { name, value } })),
      },
      ...cases.map(testcase),
      { name: 'system-out', children: [result.verdict, ...result.notes].join('\n') },
      { name: 'system-err' },
    ],
  };
  return xmlDocument({ name: 'testsuites', children: [suite] });
}

export const junit: GateOutput = { format: 'junit', file: 'gate-junit.xml', render };
