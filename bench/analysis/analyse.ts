/** The records of a run → its analysis. Pure: the same records give the same analysis. */
import type { RunRecords } from '#bench/model/record.ts';
import type { Analysis } from './analysis.ts';
import { compareSubjects } from './comparison/hop-pairs.ts';
import { chainCosts } from './comparison/chains.ts';
import { roundsDrift } from './verdict/drift.ts';
import { basisOf, findingsOf } from './findings/findings.ts';
import { faultsOf } from './faults/faults.ts';
import { faultsBasis } from './faults/words.ts';
import { kneesOf } from './knees/knees.ts';
import { ledgerOf } from './ledger/ledger.ts';
import { aboveNoise, noiseOf } from './comparison/noise.ts';
import { overTimeOf } from './figures/over-time.ts';
import { pricesOf } from './prices/prices.ts';
import { rankingsOf, rankingUnderTrust } from './comparison/ranking.ts';
import { analyseScenario } from './scenarios/scenario-analysis.ts';
import { figuresOnce, withTwins } from './figures/figures.ts';
import { trustOf, underTrust } from './instruments/trust.ts';
import { opinionsOf, secondOpinionWarnings } from './instruments/second-opinion.ts';
import { trialRow } from './verdict/trial-row.ts';
import { gatherWarnings } from './verdict/warnings.ts';

export function analyse(records: RunRecords): Analysis {
  const { subjects, micro, calibration, secondOpinion, end } = records;
  const prices = pricesOf(records);
  // What was measured for a price is no figure of a hop: its traffic differs from filter to filter.
  const shapes = records.run.scenarios.filter((scenario) => scenario.prices === undefined);
  const run = prices ? { ...records.run, scenarios: shapes } : records.run;
  const names = new Set(shapes.map(({ name }) => name));
  const trials = prices ? records.trials.filter(({ scenario }) => names.has(scenario)) : records.trials;
  const knees = kneesOf(records);
  const faults = faultsOf(records);
  const starts = figuresOnce(run.scenarios, trials);
  const figures = withTwins(starts, trials);
  const firsts = trials.filter(({ subject }) => subject.again !== true);
  const noise = noiseOf(run.scenarios, trials, starts);
  const scenarios = run.scenarios.map((scenario) => analyseScenario(scenario, records, figures, noise));
  const comparisons = compareSubjects(subjects, run.scenarios, figures).map((one) => aboveNoise(one, noise));
  const chains = chainCosts(subjects, run.scenarios, figures).map((one) => aboveNoise(one, noise));
  const ledger = ledgerOf({ subjects, scenarios: run.scenarios, figures, micro }, trials);
  const rankings = rankingsOf(subjects, scenarios, figures, noise);
  const drifts = run.scenarios.flatMap(({ name }) => roundsDrift(trials, name) ?? []);
  const opinion = secondOpinion ? opinionsOf(secondOpinion) : null;
  const trust = trustOf(run, calibration, opinion);
  const generations = new Set(records.trials.map(({ generation }) => generation)).size;
  return {
    run: records.run,
    state: end?.state ?? 'unfinished',
    finishedAt: end?.finishedAt ?? null,
    subjects,
    generations,
    basis: faults ? faultsBasis(run.rounds) : basisOf(generations, run.turns, knees),
    findings: findingsOf({
      run,
      trust,
      subjects,
      scenarios,
      rankings,
      comparisons,
      chains,
      ledger,
      trials: records.trials,
      noise,
      calibration,
      opinion,
      knees,
      prices,
      faults,
    }),
    scenarios: scenarios.map((scenario) => ({
      ...scenario,
      subjects: scenario.subjects.map((subject) => ({
        ...subject,
        versusDirect: subject.versusDirect.map((one) => underTrust(one, trust)),
      })),
    })),
    rankings: rankings.map((ranking) => rankingUnderTrust(ranking, trust)),
    comparisons: comparisons.map((one) => underTrust(one, trust)),
    chains: chains.map((one) => underTrust(one, trust)),
    calibration: calibration ?? null,
    secondOpinion: opinion,
    noise: noise ?? null,
    trials: records.trials.map((trial) =>
      trialRow(
        trial,
        records.run.scenarios.find(({ name }) => name === trial.scenario),
      ),
    ),
    warnings: gatherWarnings(records.trials, [...drifts, ...secondOpinionWarnings(opinion)]),
    ledger,
    overTime: overTimeOf(run.scenarios, subjects, firsts),
    ...(knees && { knees }),
    ...(prices && { prices }),
    ...(faults && { faults }),
  };
}
