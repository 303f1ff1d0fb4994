/** The warnings of all trials, gathered by code: how many trials carry each, with a few examples. */
import type { TrialRecord } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { type Warning, type WarningCode, WARNINGS } from '#bench/model/warning.ts';
import type { GatheredWarning } from '../analysis.ts';

const EXAMPLES = 3;

const warningsOf = (trial: TrialRecord): readonly Warning[] => {
  switch (trial.state) {
    case 'completed':
      return trial.warnings;
    case 'invalid':
      return trial.reasons;
    case 'failed':
      return [];
  }
};

/** `ofRun`: warnings that concern the run as a whole. What makes trials invalid comes first, then what is most frequent. */
export function gatherWarnings(trials: readonly TrialRecord[], ofRun: readonly Warning[]): GatheredWarning[] {
  const found = trials.flatMap((trial) =>
    warningsOf(trial).map(({ code, message }) => ({
      code,
      trial,
      example: `${trial.scenario} · ${subjectName(trial.subject)} · generation ${trial.generation + 1}: ${message}`,
    })),
  );
  const codes = new Set<WarningCode>([...ofRun, ...found].map(({ code }) => code));
  return [...codes]
    .map((code): GatheredWarning => {
      const here = found.filter((one) => one.code === code);
      const messages = [
        ...ofRun.filter((one) => one.code === code).map(({ message }) => message),
        ...here.map(({ example }) => example),
      ];
      return {
        code,
        ...WARNINGS[code],
        trials: new Set(here.map(({ trial }) => trial)).size,
        examples: messages.slice(0, EXAMPLES),
      };
    })
    .toSorted((a, b) => rank(a) - rank(b) || b.trials - a.trials || a.code.localeCompare(b.code));
}

const rank = ({ severity }: GatheredWarning): number => (severity === 'invalid' ? 0 : 1);
