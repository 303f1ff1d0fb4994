/**
 * The proxies of each layer by CPU per request, with the ranks that the rounds support. Every pair of a layer is compared by round, all
 * pairs of a layer are one family for Holm, and the noise of the same subject against itself bounds what counts: a proxy's rank lies
 * between one more than are known to be cheaper and the last place before those known to be dearer. Pure.
 */
import type { SubjectRecord } from '#bench/model/record.ts';
import { type Scenario, subjectName } from '#bench/model/scenario.ts';
import type { Estimate } from '#bench/stats/estimate.ts';
import { asFamily, besidesOf, compare, type Comparison, type Strength } from './comparison.ts';
import type { FiguresBy } from '../figures/figures.ts';
import { aboveNoise, type Noise } from './noise.ts';
import { formatEstimate, formatQuantity } from '../words/quantity.ts';
import type { ScenarioAnalysis, SubjectAnalysis } from '../scenarios/scenario-analysis.ts';
import { isSingle, mainScenarioName } from '../scenarios/roles.ts';
import { shownStrength, type Trust } from '../instruments/trust.ts';

export interface Ranking {
  readonly layer: 'l4' | 'l7';
  readonly tls: boolean;
  /** The keep-alive scenario that its figures are of. */
  readonly scenario: string;
  /** Cheapest first. */
  readonly ranked: readonly Ranked[];
  /** Proxies of the layer without a figure there, and why. */
  readonly unranked: readonly { readonly subject: string; readonly reason: string }[];
}

export interface Ranked {
  readonly subject: string;
  /** Microseconds of CPU per request. */
  readonly estimate: Estimate;
  /** First and last rank that the comparisons with all others of the layer leave open, from 1; equal where it is resolved. */
  readonly from: number;
  readonly to: number;
  /** 'claim': every comparison that bounds its rank is one. 'cannot tell': none bounds it. */
  readonly strength: Strength;
  /** The next dearer one over it, and whether the two are told apart; null for the last. */
  readonly next: { readonly ratio: Estimate; readonly strength: Strength } | null;
}

const LAYERS = [
  { layer: 'l4', tls: false },
  { layer: 'l7', tls: false },
  { layer: 'l7', tls: true },
] as const;

/** Layers without a proxy in this run are left out; chains are not ranked: several hops are no rival of one. */
export function rankingsOf(
  subjects: readonly SubjectRecord[],
  scenarios: readonly ScenarioAnalysis[],
  figures: FiguresBy,
  noise: Noise | undefined,
): Ranking[] {
  const all = scenarios.map(({ scenario }) => scenario);
  return LAYERS.flatMap(({ layer, tls }): Ranking[] => {
    const own = subjects.filter((one) => one.layer === layer && one.tls === tls && isSingle(one));
    const scenario = scenarios.find((one) => one.scenario.name === mainScenarioName(all, tls));
    if (own.length === 0 || !scenario) return [];
    const names = own.map(({ subject }) => subjectName(subject));
    const measured = names
      .flatMap((name) => scenario.subjects.find(({ subject }) => subject === name) ?? [])
      .flatMap(({ subject, metrics: { cpuPerRequest } }) =>
        cpuPerRequest ? [{ subject, estimate: cpuPerRequest }] : [],
      )
      .toSorted((a, b) => a.estimate.value - b.estimate.value);
    return [
      {
        layer,
        tls,
        scenario: scenario.scenario.name,
        ranked: rank(measured, scenario.scenario, figures, noise),
        unranked: names
          .filter((name) => !measured.some(({ subject }) => subject === name))
          .map((name) => ({
            subject: name,
            reason: whyNone(scenario.subjects.find(({ subject }) => subject === name)),
          })),
      },
    ];
  });
}

function whyNone(subject: SubjectAnalysis | undefined): string {
  if (!subject) return 'it carries no such requests';
  const { completed, invalid, failed, reasons } = subject.trials;
  if (completed > 0) return 'its CPU time could not be read';
  return `no trial completed (${invalid} invalid, ${failed} failed: ${reasons.join(', ')})`;
}

