/** What was left out of the figures, and what to hold against them, a line each. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { counted } from '#bench/analysis/words/quantity.ts';
import type { Item } from '../document/tree.ts';
import { allCompleted, leftOutOf } from './left-out.ts';

const MOST_LISTED = 5;

export function remarksOf(analysis: Analysis): Item[] {
  const { trials, warnings, knees, faults } = analysis;
  const out = leftOutOf(trials);
  const more = out.slice(MOST_LISTED).reduce((sum, one) => sum + one.trials, 0);
  return [
    ...out.slice(0, MOST_LISTED).map(({ state, scenario, subject, rounds, note }): Item => ({
      badge: { word: state, tone: 'bad' },
      text: `${scenario} · ${subject} · ${rounds}: ${note}`,
    })),
    ...(more > 0
      ? [{ text: `… and ${counted(more, 'more trial', 'more trials')} in no figure; trials.csv lists them all.` }]
      : []),
    ...(out.length === 0 && (trials.length > 0 || !(knees ?? faults)) ? [{ text: allCompleted(analysis) }] : []),
    ...(warnings.length === 0
      ? []
      : [
          {
            badge: { word: counted(warnings.length, 'warning'), tone: 'quiet' as const },
            text: warnings
              .map(
                ({ code, trials: carrying }) =>
                  `${code} (${carrying > 0 ? counted(carrying, 'trial') : 'the whole run'})`,
              )
              .join(', '),
          },
        ]),
  ];
}
