/** Where the figures of a hop are read: the keep-alive scenario in the clear, its twin over TLS, or what else this run has. */
import type { Analysis, ScenarioAnalysis, SubjectAnalysis } from '#bench/analysis/analysis.ts';
import { mainScenarioName } from '#bench/analysis/scenarios/roles.ts';

export interface MainScenarios {
  readonly plain: ScenarioAnalysis | undefined;
  readonly encrypted: ScenarioAnalysis | undefined;
}

/** Without a keep-alive scenario the first in which a proxy's CPU was read, else the first that was measured, speaks for the run. */
export function mainScenarios({ scenarios }: Pick<Analysis, 'scenarios'>): MainScenarios {
  const all = scenarios.map(({ scenario }) => scenario);
  const [plain, encrypted] = [false, true].map((tls) =>
    scenarios.find(({ scenario }) => scenario.name === mainScenarioName(all, tls)),
  );
  if (plain || encrypted) return { plain, encrypted };
  const measured = scenarios.filter(({ subjects }) => subjects.some(({ trials }) => trials.completed > 0));
  const costly = measured.find(({ subjects }) => subjects.some(({ metrics }) => metrics.cpuPerRequest));
  return { plain: costly ?? measured[0], encrypted: undefined };
}

/** A subject in its main scenario: over TLS where it terminates that, or where it has a figure nowhere else (it passes TLS through). */
export interface MainFigure extends SubjectAnalysis {
  readonly scenario: string;
  readonly passes: boolean;
}

export function mainFigures(analysis: Pick<Analysis, 'scenarios' | 'subjects'>): MainFigure[] {
  const { plain, encrypted } = mainScenarios(analysis);
  const names = [
    ...new Set([plain, encrypted].flatMap((scenario) => scenario?.subjects ?? []).map(({ subject }) => subject)),
  ];
  return names.flatMap((name): MainFigure[] => {
    const [clear, secure] = [plain, encrypted].map((scenario) =>
      scenario?.subjects.find(({ subject }) => subject === name),
    );
    const isOver = (clear ?? secure)!.tls ? secure !== undefined : clear === undefined;
    const of = isOver ? secure : clear;
    if (!of) return [];
    return [{ ...of, scenario: (isOver ? encrypted : plain)!.scenario.name, passes: isOver && !of.tls }];
  });
}
