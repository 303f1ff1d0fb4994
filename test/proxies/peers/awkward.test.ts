/**
 * What a format of configuration may take for its own (separators, quotes, blanks, variables, expressions) means in every peer what it
 * means in `l7-http`: the same routes, the same requests, the same answers. Values that a peer cannot express it refuses.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { featuresAsked } from '#proxies/config/asked.ts';
import { IntentError } from '#proxies/config/intent-error.ts';
import type { Endpoint, HeaderEdit, HeaderMatch, ProxyIntent, Route, RouteMatch } from '#proxies/config/intent.ts';
import type { PeerDefinition, Surroundings } from '#proxies/peers/peer.ts';
import { binaries } from '#proxies/peers/registry.ts';
import { proxies } from '#proxies/registry.ts';

const lazily = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
};
const soon = () => AbortSignal.timeout(30_000);
const SEED = 1;

interface Ask {
  readonly method?: string;
  readonly target: string;
  /** Lines. */
  readonly fields?: readonly string[];
}

/** A route, and requests that it, or no route, is for. */
interface Case {
  readonly match: RouteMatch;
  /** To an origin of its own by default. */
  readonly action?: Partial<Route>;
  readonly asks: readonly Ask[];
}

/** One server at many addresses: an origin of its own for each route. */
async function startOrigins() {
  const server = createServer((request, response) => {
    const headers = request.rawHeaders.flatMap((name, i, all) =>
      i % 2 === 0 ? [[name.toLowerCase(), all[i + 1]!] as const] : [],
    );
    // Peers add fields of their own; those of these tests begin so.
    const seen = headers.filter(([name]) => name === 'host' || name.startsWith('x-t')).map((pair) => pair.join(': '));
    response.setHeader('server', 'origin');
    response.end(JSON.stringify({ origin: request.socket.localAddress, url: request.url, seen: seen.toSorted() }));
  }).listen(0, '0.0.0.0');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    endpointOf: (i: number): Endpoint => ({ host: `127.0.${1 + Math.floor(i / 250)}.${1 + (i % 250)}`, port }),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close().closeAllConnections();
      await closed;
    },
  };
}

/** Nothing more is to come. Some wait a second for the client's FIN before they close. */
function whole(text: string, method: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const head = text.slice(0, end);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (method === 'HEAD' || /^HTTP\/1\.1 [23]04/.test(head)) return true;
  return length === undefined ? text.endsWith('\r\n0\r\n\r\n') : text.length >= end + 4 + Number(length);
}

async function exchange({ host, port }: Endpoint, { method = 'GET', target, fields = [] }: Ask): Promise<string> {
  const socket = connect({ host, port }).setEncoding('latin1');
  const lines = fields.some((line) => line.startsWith('Host:')) ? fields : ['Host: h.test', ...fields];
  socket.write([`${method} ${target} HTTP/1.1`, ...lines, 'Connection: close', '', ''].join('\r\n'), 'latin1');
  let text = '';
  for await (const chunk of socket) {
    text += chunk as string;
    if (whole(text, method)) break;
  }
  return text;
}

/** What of an answer must be the same: where it comes from and what it says; of an answer without a route the status alone. */
async function answerTo(proxy: Endpoint, ask: Ask): Promise<unknown> {
  const text = await exchange(proxy, ask);
  const end = text.indexOf('\r\n\r\n');
  const [status = '', ...head] = text.slice(0, end).split('\r\n');
  const body = text.slice(end + 4);
  const got = { status: status.split(' ')[1], fields: head.map((line) => line.toLowerCase()).toSorted() };
  const ours = got.fields.filter((line) => line.startsWith('x-t') || line.startsWith('location:'));
  const json = /\{"origin".*\}/.exec(body)?.[0];
  if (json !== undefined) return { ...got, fields: ours, ...(JSON.parse(json) as object) };
  if (got.status !== '418') return { status: got.status };
  const type = body === '' ? undefined : got.fields.find((line) => line.startsWith('content-type:'));
  return { ...got, fields: ours, body, type };
}

const AWKWARD: readonly string[] = [
  ['a,b', 'a;b', 'a b', 'a|b', 'a\tb', '"a"', "'a'", 'a\\b', 'a\\', "\\'", '\\"', '\\\\', "'", '"', '`a`', 'a\'b"c'],
  ['$a', 'a$', '${a}', '$request_uri', '$1', '\\1', '&', '%a', '%%', '%[src]', '%{+Q}o', '%REQ(:path)%'],
  ['{a}', '{', '}', '{{a}}', '{http.request.host}', '{$HOME}', '(a)', '[a]', '<a>', '^a$', '~a', '!a', '@a', '=a'],
  ['a*', 'a?', 'a+', '.', '#a', 'a #b', '-i', '--', '/a', 'Ab', 'a\\nb', 'default', 'volatile', 'include', '0', '1'],
].flat();
/** Visible ASCII with blanks amid it, as it comes. */
const RANDOM = fc.sample(fc.stringMatching(/^[!-~][ -~]{0,6}[!-~]$/), { numRuns: 20, seed: SEED });
const VALUES = [...AWKWARD, ...RANDOM];

