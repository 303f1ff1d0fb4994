/** What a further hop costs, in sentences: CPU where requests are small and connections kept, time at an offered rate. */
import type { Finding, ScenarioAnalysis } from '../analysis.ts';
import type { ChainCost } from '../comparison/chains.ts';
import { metric } from '../figures/metrics.ts';
import { formatEstimate, formatInterval } from '../words/quantity.ts';
import { pacedScenario } from '../scenarios/reading-point.ts';
import { mainScenarioName } from '../scenarios/roles.ts';

/** The chains that a summary shows: costs in the keep-alive scenarios, times at the rate where added latency is read. */
export function mainChains(chains: readonly ChainCost[], scenarios: readonly ScenarioAnalysis[]): ChainCost[] {
  const all = scenarios.map(({ scenario }) => scenario);
  const costs = [mainScenarioName(all, false), mainScenarioName(all, true)];
  const offered = pacedScenario(scenarios);
  return chains.filter(({ metric: name, subject: { scenario } }) =>
    name === 'serviceP50' ? scenario === offered?.scenario.name : costs.includes(scenario),
  );
}

export const chainFindings = (chains: readonly ChainCost[], scenarios: readonly ScenarioAnalysis[]): Finding[] =>
  mainChains(chains, scenarios).map((chain): Finding => {
    const { hop, metric: name, subject, estimate, strength, lengths } = chain;
    const { title, unit } = metric(name);
    const what = `a further hop of ${hop}`;
    const where = `${subject.scenario}, 1 to ${lengths.at(-1)!.hops} in a row`;
    const verb = name === 'serviceP50' ? 'added' : 'cost';
    const figure = `${formatEstimate(estimate, unit)} of ${title} (${where})`;
    const isOpen = strength === 'cannot tell' && estimate.n > 1;
    return {
      sentence: isOpen
        ? `What ${what} adds to ${title} cannot be told (${where}): ${whyNot(chain)}.`
        : `${upper(what)} ${verb} ${figure}; ${linearWords(chain)}.`,
      strength,
      restsOn: [name],
      scenario: subject.scenario,
    };
  });

const upper = (text: string): string => text[0]!.toUpperCase() + text.slice(1);

function whyNot({ estimate, metric: name }: ChainCost): string {
  const interval = `the slope’s interval ${formatInterval(estimate, metric(name).unit)} per hop`;
  return estimate.low <= 0 && 0 <= estimate.high
    ? `${interval} holds 0`
    : `${interval} lies within the noise of the same subject against itself`;
}

/** 'linear as far as this run can tell: 2 hops +0.4 µs (−0.9 to 1.2) against 2 times one', or where it is not. */
export function linearWords({ linear, lengths, metric: name }: ChainCost): string {
  const { unit } = metric(name);
  if (linear === null) return 'whether that is linear cannot be told from one round';
  const list = lengths.flatMap(({ hops, excess }) => {
    if (!excess || (!linear && excess.low <= 0 && 0 <= excess.high)) return [];
    return [`${hops} hops ${excess.value > 0 ? '+' : ''}${formatEstimate(excess, unit)} against ${hops} times one`];
  });
  const over = name === 'serviceP50' ? ', each over direct' : '';
  return `${linear ? 'linear as far as this run can tell' : 'not linear'}: ${list.join(', ')}${over}`;
}
