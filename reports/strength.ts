/** How a finding's strength is called, and what that means. */
import type { Finding } from '#bench/analysis/analysis.ts';

export const STRENGTHS: Readonly<Record<Finding['strength'], { readonly label: string; readonly meaning: string }>> = {
  claim: { label: 'claim', meaning: 'started afresh often enough, and the interval covers 95 %' },
  look: { label: 'first look', meaning: 'started too few times for a claim' },
  note: { label: 'note', meaning: 'no measured figure, but to be known' },
  'cannot tell': { label: 'no claim', meaning: 'what was measured does not support it either way' },
};
