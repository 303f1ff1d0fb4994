/** How a finding's strength is called, and what that means. */
import type { Finding } from '#bench/analysis/analysis.ts';

export const STRENGTHS: Readonly<Record<Finding['strength'], { readonly label: string; readonly meaning: string }>> = {
  claim: { label: 'claim', meaning: 'at least 12 rounds, and the interval supports it' },
  look: { label: 'first look', meaning: 'the rounds agree, but they are too few for a claim' },
  note: { label: 'note', meaning: 'no measured figure, but to be known' },
  'cannot tell': { label: 'no claim', meaning: 'the rounds do not support it either way' },
};
