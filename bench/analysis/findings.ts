/**
 * What was found, in sentences: each with its interval, or saying why it cannot be told. Short, in the order in which a reader asks:
 * what does a hop cost, what does it add to latency, what carries how much, what was left out.
 */
import type { Finding } from './analysis.ts';
import { chainFindings } from './findings/chains.ts';
import { hopCosts, others, ranks, tlsCosts } from './findings/costs.ts';
import type { Evidence } from './findings/evidence.ts';
import { addedLatency, capacities, idleMemory, underLoad } from './findings/load.ts';
import { instruments, leftOut, notMeasured, rulesNotKept, sameAgainstSame, withoutFigure } from './findings/trust.ts';
import { kneeFindings } from './knees.ts';
import { ledgerFindings } from './ledger/findings.ts';
import { targetFindings } from './target-findings.ts';

export { basisOf } from './findings/trust.ts';

export function findingsOf(evidence: Evidence): Finding[] {
  return [
    ...hopCosts(evidence),
    ...tlsCosts(evidence),
    ...chainFindings(evidence.chains, evidence.scenarios),
    ...ranks(evidence),
    ...others(evidence),
    ...addedLatency(evidence),
    ...underLoad(evidence),
    ...ledgerFindings(evidence.ledger.accounts),
    ...capacities(evidence),
    ...kneeFindings(evidence.knees),
    ...idleMemory(evidence),
    ...targetFindings(evidence.subjects, evidence.scenarios),
    ...instruments(evidence),
    ...sameAgainstSame(evidence),
    ...notMeasured(evidence),
    ...withoutFigure(evidence),
    ...rulesNotKept(evidence),
    ...leftOut(evidence),
  ];
}
