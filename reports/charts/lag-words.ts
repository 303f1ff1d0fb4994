/** Where response times are withheld as figures, what is drawn of them holds the generator's own lag, and the chart says so. */
import type { ScenarioAnalysis } from '#bench/analysis/analysis.ts';

/** Whether any subject of a paced scenario has its response times withheld. */
export const lagsIn = (paced: ScenarioAnalysis | undefined): boolean =>
  paced?.subjects.some(({ trials, metrics }) => trials.completed > 0 && !metrics.responseP50 && metrics.serviceP50) ??
  false;

export const LAG_WORDS = ', the generator’s own lag included';
