/** The first thing to read: one sentence with its figure and its bound, how sure it is, and what that rests on. */
import type { Analysis, Finding } from '#bench/analysis/analysis.ts';
import { verdictOf } from '#bench/analysis/instruments/calibration.ts';
import { CLAIM_GENERATIONS } from '#bench/analysis/comparison/comparison.ts';
import { counted, percent } from '#bench/analysis/words/quantity.ts';
import type { Badge, Item, Report } from '../document/tree.ts';
import { unfitOf } from './left-out.ts';
import { noiseFloor } from './noise-floor.ts';
import { badgeOf, isTold } from './strength.ts';

type Answer = Report['answer'];

/** The first finding that tells something: what cannot be told is never a headline. Undefined where nothing could be. */
export const answerOf = ({ findings }: Pick<Analysis, 'findings'>): Finding | undefined => findings.find(isTold);

export function answerBlock(analysis: Analysis): Answer {
  const answer = answerOf(analysis);
  const reasons = reasonsOf(analysis);
  if (!answer)
    return {
      sentence: analysis.faults ? 'What users see when things break' : 'What the hops cost',
      badge: badgeOf('cannot tell'),
      reasons,
    };
  return { sentence: answer.sentence, badge: sureness(answer, reasons), reasons };
}

/** No surer than what it rests on. */
function sureness({ strength }: Finding, reasons: readonly Item[]): Badge {
  const isDoubtful = reasons.some(({ badge }) => badge?.tone === 'bad');
  return badgeOf(strength === 'claim' && isDoubtful ? 'look' : strength);
}

const SURE: Badge = { word: '✓', tone: 'good' };
const CARE: Badge = { word: '≈', tone: 'care' };
const WRONG: Badge = { word: '!', tone: 'bad' };

/** Noise of CPU per request that a reader need not mind. */
const QUIET = 0.05;

function reasonsOf(analysis: Analysis): Item[] {
  // A search or faults alone have no rounds, and no noise between them.
  const hasNoRounds = analysis.trials.length === 0 && (analysis.knees ?? analysis.faults) !== undefined;
  return [
    ...(hasNoRounds ? [] : [starts(analysis), floor(analysis), trials(analysis)]),
    ...windows(analysis),
    ...broken(analysis),
    calibrated(analysis),
    ...proven(analysis),
  ];
}

const item = (badge: Badge, text: string, to: string, name: string): Item => ({ badge, text, evidence: { to, name } });

function starts({ generations: count, run: { turns } }: Analysis): Item {
  const words = turns ? `${counted(count, 'start')} of each subject` : counted(count, 'round');
  return count >= CLAIM_GENERATIONS
    ? item(SURE, words, 'environment', 'environment')
    : item(CARE, `${words}, ${CLAIM_GENERATIONS} make a claim`, 'again', 'run it again');
}

function floor(analysis: Analysis): Item {
  const size = noiseFloor(analysis);
  if (!analysis.noise || size === null)
    return item(CARE, 'noise of this host not measured', 'noise-floor', 'noise floor');
  return item(size <= QUIET ? SURE : CARE, `noise of this host ${percent(size)}`, 'noise-floor', 'noise floor');
}

function trials(analysis: Analysis): Item {
  const { length } = analysis.trials;
  const out = analysis.trials.filter(({ state }) => state !== 'completed').length;
  if (length === 0) return item(WRONG, 'no trial ran', 'trials', 'trials');
  if (out > 0) return item(CARE, `${out} of ${counted(length, 'trial')} left out`, 'trials', 'trials');
  return item(
    unfitOf(analysis).length === 0 ? SURE : CARE,
    `${counted(length, 'trial')}, none left out`,
    'trials',
    'trials',
  );
}

function windows({ knees }: Analysis): Item[] {
  if (!knees) return [];
  const all = knees.searches.flatMap((search) => search.windows);
  const disturbed = all.filter(({ kind }) => kind === 'disturbed').length;
  const words = `${counted(all.length, 'window')} of the search, ${disturbed === 0 ? 'none' : disturbed} disturbed`;
  return [item(disturbed === 0 ? SURE : CARE, words, 'knees', 'search')];
}

function broken({ faults, run }: Analysis): Item[] {
  if (!faults) return [];
  const told = faults.groups.flatMap(({ rows }) => rows);
  const without = told.filter(({ result }) => result === null).length;
  const words = `${counted(faults.groups.length, 'fault')}, ${counted(run.rounds, 'repeat')} each${without > 0 ? `, ${without} of ${told.length} without a figure` : ''}`;
  return [item(without === 0 ? SURE : CARE, words, 'faults', 'faults')];
}

function calibrated({ calibration }: Analysis): Item {
  const at = ['calibration', 'calibration'] as const;
  if (!calibration) return item(CARE, 'instruments not calibrated', ...at);
  const { length } = calibration.checks;
  const failed = calibration.checks.filter(({ passed }) => !passed).length;
  switch (verdictOf(calibration)) {
    case 'passed':
      return item(SURE, 'instruments calibrated', ...at);
    case 'disturbed':
      return item(CARE, `host disturbed in ${failed} of ${counted(length, 'calibration')}`, ...at);
    case 'failed':
      return item(WRONG, `${failed} of ${counted(length, 'calibration')} failed`, ...at);
  }
}

function proven(analysis: Analysis): Item[] {
  const unfit = unfitOf(analysis).length;
  return unfit === 0 ? [] : [item(WRONG, `${counted(unfit, 'subject')} not measured`, 'configs', 'configuration')];
}
