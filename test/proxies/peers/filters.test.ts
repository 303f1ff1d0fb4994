/** A filter that a peer says it has, it has: seen by the client and at the origin, through its real binary; what it has not is refused. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { filterCases } from '#bench/conformance/cases/filters.ts';
import { runConformance } from '#bench/conformance/run.ts';
import type { FilterSettings, ProxyIntent } from '#proxies/config/intent.ts';
import { IntentError } from '#proxies/config/intent-error.ts';
import type { PeerDefinition } from '#proxies/peers/peer.ts';
import { binaries } from '#proxies/peers/registry.ts';
import { never } from '../sockets.ts';

const peers = binaries.filter(({ layer, name }) => layer === 'l7' && !name.endsWith('-tls'));

/** Of each filter the one case that fails where it does nothing. */
const EFFECTS: readonly (readonly [rule: string, name: string])[] = [
  ['filter-ip-rules', 'who is not allowed'],
  ['filter-rate-limit', 'as many as it says'],
  ['filter-basic-auth', 'tells who it is'],
  ['filter-api-key', 'tells who it is'],
  ['filter-jwt', 'tells who it is'],
  ['filter-ext-authz', 'a 403 is the answer'],
  ['filter-cors', 'a preflight is answered here'],
  ['filter-compression', 'who accepts it'],
  ['filter-cache', 'fresh'],
  ['filter-transform', 'fields of requests'],
  ['filter-mirror', 'a copy goes elsewhere, and its answer nowhere'],
  ['filter-tracing', 'a trace is kept'],
];
const effects = EFFECTS.map(([rule, name]) => {
  const found = filterCases.find((each) => each.rule === rule && each.name === name);
  assert.ok(found, `${rule}: ${name}`);
  return found;
});

for (const peer of peers) {
  const availability = await peer.availability();
  const skip = availability.state === 'missing' && availability.reason;
  describe(peer.name, { skip }, () => {
    it('does what each of its filters is for', async () => {
      const cases = effects.filter(({ needs = [] }) => needs.every((need) => peer.capabilities.has(need)));
      const verdicts = await runConformance(peer, { cases, deviations: [] }, never);
      const kept = verdicts.map(({ rule, state, got, reason }) => `${rule}: ${state} ${got ?? reason ?? ''}`.trim());
      assert.deepEqual(
        kept,
        cases.map(({ rule }) => `${rule}: passed`),
      );
    });
  });
}

const intentWith = (filters: FilterSettings): ProxyIntent => ({
  listener: { address: { host: '127.0.0.1', port: 0 } },
  clusters: [{ name: 'o', endpoints: [{ host: '127.0.0.1', port: 9 }] }],
  defaultCluster: 'o',
  filters,
});

const refusal = (peer: PeerDefinition, intent: ProxyIntent): string => {
  const binary = { path: '', version: '', about: '' };
  const address = { host: '127.0.0.1', port: 1 };
  try {
    peer.render(intent, { address, spare: address, binary, openFiles: 1000, isRoot: false });
    return '';
  } catch (error) {
    assert.ok(error instanceof IntentError, String(error));
    return error.message;
  }
};