const field = (match: HeaderMatch['match'], invert = false): HeaderMatch => ({
  name: 'x-t',
  match,
  ...(invert && { invert }),
});

/** Each below a path of its own, so that one does not hide the other. */
const byField = (values: readonly string[], kind: 'exact' | 'prefix'): Case[] =>
  values.map((value, i) => {
    const target = `/${kind}/${i}/`;
    const others = [`${value}z`, value.toUpperCase(), value.replace(/\W/, 'x')];
    return {
      match: { path: { kind: 'prefix', value: target }, headers: [field({ kind, value }, i % 5 === 0)] },
      asks: [{ target }, ...[value, ...others].map((other) => ({ target, fields: [`x-t: ${other}`] }))],
    };
  });

/** Several tests of one field, each of which counts. */
const together: readonly Case[] = [
  [field({ kind: 'prefix', value: 'a,' }), field({ kind: 'exact', value: 'a,b' })],
  [field({ kind: 'exact', value: 'a,b' }), field({ kind: 'prefix', value: 'a,' })],
  [field({ kind: 'prefix', value: 'a' }), field({ kind: 'prefix', value: 'a,b' }), field({ kind: 'present' })],
  [field({ kind: 'prefix', value: 'a' }), field({ kind: 'prefix', value: 'a,b' }, true)],
  [field({ kind: 'exact', value: 'a,b' }), field({ kind: 'exact', value: 'a,b' }, true)],
  [field({ kind: 'exact', value: 'a,b' }, true), field({ kind: 'exact', value: 'a' }, true)],
].map((headers, i) => ({
  match: { path: { kind: 'prefix', value: `/together/${i}/` }, headers },
  asks: [[], ['a'], ['a,'], ['a,b'], ['a,bc'], ['b']].map((values) => ({
    target: `/together/${i}/`,
    fields: values.map((value) => `x-t: ${value}`),
  })),
}));

const NAMES = ['x-t', "x'a", 'x#a', 'x$a', 'x%a', 'x~a', 'x`a', 'x|a', 'x!a', 'x*a', 'x+a', 'x^a', 'x&a', 'x_a', 'x.a'];
const names: readonly Case[] = NAMES.map((name, i) => ({
  match: { path: { kind: 'prefix', value: `/name/${i}/` }, headers: [{ name, match: { kind: 'exact', value: 'v' } }] },
  asks: NAMES.map((other) => ({ target: `/name/${i}/`, fields: [`${other}: v`] })),
}));

const PATHS = [
  'a,b',
  'a;b',
  'a$b',
  "a'b",
  'a"b',
  'a(b)',
  'a*b',
  'a+b',
  'a.b',
  'a[b]',
  'a{b}',
  'a|b',
  'a^b',
  'a~b',
  'a!b',
];
const ESCAPED = [
  'a@b',
  'a:b',
  'a=b',
  'a&b',
  '-i',
  'a`b',
  'a<b>',
  'A',
  '$uri',
  'a%20b',
  'a%25b',
  'a%2Cb',
  '%C3%A9',
  '%FF',
];
const paths: readonly Case[] = [...PATHS, ...ESCAPED].flatMap((text, i): Case[] => {
  const exact = `/p${i}/${text}`;
  const prefix = `/q${i}/${text}`;
  return [
    {
      match: { path: { kind: 'exact', value: exact } },
      asks: [exact, `${exact}?q=/`, `${exact}z`, exact.replace(text, 'ab')].map((target) => ({ target })),
    },
    {
      match: { path: { kind: 'prefix', value: prefix } },
      asks: [prefix, `${prefix}z/y?q`, `/x${prefix}`, prefix.replace(text, 'ab')].map((target) => ({ target })),
    },
  ];
});

const HOSTS = ['a.test', '*.b.test', 'C.Test', 'd_e.test', 'x-y.test'];
const hosts: readonly Case[] = HOSTS.map((host, i) => ({
  match: { path: { kind: 'prefix', value: `/host/${i}/` }, hosts: [host] },
  asks: [
    'a.test',
    'A.TEST:80',
    'a.test.',
    'a.test:',
    'x.b.test',
    'y.x.b.test.',
    'b.test',
    'c.test',
    'aXtest',
    'd_e.test',
    'x-y.test',
    '[::1]',
  ].map((asked) => ({ target: `/host/${i}/`, fields: [`Host: ${asked}`] })),
}));

