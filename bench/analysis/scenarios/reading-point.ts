/**
 * The offered rates at which latency is read: half of the slowest subject's capacity, and 80 % of it (METHOD 5), or the nearest. Of the scenarios
 * that are there for it; where a run has none, of those paced by its main scenario, else of whatever was offered in the same version of HTTP.
 */
import { usesHttp2 } from '#bench/model/scenario.ts';
import type { ScenarioAnalysis } from '../analysis.ts';
import { mainScenario } from './roles.ts';

const FRACTIONS = [0.5, 0.8] as const;

/** The rate of added latency. The lowest where rates were given outright: there queues blur least. Undefined where none was offered. */
export const pacedScenario = (scenarios: readonly ScenarioAnalysis[]): ScenarioAnalysis | undefined =>
  nearest(scenarios, FRACTIONS[0]);

/** Lowest first; one or none where no more rates were offered. Of a whole sweep only these two. */
export function pacedScenarios(scenarios: readonly ScenarioAnalysis[]): ScenarioAnalysis[] {
  const points = new Set(FRACTIONS.map((fraction) => nearest(scenarios, fraction)));
  return scenarios.filter((scenario) => points.has(scenario)).toSorted((a, b) => a.offered! - b.offered!);
}

function nearest(scenarios: readonly ScenarioAnalysis[], fraction: number): ScenarioAnalysis | undefined {
  const open = scenarios.filter((one) => one.offered !== null);
  const all = scenarios.map(({ scenario }) => scenario);
  const main = mainScenario(all, false) ?? mainScenario(all, true);
  const meant = [
    open.filter(({ scenario }) => scenario.role === 'added-latency'),
    open.filter(({ scenario: { loop } }) => loop.kind === 'paced' && loop.of === main?.name),
    open.filter(({ scenario }) => main === undefined || usesHttp2(scenario.traffic) === usesHttp2(main.traffic)),
  ].find(({ length }) => length > 0);
  const offered = (meant ?? []).toSorted((a, b) => a.offered! - b.offered!);
  const paced = offered.flatMap((one) =>
    one.scenario.loop.kind === 'paced' ? [{ one, distance: Math.abs(one.scenario.loop.fraction - fraction) }] : [],
  );
  if (paced.length > 0) return paced.toSorted((a, b) => a.distance - b.distance)[0]!.one;
  return fraction === FRACTIONS[0] ? offered[0] : offered.at(-1);
}
