/** Whether to believe it, in one line under the headline: rounds, noise, instruments, what was left out. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { verdictOf } from '#bench/analysis/instruments/calibration.ts';
import { CLAIM_GENERATIONS } from '#bench/analysis/comparison/comparison.ts';
import { percent } from '#bench/analysis/words/quantity.ts';
import { noiseFloor } from '../charts/noise.ts';
import { unfitOf } from '../left-out.ts';
import { html, type Markup } from './markup.ts';

interface Item {
  readonly state: 'sure' | 'care' | 'wrong';
  readonly words: string;
  /** Where it is told at length. */
  readonly id: string;
}

/** Noise of CPU per request that a reader need not mind. */
const QUIET = 0.05;

const MARKS = { sure: '✓', care: '≈', wrong: '!' } as const;

const itemsOf = (analysis: Analysis): Item[] => [
  // A search alone has no rounds, and no noise between them.
  ...(analysis.trials.length === 0 && analysis.knees ? [] : [rounds(analysis), floor(analysis), counted(analysis)]),
  ...searched(analysis),
  calibrated(analysis),
  ...proven(analysis),
];

function searched({ knees }: Analysis): Item[] {
  if (!knees) return [];
  const windows = knees.searches.flatMap((search) => search.windows);
  const disturbed = windows.filter(({ kind }) => kind === 'disturbed').length;
  return [
    disturbed === 0
      ? { state: 'sure', words: `${windows.length} windows of the search, none disturbed`, id: 'knees' }
      : { state: 'care', words: `${disturbed} of ${windows.length} windows of the search disturbed`, id: 'knees' },
  ];
}

function rounds({ run }: Analysis): Item {
  const count = run.rounds;
  const words = run.turns
    ? `every subject started ${count === 1 ? 'once' : `${count} times`}`
    : `${count} ${count === 1 ? 'round' : 'rounds'}`;
  return count >= CLAIM_GENERATIONS
    ? { state: 'sure', words: `${words}, enough for a claim`, id: 'environment' }
    : { state: 'care', words: `${words}, ${CLAIM_GENERATIONS} make a claim`, id: 'again' };
}

function floor(analysis: Analysis): Item {
  const size = noiseFloor(analysis);
  if (!analysis.noise || size === null)
    return { state: 'care', words: 'noise of this host not measured (no A/A pairs)', id: 'noise-floor' };
  const words = `noise floor ${percent(size)} of CPU per request (A/A)`;
  return { state: size <= QUIET ? 'sure' : 'care', words, id: 'noise-floor' };
}

function calibrated({ calibration }: Analysis): Item {
  if (!calibration) return { state: 'care', words: 'instruments not calibrated in this run', id: 'calibration' };
  const { length } = calibration.checks;
  const failed = calibration.checks.filter(({ passed }) => !passed).length;
  const id = 'calibration';
  switch (verdictOf(calibration)) {
    case 'passed':
      return { state: 'sure', words: `calibration passed, ${length} checks`, id };
    case 'disturbed':
      return { state: 'care', words: `calibration: host disturbed in ${failed} of ${length} checks`, id };
    case 'failed':
      return { state: 'wrong', words: `calibration: ${failed} of ${length} checks failed`, id };
  }
}

function counted(analysis: Analysis): Item {
  const { trials } = analysis;
  const out = trials.filter(({ state }) => state !== 'completed').length;
  if (trials.length === 0) return { state: 'wrong', words: 'no trial ran', id: 'trials' };
  return out === 0
    ? {
        state: unfitOf(analysis).length === 0 ? 'sure' : 'care',
        words: `${trials.length} of ${trials.length} trials completed`,
        id: 'trials',
      }
    : { state: 'care', words: `${out} of ${trials.length} trials count in no figure`, id: 'trials' };
}

function proven(analysis: Analysis): Item[] {
  const unfit = unfitOf(analysis).length;
  if (unfit === 0) return [];
  return [
    { state: 'wrong', words: `${unfit} of ${analysis.subjects.length} subjects failed preflight`, id: 'configs' },
  ];
}

export const trustLine = (analysis: Analysis): Markup =>
  html`<ul class="trust" aria-label="How sure this is">
    ${itemsOf(analysis).map(
      ({ state, words, id }) =>
        html`<li class="${state}"><span aria-hidden="true">${MARKS[state]}</span> <a href="#${id}">${words}</a></li>`,
    )}
  </ul>`;
