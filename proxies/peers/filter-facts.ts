/** What every renderer reads out of the settings of filters in the same way. */
import { createPublicKey, hash } from 'node:crypto';
import { IntentError } from '../config/intent-error.ts';
import type { FilterSettings } from '../config/intent.ts';
import { parseNetwork } from '../config/network.ts';

type Name = keyof FilterSettings;
export type SettingsOf<One extends Name> = NonNullable<FilterSettings[One]>;

/** What a peer makes of the filters that are asked for, in the order of `names`. */
export const renderEach = <One extends Name, Part>(
  filters: FilterSettings,
  names: readonly One[],
  renderers: { readonly [N in One]: (settings: SettingsOf<N>) => Part },
): { readonly name: One; readonly part: Part }[] =>
  names
    .filter((name) => filters[name] !== undefined)
    .map((name) => ({ name, part: (renderers[name] as (settings: unknown) => Part)(filters[name]) }));

/** @throws IntentError, always: for a setting of a filter, or a value of it, that this peer cannot be given. */
export function refuseFilter(peer: string, setting: `${Name}.${string}`, what: string): never {
  throw new IntentError([{ path: `filters.${setting}`, message: `capability not offered: ${peer} ${what}` }]);
}

/** @throws IntentError where anything but `known` is set. */
export function requireOnly<One extends Name>(
  peer: string,
  filter: One,
  settings: SettingsOf<One>,
  ...known: readonly (keyof SettingsOf<One> & string)[]
): void {
  for (const [name, value] of Object.entries(settings))
    if (value !== undefined && !(known as readonly string[]).includes(name))
      refuseFilter(peer, `${filter}.${name}`, `has no such setting of its own; leave it out`);
}

/** Where a filter sends requests of its own. */
export interface Service {
  readonly host: string;
  readonly port: number;
  /** As in a Host field. */
  readonly authority: string;
  /** With the query; `/` for none. */
  readonly path: string;
}

/** @throws IntentError for one that speaks TLS: peers are given no authority to trust for it. */
export function serviceOf(peer: string, setting: `${Name}.url`, url: string): Service {
  const { protocol, hostname, port, host, pathname, search } = new URL(url);
  if (protocol !== 'http:') refuseFilter(peer, setting, 'asks services over plain HTTP alone');
  return {
    host: hostname.replaceAll(/[[\]]/g, ''),
    port: Number(port || 80),
    authority: host,
    path: pathname + search,
  };
}

/** Users as `htpasswd -s` writes them, one a line. */
export const htpasswd = (users: Readonly<Record<string, string>>): string[] =>
  Object.entries(users).map(([name, password]) => `${name}:${shaOf(password)}`);

const shaOf = (password: string): string =>
  password.startsWith('{SHA}') ? password : `{SHA}${hash('sha1', password, 'base64')}`;

/** A PEM, or a secret, as a set of one key (RFC 7517); undefined where the keys are to be fetched. */
export function keySetOf({ algorithm, keys }: SettingsOf<'jwt'>): string | undefined {
  if ('secret' in keys)
    return keySet({ kty: 'oct', k: Buffer.from(keys.secret).toString('base64url'), alg: algorithm });
  if ('pem' in keys) return keySet({ ...createPublicKey(keys.pem).export({ format: 'jwk' }), alg: algorithm });
  return undefined;
}

const keySet = (key: object): string => JSON.stringify({ keys: [key] });

/** What our own takes for text by default, in peers that know no `text/*`. */
const TEXTS = ['text/html', 'text/plain', 'text/css', 'text/javascript', 'text/xml', 'text/csv'];
const COMPRESSED = [
  'application/json',
  'application/javascript',
  'application/xml',
  'application/wasm',
  'application/x-ndjson',
  'image/svg+xml',
];

/** @throws IntentError for all of a kind: these peers compare whole types. */
export function contentTypes(peer: string, { types }: SettingsOf<'compression'>): readonly string[] {
  const kind = types?.find((type) => type.endsWith('/*'));
  if (kind !== undefined) refuseFilter(peer, 'compression.types', `compares whole content types, not ${kind}`);
  return types ?? [...TEXTS, ...COMPRESSED];
}

/** What is compressed by default where nothing is named. @throws IntentError where it is not all that is asked for. */
export function requireCodings(
  peer: string,
  { encodings = ['zstd', 'br', 'gzip'] }: SettingsOf<'compression'>,
  ...known: readonly string[]
): readonly string[] {
  const other = encodings.find((coding) => !known.includes(coding));
  if (other !== undefined)
    refuseFilter(peer, 'compression.encodings', `has no ${other}; name ${known.join(' and ')} alone`);
  return encodings;
}

/** An address or network as its two parts. The settings were read: it is one. */
export const networkOf = (text: string): { readonly address: string; readonly prefix: number } => parseNetwork(text)!;

/** Fields of requests that are set, added, removed; the bodies are refused. */
export function requireFieldsOnly(peer: string, { request, response }: SettingsOf<'transform'>): void {
  for (const [direction, changes] of Object.entries({ request, response }))
    if (changes?.body !== undefined)
      refuseFilter(peer, `transform.${direction}.body`, 'replaces no text by patterns; leave it out');
}

/** Fields by name: what may be a secret would have to be masked. @throws IntentError for all of them. */
export function loggedFields(peer: string, { request = 'all', response = 'all', mask }: SettingsOf<'header-log'>) {
  if (mask !== undefined) refuseFilter(peer, 'header-log.mask', 'masks no fields; leave out those that are secret');
  const listed = (direction: 'request' | 'response', names: 'all' | readonly string[]): readonly string[] => {
    if (names === 'all') return refuseFilter(peer, `header-log.${direction}`, 'logs fields by name: list them');
    const secret = names.find((name) => SECRET.test(name.toLowerCase()));
    if (secret !== undefined)
      refuseFilter(peer, `header-log.${direction}`, `would log ${secret} as it is, and it may hold a secret`);
    return names;
  };
  return { request: listed('request', request), response: listed('response', response) };
}

/** As `filters/header-log.ts` masks them. */
const SECRET = /auth|cookie|token|secret|key|passw|session|credential|signature|jwt|csrf|xsrf/;

/** A page's origin as a regular expression for the whole of it. */
export const originPattern = (origin: string): string =>
  `(?i)${origin.replaceAll(/[.+?^${}()|[\]\\/-]/g, '\\$&').replace('*', '[a-z0-9.-]+')}`;

/** @throws IntentError where the fields of preflights are left to the page. */
export function preflightFields(peer: string, { headers }: SettingsOf<'cors'>): readonly string[] {
  return headers ?? refuseFilter(peer, 'cors.headers', 'does not repeat what a page asks for: list the fields');
}
