/** What the figures of a run rest on: its rounds, its instruments, the same against the same, and what was left out. */
import type { RunRecord, TrialRecord } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { hodgesLehmann } from '#bench/stats/hodges-lehmann.ts';
import type { Finding } from '../analysis.ts';
import { describeCalibration } from '../instruments/calibration.ts';
import { CLAIM_GENERATIONS, CONFIDENCE } from '../comparison/comparison.ts';
import { lastOutputOf } from '../verdict/failures.ts';
import { describeSearch, type Knees } from '../knees/knees.ts';
import { formatEstimate, percent } from '../words/quantity.ts';
import { describeSecondOpinion } from '../instruments/second-opinion.ts';
import type { Evidence } from './evidence.ts';

/** What all figures of the run rest on. */
export function basisOf(generations: number, turns: RunRecord['turns'], knees?: Knees): string {
  const searched = knees ? describeSearch(knees) : '';
  if (generations === 0 && knees) return searched;
  const words = turns ? generationsBasis(generations, turns.rounds) : windowsBasis(generations);
  return `${words}${knees ? ` ${searched}` : ''}`;
}

function generationsBasis(generations: number, rounds: number): string {
  const taken = `every subject started afresh ${times(generations)}, ${rounds} turns each time`;
  if (generations < 2)
    return `One start of every subject, ${rounds} turns: figures without intervals. They show that everything runs.`;
  const look = generations < CLAIM_GENERATIONS ? ` A first look; ${CLAIM_GENERATIONS} starts make a claim.` : '';
  return `Subjects took turns of tens of milliseconds, ${taken}; intervals cover 95 % over starts, and those of CPU of one proxy over another also allow for what runs differ by.${look}`;
}

const times = (count: number): string => (count === 2 ? 'twice' : `${count} times`);

/** Of runs that had no turns. */
function windowsBasis(rounds: number): string {
  if (rounds < 2) return 'One round: figures without intervals. They show that everything runs, not what it costs.';
  const { coverage } = hodgesLehmann(
    Array.from({ length: rounds }, (_, i) => i),
    CONFIDENCE,
  );
  const cover = `${(coverage * 100).toFixed(coverage > 0.9 ? 1 : 0)} %`;
  if (coverage < CONFIDENCE)
    return `${rounds} rounds: intervals reach from the least to the greatest round and cover the true figure in ${cover} of runs. A first look.`;
  return `${rounds} rounds: intervals are exact signed-rank intervals over rounds and cover the true figure in ${cover} of runs.`;
}

/** Of a run that was not made for its figures: said before all else. */
export function notForFigures({ run, trust, trials, scenarios }: Evidence): Finding[] {
  const scenario = scenarios[0]?.scenario.name;
  if (trust.isForFigures || scenario === undefined) return [];
  const busy = trials.filter(
    (trial) => trial.state === 'completed' && trial.warnings.some(({ code }) => code === 'foreign-load'),
  ).length;
  const beside = busy === 0 ? '' : `, and other processes used the CPU in ${busy} of ${trials.length} trials`;
  const sentence = `Figures that are not to be trusted: the preset ${run.preset} only shows that everything runs${beside}.`;
  return [{ sentence, strength: 'note', restsOn: [], scenario, part: 'trials' }];
}

export function instruments({ calibration, opinion, scenarios }: Evidence): Finding[] {
  const scenario = scenarios[0]?.scenario.name;
  if (scenario === undefined) return [];
  const said: readonly Pick<Finding, 'sentence' | 'part'>[] = [
    ...(calibration ? [{ sentence: describeCalibration(calibration), part: 'calibration' as const }] : []),
    ...(opinion ? [{ sentence: describeSecondOpinion(opinion), part: 'second-opinions' as const }] : []),
  ];
  return said.map((one) => ({ ...one, strength: 'note', restsOn: [], scenario }));
}

/** Needs rounds enough for the default rule to call anything different at all. */
export function sameAgainstSame({ noise }: Evidence): Finding[] {
  const able =
    noise?.comparisons.filter(({ kind, estimate }) => kind === 'ratio' && estimate.n >= CLAIM_GENERATIONS) ?? [];
  if (!noise || able.length === 0) return [];
  const cpu = able.find(({ metric }) => metric === 'cpuPerRequest');
  const floor = cpu
    ? ` CPU per request of ${cpu.reference.subject} against itself: ${formatEstimate(cpu.estimate, 'ratio')}; a difference of ${percent(Math.exp(cpu.smallest) - 1)} could have been seen.`
    : '';
  return [
    {
      sentence: `A/A: ${noise.falseAlarms} of ${able.length} comparisons of a subject with itself ${noise.falseAlarms === 1 ? 'was' : 'were'} called different.${floor}`,
      strength: 'note',
      restsOn: [],
      scenario: able[0]!.subject.scenario,
      part: 'noise',
    },
  ];
}

