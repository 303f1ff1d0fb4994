/** Which of its two times a scenario at a fixed rate is read by, and whether the generator's own lag is in what is drawn. */
import type { ScenarioAnalysis } from '#bench/analysis/analysis.ts';
import type { MetricName } from '#bench/analysis/figures/metrics.ts';

/** Response time, or service time where response times are withheld; a whole table shows one of them. */
export type Time = 'response' | 'service';

/** The time that most hops have; service time holds no lag of the generator and is never withheld for it. */
export const timeOf = (paced: ScenarioAnalysis | undefined): Time => {
  const having = (name: MetricName): number =>
    paced?.subjects.filter(({ versusDirect }) => versusDirect.some(({ metric }) => metric === name)).length ?? 0;
  return having('serviceP50') > having('responseP50') ? 'service' : 'response';
};

/** Whether any subject has its response times withheld as figures: what is drawn of them then holds the generator's own lag. */
export const lagsIn = (paced: ScenarioAnalysis | undefined): boolean =>
  paced?.subjects.some(({ trials, metrics }) => trials.completed > 0 && !metrics.responseP50 && metrics.serviceP50) ??
  false;