describe('what a peer cannot be given', () => {
  const REFUSED: readonly (readonly [name: string, filters: FilterSettings, message: RegExp])[] = [
    [
      'nginx-http',
      { jwt: { algorithm: 'HS256', keys: { secret: 'x'.repeat(32) } } },
      /^filters\.jwt: nginx-http verifies/,
    ],
    ['nginx-http', { compression: {} }, /^filters\.compression\.encodings: .*has no zstd/],
    ['nginx-http', { 'rate-limit': { requests: 1, period: 7000 } }, /^filters\.rate-limit\.requests: .*whole requests/],
    ['nginx-http', { cache: { purge: ['127.0.0.1'] } }, /^filters\.cache\.purge: /],
    ['nginx-http', { 'basic-auth': { users: { a: 'b' }, realm: '$x' } }, /^filters\.basic-auth\.realm: .*escape/],
    ['nginx-http', { 'ext-authz': { url: 'https://a/' } }, /^filters\.ext-authz\.url: .*plain HTTP/],
    ['haproxy-http', { 'rate-limit': { requests: 5, burst: 9 } }, /^filters\.rate-limit\.burst: .*no burst/],
    ['haproxy-http', { compression: { encodings: ['gzip'] } }, /^filters\.compression\.minBytes: /],
    ['haproxy-http', { 'basic-auth': { users: { a: '{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=' } } }, /crypt/],
    [
      'haproxy-http',
      { jwt: { algorithm: 'HS256', keys: { secret: 'x'.repeat(32) }, remembered: 9 } },
      /jwt\.remembered/,
    ],
    ['haproxy-http', { jwt: { algorithm: 'HS256', keys: { secret: `${'x'.repeat(32)}"` } } }, /jwt\.keys/],
    ['envoy-http', { 'rate-limit': { requests: 5, key: { header: 'X-A' } } }, /^filters\.rate-limit\.key: /],
    ['envoy-http', { 'basic-auth': { users: { a: 'b' }, realm: 'x' } }, /^filters\.basic-auth\.realm: /],
    ['envoy-http', { cors: { origins: '*' } }, /^filters\.cors\.headers: .*list the fields/],
    ['envoy-http', { 'header-log': { file: '/x', request: ['Cookie'], response: [] } }, /may hold a secret/],
    ['envoy-http', { 'header-log': { file: '/x' } }, /^filters\.header-log\.request: .*list them/],
    ['traefik-http', { 'ip-rules': { deny: ['10.0.0.0/8'] } }, /^filters\.ip-rules\.deny: /],
    ['traefik-http', { transform: { request: { add: { 'X-A': '1' } } } }, /^filters\.transform\.request\.add: /],
    ['traefik-http', { mirror: { url: 'http://a', share: 0.005 } }, /^filters\.mirror\.share: /],
    ['caddy-http', { compression: { encodings: ['br'] } }, /^filters\.compression\.encodings: .*has no br/],
    ['caddy-http', { transform: { response: { remove: ['X-*'] } } }, /pattern of names/],
    ['apache-http', { 'ip-rules': { deny: ['10.0.0.0/8'] } }, /^filters\.ip-rules: /],
  ];
  for (const [name, filters, message] of REFUSED)
    it(`${name}: ${JSON.stringify(filters).slice(0, 70)}`, () => {
      assert.match(
        refusal(
          peers.find((peer) => peer.name === name)!,
          intentWith(filters),
        ),
        message,
      );
    });

  it('settings are read as our own filters read them', () => {
    const wrong = { 'rate-limit': { requests: 0 } } as FilterSettings;
    for (const peer of peers.filter(({ capabilities }) => capabilities.has('filter rate-limit')))
      assert.match(refusal(peer, intentWith(wrong)), /^filters\.rate-limit\.requests: expected a positive integer/);
    const injected = { transform: { request: { set: { 'X-A': 'a\nb' } } } };
    for (const peer of peers.filter(({ capabilities }) => capabilities.has('filter transform')))
      assert.match(refusal(peer, intentWith(injected)), /^filters\.transform/);
  });

  it('secrets stand in no configuration that is shown', () => {
    const filters = {
      'basic-auth': { users: { ann: 'open-sesame' } },
      'api-key': { keys: { ann: 'k-open-sesame-0123' } },
      jwt: { algorithm: 'HS256', keys: { secret: 'open-sesame-open-sesame-open-sesame' }, remembered: 0 },
    } as const;
    for (const peer of peers) {
      const has = Object.entries(filters).filter(([name]) => peer.capabilities.has(`filter ${name as 'jwt'}`));
      const surroundings = {
        address: { host: '127.0.0.1', port: 1 },
        spare: { host: '127.0.0.1', port: 2 },
        binary: { path: '', version: '', about: '' },
        openFiles: 1000,
        isRoot: false,
      };
      const { files } = peer.render(intentWith(Object.fromEntries(has)), surroundings);
      assert.doesNotMatch(JSON.stringify(files), /open-sesame/, peer.name);
    }
  });
});