function rank(
  measured: readonly Pick<Ranked, 'subject' | 'estimate'>[],
  { name: scenario }: Scenario,
  figures: FiguresBy,
  noise: Noise | undefined,
): Ranked[] {
  const rounds = (subject: string) => figures(scenario, subject).get('cpuPerRequest') ?? new Map<number, number>();
  const pairs = measured.flatMap(({ subject: dearer }, j) =>
    measured.slice(0, j).flatMap(({ subject: cheaper }) => {
      const measure = {
        metric: 'cpuPerRequest',
        kind: 'ratio',
        subject: { scenario, subject: dearer },
        reference: { scenario, subject: cheaper },
      } as const;
      return compare(measure, rounds(dearer), rounds(cheaper), besidesOf(measure.metric)) ?? [];
    }),
  );
  const judged = asFamily(pairs).map((pair) => aboveNoise(pair, noise));
  const find = (dearer: string, cheaper: string): Comparison | undefined =>
    judged.find(({ subject, reference }) => subject.subject === dearer && reference.subject === cheaper);
  return measured.map(({ subject, estimate }, at): Ranked => {
    const bounds = (enough: (strength: Strength) => boolean): { from: number; to: number } => {
      const told = (pair: Comparison): boolean => enough(pair.strength) && pair.estimate.value > 1;
      const below = judged.filter((pair) => pair.subject.subject === subject && told(pair)).length;
      const above = judged.filter((pair) => pair.reference.subject === subject && told(pair)).length;
      return { from: 1 + below, to: measured.length - above };
    };
    const open = bounds((strength) => strength !== 'cannot tell');
    const claimed = bounds((strength) => strength === 'claim');
    const isOpen = open.from === 1 && open.to === measured.length;
    const next = measured[at + 1];
    const over = next && find(next.subject, subject);
    return {
      subject,
      estimate,
      ...open,
      strength: isOpen ? 'cannot tell' : open.from === claimed.from && open.to === claimed.to ? 'claim' : 'look',
      next: over ? { ratio: over.estimate, strength: over.strength } : null,
    };
  });
}

const RANKED_BY = ['cpuPerRequest'] as const;

/** Ranks as they may be shown. */
export function rankingUnderTrust(ranking: Ranking, trust: Trust): Ranking {
  const shown = (strength: Strength): Strength => shownStrength(strength, trust.most(RANKED_BY));
  return {
    ...ranking,
    ranked: ranking.ranked.map(({ strength, next, ...one }) => ({
      ...one,
      strength: shown(strength),
      next: next && { ...next, strength: shown(next.strength) },
    })),
  };
}

/** Neighbours that cannot be told apart, in the order of the ranking; each run holds two or more. */
export function tiesOf({ ranked }: Pick<Ranking, 'ranked'>): Ranked[][] {
  const runs: Ranked[][] = [];
  for (const [at, one] of ranked.entries()) {
    const isTied = at > 0 && ranked[at - 1]!.next?.strength !== 'look' && ranked[at - 1]!.next?.strength !== 'claim';
    if (isTied) runs.at(-1)!.push(one);
    else runs.push([one]);
  }
  return runs.filter(({ length }) => length > 1);
}

export const layerName = ({ layer, tls }: Pick<Ranking, 'layer' | 'tls'>): string =>
  layer === 'l4' ? 'L4' : tls ? 'L7 with TLS' : 'L7';

/** '3', or '2–4' where the rounds leave it open. */
export const rankWords = ({ from, to }: Pick<Ranked, 'from' | 'to'>): string =>
  from === to ? String(from) : `${from}–${to}`;

/** One sentence: the cheapest, the most expensive, and which ranks between them are real. Needs two ranked proxies. */
export function describeRanking(ranking: Ranking): string {
  const { ranked } = ranking;
  const [least, most] = [ranked[0]!, ranked.at(-1)!];
  const times = formatQuantity(most.estimate.value / least.estimate.value, 'ratio');
  const ends = `from ${formatEstimate(least.estimate, 'µs')} in ${least.subject} to ${formatEstimate(most.estimate, 'µs')} in ${most.subject}, ${times} as much`;
  return `CPU per request of ${ranked.length} ${layerName(ranking)} proxies: ${ends}. ${orderWords(ranking)}.`;
}

const MOST_NAMED = 4;

function orderWords(ranking: Ranking): string {
  const { ranked } = ranking;
  if (ranked.some(({ estimate }) => estimate.n < 2)) return 'One round ranks none of them for sure';
  const ties = tiesOf(ranking);
  if (ties.length === 0) return 'Every rank is told apart from its neighbours';
  if (ties[0]!.length === ranked.length) return 'No two neighbours among them can be told apart';
  const words = ties.map((tie) => {
    const first = ranked.indexOf(tie[0]!) + 1;
    const names = tie.map(({ subject }) => subject);
    const listed = names.length > MOST_NAMED ? `${names[0]} to ${names.at(-1)}` : names.join(', ');
    return `${first}–${first + tie.length - 1} (${listed})`;
  });
  const [one, ...more] = words;
  return `Ranks ${one}${more.map((tie, i) => `${i === more.length - 1 ? ' and ' : ', '}${tie}`).join('')} cannot be told apart`;
}

/** What may be said of a ranking as a whole: that of its least sure rank among those that are told apart. */
export function strengthOfRanking({ ranked }: Pick<Ranking, 'ranked'>): Strength {
  const told = ranked
    .slice(0, -1)
    .flatMap(({ next }) => (next && next.strength !== 'cannot tell' ? [next.strength] : []));
  return told.length === 0 ? 'cannot tell' : told.includes('look') ? 'look' : 'claim';
}
