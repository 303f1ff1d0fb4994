/**
 * The filters that have a price: the settings under which each is measured, alike for all who offer it, and the requests that meet it. The
 * origin is the service that they ask, so that what is done elsewhere is its CPU time.
 */
import { createHmac, generateKeyPairSync, hash, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { Endpoint, FilterSettings } from '#proxies/config/intent.ts';
import type { Scenario } from '#bench/model/scenario.ts';
import { bytes } from '#bench/model/units.ts';

/** What shows that it is at work, in the very setup that is measured. */
export type Effect =
  /** Without the fields of the scenario's request. */
  | { readonly kind: 'refuses'; readonly status: number }
  | { readonly kind: 'answers with'; readonly field: string; readonly value: string }
  /** What a request costs the origin in requests. */
  | { readonly kind: 'asks'; readonly requests: number };

export interface PricedFilter {
  readonly name: string;
  readonly summary: string;
  /** Filters that a subject must offer. */
  readonly needs: readonly (keyof FilterSettings)[];
  readonly scenario: Scenario;
  readonly settings: (service: Endpoint) => FilterSettings;
  readonly effect?: Effect;
}

interface Row {
  readonly summary: string;
  readonly settings: PricedFilter['settings'];
  readonly headers?: readonly (readonly [string, string])[];
  /** Of the answer's body; 200 by default. */
  readonly size?: number;
  readonly isCoded?: true;
  readonly effect?: Effect;
}

const CONNECTIONS = 64;
const SMALL = 200;
const PAGE = 4096;

const at = ({ host, port }: Endpoint, path = ''): string => `http://${host}:${port}${path}`;
const refuses = (status: number): Effect => ({ kind: 'refuses', status });

/** More than any host sends. */
const RATE = { requests: 1_000_000, period: 1000 } as const;
const NETWORKS = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '127.0.0.0/8',
  'fd00::/8',
  '::1/128',
];
const KEY = hash('sha256', 'an API key of hopcost', 'hex');
const BASIC = Buffer.from('ann:correct horse battery staple').toString('base64');
const LOGGED = { file: '/dev/null', request: ['User-Agent', 'Accept'], response: ['Content-Type', 'Cache-Control'] };
const GZIP = { encodings: ['gzip'], minBytes: 0, types: ['text/plain'] } as const;
const AGENT = [
  ['User-Agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'],
  ['Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
] as const;

type Algorithm = 'HS256' | 'RS256' | 'ES256';

/** Of this process: settings and tokens belong together. */
class Tokens {
  readonly #secret = randomBytes(48).toString('base64url');
  readonly #pairs = new Map<Algorithm, { readonly publicKey: KeyObject; readonly privateKey: KeyObject }>();

  keys(algorithm: Algorithm): { secret: string } | { pem: string } {
    if (algorithm === 'HS256') return { secret: this.#secret };
    const { publicKey } = this.#pair(algorithm);
    return { pem: publicKey.export({ type: 'spki', format: 'pem' }) as string };
  }

  bearer(algorithm: Algorithm): readonly [string, string] {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: 'https://id.example.org', sub: 'ann', iat: now, nbf: now - 60, exp: now + 7 * 86_400 };
    const input = [{ alg: algorithm, typ: 'JWT' }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    return ['Authorization', `Bearer ${input}.${this.#sign(algorithm, input).toString('base64url')}`];
  }

  #pair(algorithm: 'RS256' | 'ES256') {
    const known =
      this.#pairs.get(algorithm) ??
      (algorithm === 'RS256'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ec', { namedCurve: 'P-256' }));
    this.#pairs.set(algorithm, known);
    return known;
  }

  #sign(algorithm: Algorithm, input: string): Buffer {
    if (algorithm === 'HS256') return createHmac('sha256', this.#secret).update(input).digest();
    const key = this.#pair(algorithm).privateKey;
    return sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  }
}

const tokens = new Tokens();

const jwt = (algorithm: Algorithm, remembered = 0): FilterSettings['jwt'] & object => ({
  algorithm,
  keys: tokens.keys(algorithm),
  issuer: ['https://id.example.org'],
  remembered,
});
const jwtRow = (algorithm: Algorithm, summary: string, remembered = 0): Row => ({
  summary,
  settings: () => ({ jwt: jwt(algorithm, remembered) }),
  headers: [tokens.bearer(algorithm)],
  effect: refuses(401),
});

/** What decides who may pass. */
const admitting = (): Readonly<Record<string, Row>> => ({
  nothing: { summary: 'no filter, in a process of its own: what differs is noise', settings: () => ({}) },
  'ip-rules': {
    summary: 'a client in one of seven networks',
    settings: () => ({ 'ip-rules': { allow: NETWORKS } }),
  },
  'rate-limit': {
    summary: 'a bucket a client, never empty',
    settings: () => ({ 'rate-limit': RATE }),
  },
  'basic-auth': {
    summary: 'one name and password of eight',
    settings: () => ({
      'basic-auth': {
        users: Object.fromEntries(
          ['ann', 'bob', 'cy', 'dee', 'eve', 'flo', 'gil', 'hal'].map((name) => [
            name,
            name === 'ann' ? 'correct horse battery staple' : `no-${name}`,
          ]),
        ),
      },
    }),
    headers: [['Authorization', `Basic ${BASIC}`]],
    effect: refuses(401),
  },
  'api-key': {
    summary: 'one key of two',
    settings: () => ({ 'api-key': { keys: { ann: KEY, bob: KEY.toUpperCase() } } }),
    headers: [['X-API-Key', KEY]],
    effect: refuses(401),
  },
  cors: {
    summary: 'an answer that a page of another origin may read',
    settings: () => ({ cors: { origins: ['https://app.example.org'], headers: ['Content-Type'] } }),
    headers: [['Origin', 'https://app.example.org']],
    effect: { kind: 'answers with', field: 'access-control-allow-origin', value: 'https://app.example.org' },
  },
  'jwt-hs256': jwtRow('HS256', 'a token verified anew each time, HMAC with SHA-256'),
  'jwt-rs256': jwtRow('RS256', 'a token verified anew each time, RSA of 2,048 bits'),
  'jwt-es256': jwtRow('ES256', 'a token verified anew each time, ECDSA on P-256'),
  'jwt-cached': jwtRow('RS256', 'a token that was verified before, RSA of 2,048 bits', 1000),
  'ext-authz': {
    summary: 'a service asked over HTTP; its own work stands beside',
    settings: (service) => ({ 'ext-authz': { url: at(service, '/bytes/0') } }),
    headers: [['Authorization', 'Bearer x']],
    effect: { kind: 'asks', requests: 2 },
  },
});

/** What changes, tells, copies, keeps; and the usual stack. */
const changing = (): Readonly<Record<string, Row>> => ({
  transform: {
    summary: 'two fields set and two removed, on either way',
    settings: () => ({
      transform: {
        request: { set: { 'X-Edge': 'a' }, remove: ['Accept'] },
        response: { set: { 'X-Served-By': 'edge' }, remove: ['Cache-Control'] },
      },
    }),
    headers: AGENT,
    effect: { kind: 'answers with', field: 'x-served-by', value: 'edge' },
  },
  'header-log': {
    summary: 'two fields of either side in a log that goes nowhere',
    settings: () => ({ 'header-log': LOGGED }),
    headers: AGENT,
  },
  tracing: {
    summary: 'W3C trace context, one request in a hundred exported by OTLP',
    settings: (service) => ({ tracing: { url: at(service, '/v1/traces'), share: 0.01 } }),
  },
  mirror: {
    summary: 'a copy of every request elsewhere; its answer stands beside',
    settings: (service) => ({ mirror: { url: at(service) } }),
    effect: { kind: 'asks', requests: 2 },
  },
  cache: {
    summary: 'an answer that is fresh: nothing is left for the origin',
    settings: () => ({ cache: { bytes: 16 * 1024 * 1024 } }),
    effect: { kind: 'asks', requests: 0 },
  },
  compression: {
    summary: '4 KiB of text by gzip, the fastest level',
    settings: () => ({ compression: GZIP }),
    headers: [['Accept-Encoding', 'gzip']],
    size: PAGE,
    isCoded: true,
    effect: { kind: 'answers with', field: 'content-encoding', value: 'gzip' },
  },
  stack: {
    summary: 'rate limit, a token verified anew (RSA), tracing, header log and gzip of 4 KiB together',
    settings: (service) => ({
      'rate-limit': RATE,
      jwt: jwt('RS256'),
      tracing: { url: at(service, '/v1/traces'), share: 0.01 },
      'header-log': LOGGED,
      compression: GZIP,
    }),
    headers: [...AGENT, tokens.bearer('RS256'), ['Accept-Encoding', 'gzip']],
    size: PAGE,
    isCoded: true,
    effect: { kind: 'answers with', field: 'content-encoding', value: 'gzip' },
  },
});

const NOWHERE: Endpoint = { host: '127.0.0.1', port: 1 };

function priced([name, { summary, settings, headers = [], size = SMALL, isCoded, effect }]: [
  string,
  Row,
]): PricedFilter {
  return {
    name,
    summary,
    needs: Object.keys(settings(NOWHERE)) as (keyof FilterSettings)[],
    settings,
    ...(effect && { effect }),
    scenario: {
      name: `price-${name}`,
      summary,
      axis: 'filter',
      prices: name,
      origin: 'http-fixed',
      errorLimit: 0,
      loop: { kind: 'closed', connections: CONNECTIONS },
      traffic: {
        kind: 'http',
        request: {
          method: 'GET',
          path: `/text/${size}`,
          headers: headers.map(([field, value]): [string, string] => [field, value]),
          bodyBytes: bytes(0),
        },
        expect: { status: 200, bodyBytes: bytes(size), ...(isCoded && { coding: 'gzip' as const }) },
        connection: 'keep-alive',
        tls: 'none',
      },
    },
  };
}

/** All of them, in the order of a price list. */
export const pricedFilters = (): PricedFilter[] => Object.entries({ ...admitting(), ...changing() }).map(priced);
