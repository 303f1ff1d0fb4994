/** The subset of the rules that runs before each measurement, as checks of a subject. */
import type { Check, Provable, Prove } from '#bench/lab/preflight.ts';
import { createCertificate } from '#bench/lab/certificates.ts';
import { RULES } from './rules.ts';
import { runConformance, type Verdict } from './run.ts';

/** Milliseconds for a rule that a user's own proxy may not keep: many do nothing where they should refuse. */
const OWN_PATIENCE = 2_000;

export const proveRules: Prove = async ({ definition, isOwn, cores, certificate, root, cwd }: Provable, signal) => {
  const verdicts = await runConformance(
    definition,
    {
      quick: true,
      ...(isOwn && { patience: OWN_PATIENCE }),
      launch: { kind: 'child', cores, ...(root !== undefined && { root }), ...(cwd !== undefined && { cwd }) },
      materials: { certificate, stranger: createCertificate() },
    },
    signal,
  );
  return verdicts.flatMap((verdict) => checkOf(verdict, isOwn));
};

/**
 * A known deviation is told, and no reason not to measure, and so is any of a user's own proxy, which has shown that it carries what will be
 * sent; a rule that does not reach the proxy is left out.
 */
function checkOf({ rule, name, state, sent, expected, got, reason }: Verdict, isOwn: boolean): Check[] {
  if (state === 'skipped') return [];
  const detail = {
    passed: 'kept',
    failed: `sent ${sent}: expected ${expected}, got ${got}`,
    deviating: `known to deviate: ${reason}`,
    healed: 'kept, though known to deviate',
  }[state];
  const deviates = isOwn && state === 'failed';
  return [
    {
      rule: `${RULES[rule].text} (${name})`,
      section: RULES[rule].section,
      passed: state !== 'failed' || deviates,
      detail,
      ...(deviates && { deviates }),
    },
  ];
}