const METHODS = ['GET', 'PURGE', 'PROPFIND', 'PATCH'];
const methods: readonly Case[] = METHODS.map((method, i) => ({
  match: { path: { kind: 'prefix', value: `/method/${i}/` }, methods: [method] },
  asks: METHODS.map((asked) => ({ method: asked, target: `/method/${i}/` })),
}));

const SELECTION = [
  ...together,
  ...byField(VALUES, 'exact'),
  ...byField(VALUES, 'prefix'),
  ...names,
  ...paths,
  ...hosts,
  ...methods,
];

const BODIES = [
  '',
  'a\nb',
  'a\r\nb',
  '# c',
  ' lead',
  'trail ',
  '${host}',
  '$host',
  'é',
  '{"json": [1]}',
  '<html>',
  ...AWKWARD,
];
const TYPES = ['text/html; charset=utf-8', 'x;y="z w"', "a'b", '$x', '%x', '{x}', '#x'];
const replies: readonly Case[] = [
  ...BODIES.map((body) => ({ body })),
  ...TYPES.map((contentType) => ({ body: 'x', contentType })),
].map((reply, i) => ({
  match: { path: { kind: 'exact', value: `/reply/${i}` } },
  action: {
    action: { kind: 'reply', status: 418, ...reply },
    responseHeaders: [{ op: 'add', name: 'x-t', value: 'y' }],
  },
  asks: [{ target: `/reply/${i}` }, { method: 'HEAD', target: `/reply/${i}` }],
}));
const STATUSES = [200, 201, 204, 205, 206, 300, 301, 304, 307, 400, 401, 404, 429, 444, 494, 499, 503, 599];
const statuses: readonly Case[] = STATUSES.map((status) => ({
  match: { path: { kind: 'exact', value: `/status/${status}` } },
  action: { action: { kind: 'reply', status, body: 'x' } },
  asks: [{ target: `/status/${status}` }],
}));

const edit = (op: HeaderEdit['op'], name: string, value?: string): HeaderEdit => ({
  op,
  name,
  ...(value !== undefined && { value }),
});
const edits: readonly Case[] = [
  ...VALUES.map((value) => [edit('set', 'x-t-set', value), edit('add', 'x-t-add', value)]),
  ...NAMES.map((name) => [edit('set', `x-t${name}`, 'v'), edit('remove', `x-t-gone${name}`)]),
  // In whatever order, what came is dropped before anything is added.
  [edit('add', 'x-t', '1'), edit('set', 'x-t', '2'), edit('add', 'X-T', '3'), edit('add', 'x-t-none', '')],
  [edit('remove', 'x-t'), edit('add', 'x-t', '1'), edit('add', 'x-t-add', '1'), edit('add', 'x-t-add', '2')],
].map((list, i) => ({
  match: { path: { kind: 'exact', value: `/edit/${i}` } },
  action: { requestHeaders: list, responseHeaders: list },
  asks: [{ target: `/edit/${i}`, fields: ['x-t: was', 'x-t-add: was', 'x-t-set: was', "x-t-gonex'a: was"] }],
}));

const HOST_REWRITES = ['a.test:80', '$host', "a'b", 'a&b', '[::1]:80', 'A.Test', 'a*b', '%20'];
const rewrites: readonly Case[] = [
  ...HOST_REWRITES.map((hostRewrite, i): Case => ({
    match: { path: { kind: 'exact', value: `/rewrite/${i}` } },
    action: { action: { kind: 'forward', clusters: [], hostRewrite } },
    asks: [{ target: `/rewrite/${i}` }],
  })),
  ...[
    '/n',
    '/n/',
    '/',
    '/n$1',
    '/n%5B',
    '/n&x',
    '/a,b',
    "/n'x",
    '/n{x}',
    '/n$x',
    '/n"x',
    '/$&',
    '/n$$',
    '/n;x',
    '/n${1}',
  ].map((prefixRewrite, i): Case => ({
    match: { path: { kind: 'prefix', value: `/prefix/${i}.x` } },
    action: { action: { kind: 'forward', clusters: [], prefixRewrite } },
    // The third of them climbs out of what it is put behind.
    asks: ['', '/y?z=/', '/../y', 'y', '?z', './y', '/;y'].map((rest) => ({ target: `/prefix/${i}.x${rest}` })),
  })),
];

const ANSWERS = [...replies, ...statuses, ...edits, ...rewrites];

