/**
 * What was found, in sentences: each with its interval, or saying why it cannot be told. Short, in the order in which a reader asks:
 * what does a hop cost, what does it add to latency, what carries how much, what was left out.
 */
import type { Finding } from '../analysis.ts';
import { chainFindings } from './chains.ts';
import { hopCosts, others, ranks, tlsCosts } from './costs.ts';
import type { Evidence } from './evidence.ts';
import { addedLatency, capacities, idleMemory, underLoad } from './load.ts';
import { otherScenarios } from './scenarios.ts';
import {
  instruments,
  leftOut,
  notForFigures,
  notMeasured,
  rulesNotKept,
  sameAgainstSame,
  withoutFigure,
} from './basis.ts';
import { kneeFindings } from '../knees/knees.ts';
import { faultFindings } from '../faults/findings.ts';
import { ledgerFindings } from '../ledger/findings.ts';
import { priceFindings } from '../prices/prices.ts';
import { targetFindings } from './targets.ts';
import { type Label, type Trust, weakest } from '../instruments/trust.ts';

export { basisOf } from './basis.ts';

/** Sentences by themselves, each with what may be said of it by its interval. */
const found = (evidence: Evidence): Finding[] => {
  const costs = [
    ...priceFindings(evidence.prices),
    ...hopCosts(evidence),
    ...tlsCosts(evidence),
    ...chainFindings(evidence.chains, evidence.scenarios),
    ...ranks(evidence),
    ...others(evidence),
    ...addedLatency(evidence),
    ...underLoad(evidence),
    ...ledgerFindings(evidence.ledger.accounts),
    ...capacities(evidence),
    ...kneeFindings(evidence.knees, evidence.run.search),
    ...faultFindings(evidence.faults),
    ...idleMemory(evidence),
    ...targetFindings(evidence),
  ];
  return [
    ...costs,
    ...otherScenarios(evidence, new Set(costs.map(({ scenario }) => scenario))),
    ...instruments(evidence),
    ...sameAgainstSame(evidence),
    ...notMeasured(evidence),
    ...withoutFigure(evidence),
    ...rulesNotKept(evidence),
    ...leftOut(evidence),
  ];
};

/** The label that the instruments allow; a sentence that they make a note of says so. */
function underInstruments(finding: Finding, trust: Trust): Finding {
  const { sentence, strength, restsOn } = finding;
  const allowed = weakest<Label>(strength, trust.most(restsOn));
  const isTaken = allowed === 'note' && strength !== 'note' && trust.isForFigures;
  return {
    ...finding,
    strength: allowed,
    ...(isTaken && { sentence: `${sentence} This run’s instruments failed their check of it.` }),
  };
}

export const findingsOf = (evidence: Evidence): Finding[] => [
  ...notForFigures(evidence),
  ...found(evidence).map((finding) => underInstruments(finding, evidence.trust)),
];