/** The first lines say it; what a proxy wrote and ran with stands with its configuration. */
const firstLine = (text: string): string => text.split('\n', 1)[0]!;

export const notMeasured = ({ subjects, scenarios }: Evidence): Finding[] =>
  subjects.flatMap(({ subject, preflight }): Finding[] => {
    const failed = preflight.filter(({ passed }) => !passed);
    if (failed.length === 0 || !scenarios[0]) return [];
    const more = failed.length > 1 ? ` (and ${failed.length - 1} more)` : '';
    const { rule, detail, output } = failed[0]!;
    const sentence = `${subjectName(subject)} was not measured: ${rule}: ${firstLine(detail).replace(/\.$/, '')}${more}.${lastWords(output)}`;
    return [{ sentence, strength: 'note', restsOn: [], scenario: scenarios[0].scenario.name, part: 'configuration' }];
  });

const WORDS_SHOWN = 3;

/** The end of what a subject printed, in a sentence; empty where it printed nothing. */
function lastWords(output = ''): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) return '';
  return ` It said last: ${lines
    .slice(-WORDS_SHOWN)
    .map((line) => `'${line.trim()}'`)
    .join(', ')}.`;
}

const ofSubject = (trials: readonly TrialRecord[], name: string): TrialRecord[] =>
  trials.filter(({ subject }) => subjectName({ ...subject, again: undefined }) === name);

/** Admitted, and none of its trials completed. */
export const withoutFigure = ({ subjects, trials }: Evidence): Finding[] =>
  subjects.flatMap(({ subject }): Finding[] => {
    const own = ofSubject(trials, subjectName(subject));
    if (own.length === 0 || own.some(({ state }) => state === 'completed')) return [];
    const [last] = own.slice(-1) as [TrialRecord];
    return [
      {
        sentence: `${subjectName(subject)} has no figure: ${own.length === 1 ? 'its one trial did not complete' : `none of its ${own.length} trials completed`}. ${whyNot(last)}`,
        strength: 'cannot tell',
        restsOn: [],
        scenario: last.scenario,
        part: 'trials',
      },
    ];
  });

function whyNot(trial: TrialRecord): string {
  if (trial.state === 'completed') return '';
  const { message } = trial.state === 'failed' ? trial.error : trial.reasons[0];
  return `The last: ${firstLine(message)}.${lastWords(lastOutputOf(trial))}`;
}

const RULES_NAMED = 3;

/** Of a user's own proxy, which is measured all the same. Without a completed trial nothing shows that it carries the load. */
export const rulesNotKept = ({ subjects, scenarios, trials }: Evidence): Finding[] =>
  subjects.flatMap(({ subject, preflight }): Finding[] => {
    const broken = preflight.filter(({ deviates }) => deviates);
    const carries = ofSubject(trials, subjectName(subject)).some(({ state }) => state === 'completed');
    if (broken.length === 0 || !carries || !scenarios[0]) return [];
    const named = broken.slice(0, RULES_NAMED).map(({ rule }) => rule);
    const more = broken.length > RULES_NAMED ? ` and ${broken.length - RULES_NAMED} more` : '';
    const sentence = `${subjectName(subject)} carries the load correctly but does not keep ${broken.length} of ${preflight.length} checks: ${named.join('; ')}${more}; each stands with its configuration.`;
    return [{ sentence, strength: 'note', restsOn: [], scenario: scenarios[0].scenario.name, part: 'configuration' }];
  });

export function leftOut({ trials }: Evidence): Finding[] {
  const count = (state: TrialRecord['state']): number => trials.filter((trial) => trial.state === state).length;
  const [invalid, failed] = [count('invalid'), count('failed')];
  if (invalid + failed === 0) return [];
  return [
    {
      sentence: `${invalid} of ${trials.length} trials ${invalid === 1 ? 'is' : 'are'} invalid and ${failed} failed; they are listed with their reasons and count in no figure.`,
      strength: 'note',
      restsOn: [],
      scenario: trials.find(({ state }) => state !== 'completed')!.scenario,
      part: 'trials',
    },
  ];
}
