/** How sure a finding is: its word, its colour, and what that means. */
import type { Finding } from '#bench/analysis/analysis.ts';
import type { Badge, Tone } from '../document/tree.ts';

type Strength = Finding['strength'];

export const STRENGTHS: Readonly<
  Record<Strength, { readonly label: string; readonly tone: Tone; readonly meaning: string }>
> = {
  claim: { label: 'claim', tone: 'good', meaning: 'started afresh often enough, and the interval covers 95 %' },
  look: { label: 'first look', tone: 'care', meaning: 'started too few times for a claim' },
  note: { label: 'note', tone: 'quiet', meaning: 'no measured figure, but to be known' },
  'cannot tell': { label: 'no claim', tone: 'quiet', meaning: 'what was measured does not support it either way' },
};

export const badgeOf = (strength: Strength): Badge => {
  const { label, tone, meaning } = STRENGTHS[strength];
  return { word: label, tone, meaning };
};

/** Whether it tells something of what was measured. */
export const isTold = ({ strength, isDetail }: Finding): boolean =>
  (strength === 'claim' || strength === 'look') && isDetail !== true;
