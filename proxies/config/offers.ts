/** What a proxy offers of all features, as a table that is whole by its type, and what follows: its refusals, and what it keeps of its own. */
import { featuresAsked } from './asked.ts';
import { ALL_FEATURES, type Feature } from './features.ts';
import { IntentError, type IntentProblem } from './intent-error.ts';
import type { ProxyIntent } from './intent.ts';

/** `why` follows the proxy's name: `l7-http speaks plain HTTP to its clients`. */
type Offer = 'offered' | 'not offered' | { readonly why: string };
export type Offers = Readonly<Record<Feature, Offer>>;

type Part<Name extends Feature> = Readonly<Record<Name, Offer>>;

function part<Name extends Feature>(features: readonly Name[], offer: Offer): Part<Name> {
  return Object.fromEntries(features.map((feature) => [feature, offer])) as Part<Name>;
}

export const offered = <Name extends Feature>(...features: readonly Name[]): Part<Name> => part(features, 'offered');

export const notOffered = <Name extends Feature>(...features: readonly Name[]): Part<Name> =>
  part(features, 'not offered');

/** Some features of a group, and not the others. */
export const offeredOf = <const Name extends Feature>(
  group: readonly Name[],
  ...some: readonly Name[]
): Part<Name> => ({
  ...part(group, 'not offered'),
  ...part(some, 'offered'),
});

/** Not offered either, with better words than that. */
export const refused = <Name extends Feature>(why: string, ...features: readonly Name[]): Part<Name> =>
  part(features, { why });

/**
 * Parts of a table as one; `const NGINX: Offers = place(…)` does not compile before all features are there.
 * @throws Error where a feature is placed twice.
 */
export function place<const Parts extends readonly Part<never>[]>(
  ...parts: Parts
): { readonly [Name in Parts[number] extends infer One ? (One extends One ? keyof One : never) : never]: Offer } {
  const names = parts.flatMap((one) => Object.keys(one));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`'${twice}' is placed twice: once is enough, and which of them holds?`);
  return Object.assign({}, ...parts);
}

/** For who can be told nothing else: features to come are not offered either. */
export const nothingBut = (...features: readonly Feature[]): Offers => ({
  ...notOffered(...ALL_FEATURES),
  ...offered(...features),
});

export const offeredBy = (offers: Offers): ReadonlySet<Feature> =>
  new Set((Object.keys(offers) as Feature[]).filter((feature) => offers[feature] === 'offered'));

/** Everything that `intent` asks of the proxy called `name` in vain, each at the outermost place at which it is. */
export function refusals(name: string, offers: Offers, intent: ProxyIntent): IntentProblem[] {
  const problems: IntentProblem[] = [];
  for (const { feature, path } of featuresAsked(intent)) {
    const offer = feature === undefined ? undefined : offers[feature];
    if (offer === 'offered' || problems.some((told) => isWithin(told.path, path))) continue;
    problems.push({ path, message: sentence(name, feature, offer) });
  }
  return problems;
}

const isWithin = (outer: string, path: string): boolean =>
  path.startsWith(outer) && ['', '.', '['].includes(path.slice(outer.length, outer.length + 1));

function sentence(name: string, feature: Feature | undefined, offer: Offer | undefined): string {
  if (offer === undefined || feature === undefined)
    return `no intent has this, as far as ${name} knows; leave it out, or correct its name`;
  if (typeof offer === 'object') return `${name} ${offer.why}`;
  return `capability not offered: ${name} has no '${feature}'; leave it out of the intent or choose another proxy`;
}

/** @throws IntentError that names every feature which the proxy does not offer. */
export function requireOffered(name: string, offers: Offers, intent: ProxyIntent): void {
  const problems = refusals(name, offers, intent);
  if (problems.length > 0) throw new IntentError(problems);
}

/**
 * The limits and timeouts that hold at every hop of a layer, whether an intent names them or not. Those that are off by default
 * (length of bodies, requests on a connection, its age) are left out: every peer is told so, or has none.
 */
const HELD = {
  l4: ['limits.connections', 'timeouts.connect', 'timeouts.tunnelIdle', 'timeouts.halfClosed', 'timeouts.drain'],
  l7: [
    'limits.headBytes',
    'limits.targetBytes',
    'limits.headerCount',
    'limits.chunkExtensionBytes',
    'limits.trailerBytes',
    'limits.connections',
    'limits.upstreamIdlePerEndpoint',
    'limits.upstreamPerEndpoint',
    'limits.pipelined',
    'timeouts.connect',
    'timeouts.requestHead',
    'timeouts.requestBody',
    'timeouts.downstreamIdle',
    'timeouts.upstreamResponse',
    'timeouts.upstreamIdle',
    'timeouts.linger',
    'timeouts.drain',
  ],
} as const satisfies Record<'l4' | 'l7', readonly Feature[]>;

/** What a peer that offers so much is not given: there its own hold, and a report says so. */
export const keptOwn = (layer: 'l4' | 'l7', offers: Offers): Feature[] =>
  HELD[layer].filter((feature) => offers[feature] !== 'offered');