/** What each refuses of these values, and nothing else. */
const REFUSED: Readonly<Record<string, readonly RegExp[]>> = {
  nginx: [
    /^nginx knows fields by letters, digits and dashes, not '/,
    /^nginx compares paths without escapes, which '.*%(25|2C|FF)/,
    /^nginx escapes what '.*["<>^`{|}]/,
    /^nginx has no local replies with (301|307|444):/,
  ],
  haproxy: [],
  envoy: [/^envoy escapes what '.*["<>^`{|}]/],
  caddy: [
    /^caddy drops fields with such names as 'x[_.]a'/,
    /^caddy takes 'x-t(-gone)?x\*a' for a pattern of names/,
    /^caddy compares paths without escapes, which '.*%(25|2C|FF)/,
    /^caddy escapes what '.*["<>^`{|}]/,
  ],
  traefik: [/^traefik compares paths without escapes, which '.*%(25|2C|FF)/, /^traefik escapes what '.*["<>^`{|}]/],
};

const surroundings: Surroundings = {
  address: { host: '127.0.0.1', port: 1 },
  spare: { host: '127.0.0.1', port: 2 },
  binary: { path: '/peer', version: '9.9.9', about: '' },
  openFiles: 20_000,
  isRoot: true,
};

/** Of some of the cases, each at the origin that it has among all. */
const intentOf = (cases: ReadonlyMap<number, Case>, endpointOf: (i: number) => Endpoint): ProxyIntent => ({
  listener: { address: { host: '127.0.0.1', port: 0 } },
  clusters: [...cases.keys()].map((i) => ({ name: `origin "${i}"`, endpoints: [endpointOf(i)] })),
  routes: [...cases].map(([i, { match, action = {} }]) => {
    const clusters = [{ name: `origin "${i}"` }];
    const wanted = action.action ?? { kind: 'forward', clusters };
    return { ...action, match, action: wanted.kind === 'forward' ? { ...wanted, clusters } : wanted };
  }),
});

/** All that the peer offers and does not refuse; every refusal is one that is known. */
function expressible(peer: PeerDefinition, vendor: string, cases: readonly Case[]): ReadonlyMap<number, Case> {
  const isExpressible = (one: Case): boolean => {
    const alone = intentOf(new Map([[0, one]]), () => surroundings.spare);
    if (featuresAsked(alone).some(({ feature }) => !peer.capabilities.has(feature!))) return false;
    try {
      peer.render(alone, surroundings);
      return true;
    } catch (error) {
      assert.ok(error instanceof IntentError, String(error));
      const said = error.message.replace('routes: capability not offered: ', '');
      assert.ok(
        REFUSED[vendor]!.some((known) => known.test(said)),
        said,
      );
      return false;
    }
  };
  return new Map([...cases.entries()].filter(([, one]) => isExpressible(one)));
}

const skip = process.platform !== 'linux' && 'Linux alone has all of 127.0.0.0/8';
const origins = skip ? undefined : await startOrigins();
after(() => origins?.[Symbol.asyncDispose]());

async function answersOf(proxy: Endpoint, cases: ReadonlyMap<number, Case>): Promise<Map<number, unknown[]>> {
  const answers = new Map<number, unknown[]>();
  for (const [i, { asks }] of cases) {
    const got: unknown[] = [];
    for (const ask of asks) got.push(await answerTo(proxy, ask));
    answers.set(i, got);
  }
  return answers;
}

for (const [title, cases] of Object.entries({ 'chooses routes': SELECTION, 'answers and edits': ANSWERS })) {
  /** Asked once, by whoever is first. */
  const expected = lazily(async () => {
    const all = new Map(cases.entries());
    await using reference = await proxies.get('l7-http')!.start(intentOf(all, origins!.endpointOf), soon());
    return await answersOf(reference.address, all);
  });

  for (const peer of binaries) {
    if (!peer.capabilities.has('routing') || peer.capabilities.has('tls-termination')) continue;
    const availability = await peer.availability();
    const missing = availability.state === 'missing' && `${availability.reason}; install: ${availability.install}`;
    void test(`${peer.name} ${title} as l7-http does, whatever the characters`, { skip: skip || missing }, async () => {
      const mine = expressible(peer, peer.name.replace(/-.*/, ''), cases);
      await using proxy = await peer.start(intentOf(mine, origins!.endpointOf), soon());
      const answers = await answersOf(proxy.address, mine);
      for (const [i, { match, asks }] of mine)
        for (const [n, ask] of asks.entries())
          assert.deepEqual(
            answers.get(i)![n],
            (await expected()).get(i)![n],
            `${JSON.stringify(match)}: ${JSON.stringify(ask)}`,
          );
    });
  }
}
