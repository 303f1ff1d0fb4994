import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { createCertificate } from '#bench/lab/certificates.ts';
import { type EnvoyListener, readEnvoyConfig } from '#proxies/config/envoy.ts';
import { IntentError } from '#proxies/config/intent-error.ts';
import { flagName, LIMITS, TIMEOUTS } from '#proxies/config/settings.ts';
import { proxies } from '#proxies/registry.ts';
import { never } from '../sockets.ts';

const example = (layer: 'l4' | 'l7') =>
  readFileSync(new URL(`../../../examples/envoy-${layer}.yaml`, import.meta.url), 'utf8');

async function hello(text: string) {
  const server = http.createServer((_request, response) => response.end(text)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close().closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** The one listener that there is. */
function readOne(text: string): EnvoyListener {
  const [listener, ...others] = readEnvoyConfig(text).listeners;
  assert.deepEqual(others, []);
  return listener;
}

/** A fresh connection each, as `curl` makes. */
const curl = async (url: string) => (await promisify(execFile)('curl', ['--silent', '--max-time', '5', url])).stdout;

for (const [layer, proxy] of [
  ['l4', 'l4-tcp'],
  ['l7', 'l7-http'],
] as const) {
  test(`the ${layer} example runs ${proxy}, which takes turns`, async () => {
    await using one = await hello('Hello World 1111');
    await using two = await hello('Hello World 2222');
    const text = example(layer)
      .replace('port_value: 10000', 'port_value: 0')
      .replace('port_value: 1111', `port_value: ${one.port}`)
      .replace('port_value: 2222', `port_value: ${two.port}`);
    const config = readOne(text);
    assert.equal(config.proxy, proxy);
    await using running = await proxies.get(config.proxy)!.start(config.intent, never);
    const url = `http://127.0.0.1:${running.address.port}/`;
    const answers: string[] = [];
    for (let i = 0; i < 4; i++) answers.push(await curl(url));
    assert.deepEqual(
      answers,
      ['1111', '2222', '1111', '2222'].map((which) => `Hello World ${which}`),
    );
  });
}

test('the examples differ only in the network filter', () => {
  const [l4, l7] = (['l4', 'l7'] as const).map((layer) => parse(example(layer)));
  for (const tree of [l4, l7]) delete tree.static_resources.listeners[0].filter_chains[0].filters;
  assert.deepEqual(l4, l7);
});

/** What YAML parses to: anything. */
type Tree = ReturnType<typeof parse>;

/** The example with a part of it replaced. */
function edited(layer: 'l4' | 'l7', edit: (tree: Tree) => void): string {
  const tree = parse(example(layer));
  edit(tree);
  return stringify(tree);
}

function problems(text: string): string[] {
  try {
    readEnvoyConfig(text);
    return [];
  } catch (error) {
    assert.ok(error instanceof IntentError, String(error));
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

const listenerOf = (tree: Tree) => tree.static_resources.listeners[0];
const configOf = (tree: Tree) => listenerOf(tree).filter_chains[0].filters[0].typed_config;
const clusterOf = (tree: Tree) => tree.static_resources.clusters[0];

test('tcp_proxy is known by its version 2 type URL too', () => {
  const text = edited('l4', (tree) => {
    configOf(tree)['@type'] = 'type.googleapis.com/envoy.config.filter.network.tcp_proxy.v2.TcpProxy';
  });
  assert.equal(readOne(text).proxy, 'l4-tcp');
});

test('what is not supported is refused by its full path and name', () => {
  const text = edited('l7', (tree) => {
    clusterOf(tree).health_checks = [{ ...CHECK, grpc_health_check: {} }];
    configOf(tree).route_config.virtual_hosts[0].routes[0].route.retry_policy = { retry_on: 'retriable-4xx,reset' };
    configOf(tree).http_filters.unshift({ name: 'envoy.filters.http.lua' });
    tree.layered_runtime = {};
  });
  const filter = 'static_resources.listeners[0].filter_chains[0].filters[0].typed_config';
  const told = problems(text).map((problem) => problem.replace(/; (?!there)[^;]*$/, ''));
  assert.deepEqual(told.sort(), [
    'layered_runtime: layered_runtime is not supported here',
    'static_resources.clusters[0].health_checks[0]: expected one of http_health_check and tcp_health_check',
    `${filter}.http_filters[0].name: envoy.filters.http.lua is not supported; there are envoy.filters.http.router, envoy.router, envoy.filters.http.cors, envoy.cors`,
    `${filter}.route_config.virtual_hosts[0].routes[0].route.retry_policy: retry_on: retriable-4xx is not supported here`,
  ]);
  assert.match(problems('static_resources: [')[0]!, /^envoy.yaml: .*line 1/);
  assert.match(problems('[]').join(), /expected a mapping/);
  assert.match(
    problems(edited('l4', (tree) => (configOf(tree).cluster = 'x'))).join(),
    /\.cluster: no cluster is called x; there are hello/,
  );
});

/** Of a health check, what every one has. */
const CHECK = { timeout: '2s', interval: '10s', unhealthy_threshold: 3, healthy_threshold: 2 };

/** Features whose machinery is not here: one problem each, with its path, what it is, and what to do. */
const REFUSED: Readonly<Record<string, [edit: (tree: Tree) => void, said: RegExp]>> = {
  'two health checks': [
    (tree) => (clusterOf(tree).health_checks = [0, 1].map(() => ({ ...CHECK, tcp_health_check: {} }))),
    /^static_resources\.clusters\[0\]\.health_checks\[1\]: one health check of a cluster is supported$/,
  ],
  'what a TCP check sends': [
    (tree) => (clusterOf(tree).health_checks = [{ ...CHECK, tcp_health_check: { send: { text: '00' } } }]),
    /tcp_health_check\.send: a TCP check asks for a connection alone; check by HTTP$/,
  ],
  'ejection by chance': [
    (tree) => (clusterOf(tree).outlier_detection = { enforcing_consecutive_5xx: 50 }),
    /outlier_detection\.enforcing_consecutive_5xx: expected 0 or 100: by chance nobody is ejected$/,
  ],
  'retries by status codes': [
    (tree) =>
      (configOf(tree).route_config.virtual_hosts[0].retry_policy = {
        retry_on: 'retriable-status-codes',
        retriable_status_codes: [409],
      }),
    /\.virtual_hosts\[0\]\.retry_policy: retry_on: retriable-status-codes is not supported here; leave out what it does not know: /,
  ],
  'routes to one cluster that retry differently': [
    (tree) => {
      const [host] = configOf(tree).route_config.virtual_hosts;
      const [route] = host.routes;
      host.routes = [
        { ...route, match: { prefix: '/a' }, route: { ...route.route, retry_policy: { retry_on: 'reset' } } },
        route,
      ];
    },
    /routes\[1\]\.route: all routes to cluster hello have the same retry_policy and hash_policy: give this one a cluster of its own$/,
  ],
  CORS: [
    (tree) => (configOf(tree).route_config.virtual_hosts[0].cors = { allow_methods: 'GET' }),
    /\.virtual_hosts\[0\]\.cors: cors is not supported here; leave it out and let the origin answer preflight requests$/,
  ],
  Lua: [
    (tree) =>
      configOf(tree).http_filters.unshift({ name: 'envoy.filters.http.lua', typed_config: { inline_code: '' } }),
    /\.http_filters\[0\]\.name: envoy\.filters\.http\.lua is not supported; .*; leave it out, or run this file with Envoy itself/,
  ],
  'a Unix socket of an endpoint': [
    (tree) => {
      const [host] = clusterOf(tree).load_assignment.endpoints[0].lb_endpoints;
      host.endpoint.address = { pipe: { path: '/run/app.sock' } };
    },
    /lb_endpoints\[0\]\.endpoint\.address\.pipe: pipe is not supported here; name an address and a port: /,
  ],
  'a Unix socket of a listener': [
    (tree) => (listenerOf(tree).address = { pipe: { path: '/run/proxy.sock' } }),
    /^static_resources\.listeners\[0\]\.address\.pipe: pipe is not supported here; name an address and a port: /,
  ],
};

for (const [feature, [edit, said]] of Object.entries(REFUSED))
  test(`${feature}: refused once, by path, with what to do`, () => {
    const [problem, ...more] = problems(edited('l7', edit));
    assert.deepEqual(more, []);
    assert.match(problem!, said);
  });

const clusterFrom = (edit: (tree: Tree) => void, layer: 'l4' | 'l7' = 'l7') =>
  readOne(edited(layer, edit)).intent.clusters[0]!;
const notesFrom = (edit: (tree: Tree) => void) =>
  readEnvoyConfig(edited('l7', edit))
    .notes.map(({ path, message }) => `${path}: ${message}`)
    .join('\n');

test('health checks: as Envoy makes them, the name of the cluster as host and 200 alone as well', () => {
  const http = { path: '/up', expected_statuses: [{ start: 200, end: 300 }], host: 'a.test' };
  const full = {
    ...CHECK,
    interval_jitter: '1s',
    no_traffic_interval: '60s',
    http_health_check: http,
  };
  assert.deepEqual(clusterFrom((tree) => (clusterOf(tree).health_checks = [full])).healthCheck, {
    kind: 'http',
    path: '/up',
    host: 'a.test',
    expected: [{ from: 200, to: 299 }],
    interval: 10_000,
    jitter: 0.1,
    timeout: 2_000,
    unhealthyThreshold: 3,
    healthyThreshold: 2,
  });
  const bare = clusterFrom(
    (tree) => (clusterOf(tree).health_checks = [{ ...CHECK, http_health_check: { path: '/' } }]),
  );
  assert.deepEqual(bare.healthCheck?.kind === 'http' && [bare.healthCheck.host, bare.healthCheck.expected], [
    'hello',
    [{ from: 200, to: 200 }],
  ]);
  assert.equal(bare.panicThreshold, 0.5);
  const tcp = clusterFrom((tree) => {
    clusterOf(tree).health_checks = [{ ...CHECK, tcp_health_check: {} }];
    clusterOf(tree).common_lb_config = { healthy_panic_threshold: { value: 0 } };
  }, 'l4');
  assert.deepEqual([tcp.healthCheck?.kind, tcp.panicThreshold], ['tcp', 0]);
  assert.match(
    notesFrom((tree) => (clusterOf(tree).health_checks = [full])),
    /no_traffic_interval: does nothing here/,
  );
});

test('outlier detection: what is enforced, with the defaults of Envoy', () => {
  const from = (outliers: object) => clusterFrom((tree) => (clusterOf(tree).outlier_detection = outliers)).ejection;
  const times = { baseTime: 30_000, maxTime: 300_000, maxShare: 0.5 };
  assert.deepEqual(from({}), { consecutive: 5, ...times });
  assert.deepEqual(
    from({ consecutive_5xx: 3, base_ejection_time: '1s', max_ejection_time: '4s', max_ejection_percent: 100 }),
    {
      consecutive: 3,
      baseTime: 1_000,
      maxTime: 4_000,
      maxShare: 1,
    },
  );
  const rate = { enforcing_consecutive_5xx: 0, enforcing_failure_percentage: 100, failure_percentage_threshold: 40 };
  assert.deepEqual(from(rate), { consecutive: 0, errorRate: 0.4, window: 10_000, minimum: 50, ...times });
  assert.equal(from({ enforcing_consecutive_5xx: 0 }), undefined);
  const single = (tree: Tree) => {
    clusterOf(tree).load_assignment.endpoints[0].lb_endpoints.length = 1;
    clusterOf(tree).outlier_detection = {};
  };
  assert.equal(clusterFrom(single).ejection, undefined);
  assert.match(notesFrom(single), /outlier_detection: does nothing here: a single endpoint is never left out/);
});

test('circuit breakers: what a file bounds is bounded, with the queue that Envoy has; below HTTP connections alone', () => {
  const breakers = (tree: Tree) =>
    (clusterOf(tree).circuit_breakers = {
      thresholds: [{ max_connections: 10, max_pending_requests: '7', max_requests: 20 }],
    });
  const { circuitBreaker, queue } = clusterFrom(breakers);
  assert.deepEqual(circuitBreaker, { connections: 10, pending: 7, requests: 20 });
  assert.deepEqual(queue, { size: 7, timeout: 15_000 });
  const below = clusterFrom(breakers, 'l4');
  assert.deepEqual([below.circuitBreaker, below.queue], [{ connections: 10 }, undefined]);
});

test('circuit breakers that say what Envoy does by itself, or lift its bounds, start with a note', () => {
  for (const threshold of [
    {},
    { priority: 'HIGH', max_connections: 1, max_retries: 3 },
    { max_connections: 1_000_000_000, max_pending_requests: 1_000_000_000, max_requests: '1000000000' },
  ]) {
    const edit = (tree: Tree) => (clusterOf(tree).circuit_breakers = { thresholds: [threshold] });
    assert.match(
      notesFrom(edit),
      /clusters\[0\]\.circuit_breakers: bounds no requests here: --limit upstream-per-endpoint holds, 16384 by default/,
    );
    assert.equal(clusterFrom(edit).circuitBreaker, undefined);
  }
});

test('retries: of routes or virtual hosts, with the budget of the cluster and the back-off of Envoy', () => {
  const retried = (policy: object, thresholds: object = {}, hash: object = {}) =>
    clusterFrom((tree) => {
      const [host] = configOf(tree).route_config.virtual_hosts;
      host.routes[0].route.retry_policy = policy;
      Object.assign(host.routes[0].route, hash);
      clusterOf(tree).circuit_breakers = { thresholds: [thresholds] };
    }).retry;
  const backoff = { base: 25, max: 250 };
  assert.deepEqual(retried({ retry_on: '5xx' }), {
    on: ['connect', 'reset', 'server-error'],
    attempts: 1,
    backoff,
    budget: { share: 0, minimum: 3 },
  });
  const full = { retry_on: 'gateway-error, connect-failure,refused-stream', num_retries: 3, per_try_timeout: '0.5s' };
  const budget = { retry_budget: { budget_percent: { value: 25 }, min_retry_concurrency: 10 } };
  assert.deepEqual(retried({ ...full, retry_back_off: { base_interval: '0.1s', max_interval: '1s' } }, budget), {
    on: ['connect', 'reset', 'timeout', 'gateway-error'],
    attempts: 3,
    perTryTimeout: 500,
    backoff: { base: 100, max: 1_000 },
    budget: { share: 0.25, minimum: 10 },
  });
  assert.equal(retried({ retry_on: 'reset' }, { max_retries: 0 }), undefined);
  assert.equal(retried({ retry_on: 'refused-stream' }), undefined);
  const ofHost = clusterFrom(
    (tree) => (configOf(tree).route_config.virtual_hosts[0].retry_policy = { retry_on: 'reset' }),
  );
  assert.deepEqual(ofHost.retry?.on, ['connect', 'reset']);
  assert.match(
    notesFrom((tree) => (configOf(tree).route_config.virtual_hosts[0].retry_policy = { retry_on: '5xx' })),
    /retry_policy: tries again what is idempotent, never what may have been executed/,
  );
});

test('what requests stick by, where the cluster hashes; slow start where it does not', () => {
  const hashed = (policy: object, lb = 'RING_HASH') =>
    clusterFrom((tree) => {
      configOf(tree).route_config.virtual_hosts[0].routes[0].route.hash_policy = [policy];
      clusterOf(tree).lb_policy = lb;
    }).stickiness;
  assert.deepEqual(hashed({ header: { header_name: 'x-user' } }), { kind: 'header', name: 'x-user' });
  assert.deepEqual(hashed({ cookie: { name: 'sid', ttl: '3600s', path: '/app' } }, 'MAGLEV'), {
    kind: 'cookie',
    name: 'sid',
    maxAge: 3_600,
    path: '/app',
  });
  assert.deepEqual(hashed({ cookie: { name: 'sid' } }), { kind: 'cookie', name: 'sid' });
  assert.equal(hashed({ connection_properties: { source_ip: true } }), undefined);
  assert.equal(hashed({ header: { header_name: 'x-user' } }, 'ROUND_ROBIN'), undefined);
  const slow = clusterFrom(
    (tree) =>
      (clusterOf(tree).round_robin_lb_config = {
        slow_start_config: {
          slow_start_window: '30s',
          aggression: { default_value: 2, runtime_key: 'a' },
          min_weight_percent: { value: 5 },
        },
      }),
  );
  assert.deepEqual(slow.slowStart, { window: 30_000, aggression: 2, minimum: 0.05 });
});

test('routes come out in the order in which Envoy would try them', () => {
  const text = edited('l7', (tree) => {
    const { route_config: config } = configOf(tree);
    config.request_headers_to_add = [
      { header: { key: 'x-all', value: '1' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' },
    ];
    config.virtual_hosts.push({
      name: 'api',
      domains: ['*.example.org', 'api.example.org'],
      routes: [
        {
          match: {
            path: '/x',
            headers: [
              { name: ':method', exact_match: 'GET' },
              { name: 'x-canary', string_match: { prefix: 'y' }, invert_match: true },
            ],
          },
          route: { weighted_clusters: { clusters: [{ name: 'hello', weight: 9 }] }, prefix_rewrite: '/y' },
          response_headers_to_remove: ['server'],
        },
        { match: { prefix: '/gone' }, direct_response: { status: 410, body: { inline_string: 'gone' } } },
      ],
    });
  });
  const { routes = [] } = readOne(text).intent;
  assert.deepEqual(
    routes.map(({ match, action }) => [match.hosts?.[0], match.path?.value, action.kind]),
    [
      ['api.example.org', '/x', 'forward'],
      ['api.example.org', '/gone', 'reply'],
      ['api.example.org', undefined, 'reply'],
      ['*.example.org', '/x', 'forward'],
      ['*.example.org', '/gone', 'reply'],
      ['*.example.org', undefined, 'reply'],
      [undefined, '/', 'forward'],
    ],
  );
  assert.deepEqual(routes[0], {
    match: {
      hosts: ['api.example.org'],
      path: { kind: 'exact', value: '/x' },
      methods: ['GET'],
      headers: [{ name: 'x-canary', match: { kind: 'prefix', value: 'y' }, invert: true }],
    },
    action: { kind: 'forward', clusters: [{ name: 'hello', weight: 9 }], prefixRewrite: '/y', timeout: 15_000 },
    requestHeaders: [{ op: 'set', name: 'x-all', value: '1' }],
    responseHeaders: [{ op: 'remove', name: 'server' }],
  });
});

test('escaped slashes are kept or refused', () => {
  const read = (action: string) =>
    edited('l7', (tree) => {
      listenerOf(tree).filter_chains[0].filters[0].typed_config.path_with_escaped_slashes_action = action;
    });
  assert.equal(readOne(read('KEEP_UNCHANGED')).intent.escapedSlashes, 'keep');
  assert.equal(readOne(read('REJECT_REQUEST')).intent.escapedSlashes, 'refuse');
  assert.match(problems(read('UNESCAPE_AND_FORWARD')).join(), /path_with_escaped_slashes_action: UNESCAPE_AND_FORWARD/);
});

test('transport sockets make it l7-tls and l7-tls-reencrypt', () => {
  const { cert, key, ca } = createCertificate();
  const v3 = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
  const withTls = (tree: Tree) => {
    listenerOf(tree).filter_chains[0].transport_socket = {
      name: 'envoy.transport_sockets.tls',
      typed_config: {
        '@type': `${v3}.DownstreamTlsContext`,
        common_tls_context: {
          tls_params: { tls_minimum_protocol_version: 'TLSv1_3' },
          alpn_protocols: ['http/1.1'],
          tls_certificates: [{ certificate_chain: { inline_string: cert }, private_key: { inline_string: key } }],
        },
      },
    };
  };
  const terminated = readOne(edited('l7', withTls));
  assert.equal(terminated.proxy, 'l7-tls');
  assert.deepEqual(terminated.intent.listener.tls, {
    certificates: [{ cert, key }],
    alpn: ['http/1.1'],
    minVersion: 'TLSv1.3',
  });
  const upstream = (tree: Tree) => {
    clusterOf(tree).transport_socket = {
      name: 'envoy.transport_sockets.tls',
      typed_config: {
        '@type': `${v3}.UpstreamTlsContext`,
        sni: 'localhost',
        common_tls_context: { validation_context: { trusted_ca: { inline_string: ca } } },
      },
    };
  };
  const both = readOne(edited('l7', (tree) => (withTls(tree), upstream(tree))));
  assert.equal(both.proxy, 'l7-tls-reencrypt');
  assert.deepEqual(both.intent.clusters[0]!.tls, { serverName: 'localhost', ca });
  assert.match(problems(edited('l4', withTls)).join(), /transport_socket: TLS is passed through/);
});

test('filter chains by server name make it l4-sni, the most specific first', () => {
  const text = edited('l4', (tree) => {
    const [chain] = listenerOf(tree).filter_chains;
    listenerOf(tree).listener_filters = [{ name: 'envoy.filters.listener.tls_inspector' }];
    const matching = (match: object) => ({ ...structuredClone(chain), filter_chain_match: match });
    listenerOf(tree).filter_chains = [
      matching({ server_names: ['*.example.org'] }),
      matching({ server_names: ['a.example.org'] }),
      chain,
    ];
  });
  const { proxy, intent } = readOne(text);
  assert.equal(proxy, 'l4-sni');
  assert.deepEqual(
    intent.sniRoutes?.map(({ serverNames }) => serverNames),
    [['a.example.org'], ['*.example.org']],
  );
  assert.equal(intent.defaultCluster, 'hello');
});

/** A chain of HTTP for `names`, or for all; `tls` is said of its transport socket. */
function chainFor(names: readonly string[] | undefined, common: object, more: object = {}): Tree {
  const { cert, key } = createCertificate();
  const chain = structuredClone(listenerOf(parse(example('l7'))).filter_chains[0]);
  return {
    ...chain,
    ...(names && { filter_chain_match: { server_names: names } }),
    transport_socket: {
      name: 'envoy.transport_sockets.tls',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
        common_tls_context: {
          tls_certificates: [{ certificate_chain: { inline_string: cert }, private_key: { inline_string: key } }],
          ...common,
        },
        ...more,
      },
    },
  };
}

test('names of one listener that demand something else of clients are refused, whatever it is', () => {
  const authority = { validation_context: { trusted_ca: { inline_string: createCertificate().ca } } };
  const differing: [common: object, more?: object][] = [
    [authority, { require_client_certificate: true }],
    [{ tls_params: { tls_minimum_protocol_version: 'TLSv1_3' } }],
    [{ tls_params: { tls_maximum_protocol_version: 'TLSv1_2' } }],
    [{ alpn_protocols: ['http/1.0'] }],
    [{}, { disable_stateless_session_resumption: true }],
  ];
  for (const [common, more] of differing) {
    const chains = [chainFor(['a.test'], {}), chainFor(['b.test'], common, more)];
    for (const order of [chains, chains.toReversed()]) {
      const said = problems(edited('l7', (tree) => (listenerOf(tree).filter_chains = order)));
      assert.equal(said.length, 1);
      assert.match(
        said[0]!,
        /^static_resources\.listeners\[0\]\.filter_chains\[1\]\.transport_socket: the names of a listener demand the same/,
      );
    }
  }
  const mutual = chainFor(['a.test'], authority, { require_client_certificate: true });
  const { tls } = readOne(edited('l7', (tree) => (listenerOf(tree).filter_chains = [mutual, mutual]))).intent.listener;
  assert.equal(tls?.onlyNamed, true);
  assert.equal(typeof tls.clientCa, 'string');
});

test('a chain without names serves all others', () => {
  const text = edited(
    'l7',
    (tree) => (listenerOf(tree).filter_chains = [chainFor(['a.test'], {}), chainFor(undefined, {})]),
  );
  assert.equal(readOne(text).intent.listener.tls?.onlyNamed, undefined);
});

test('what chains are chosen by and we do not look at is refused', () => {
  const chosen = (match: object) =>
    edited('l7', (tree) => (listenerOf(tree).filter_chains[0].filter_chain_match = match));
  for (const match of [
    { application_protocols: ['h2'] },
    { source_prefix_ranges: [] },
    { transport_protocol: 'raw_buffer' },
    { transport_protocol: 'tls' },
  ])
    assert.match(problems(chosen(match)).join(), /filter_chain_match\./);
});

test('a client that offers only HTTP/2 cannot be promised it', () => {
  const text = (alpn: string[]) =>
    edited('l7', (tree) => (listenerOf(tree).filter_chains = [chainFor(undefined, { alpn_protocols: alpn })]));
  assert.deepEqual(readOne(text(['h2', 'http/1.1'])).intent.listener.tls?.alpn, ['http/1.1']);
  assert.match(problems(text(['h2'])).join(), /alpn_protocols: http\/1\.1 must be among them/);
});

test("every limit and time-out has a name in a listener's metadata, which Envoy passes over", () => {
  const own = {
    timeout: Object.fromEntries(Object.keys(TIMEOUTS).map((key, i) => [flagName(key), `${i + 1}s`])),
    limit: Object.fromEntries(Object.keys(LIMITS).map((key, i) => [flagName(key), String(i + 1)])),
  };
  const text = edited('l7', (tree) => (listenerOf(tree).metadata = { filter_metadata: { hopcost: own } }));
  const { timeouts, limits } = readOne(text).intent;
  assert.deepEqual(timeouts, Object.fromEntries(Object.keys(TIMEOUTS).map((key, i) => [key, (i + 1) * 1000])));
  assert.deepEqual(limits, Object.fromEntries(Object.keys(LIMITS).map((key, i) => [key, i + 1])));
  const mistaken = edited(
    'l7',
    (tree) => (listenerOf(tree).metadata = { filter_metadata: { hopcost: { timeout: { conect: '1s' } } } }),
  );
  assert.match(problems(mistaken).join(), /hopcost\.timeout\.conect: conect is not supported here/);
});

test('time-outs by the names that Envoy has for them', () => {
  const text = edited('l7', (tree) => {
    Object.assign(configOf(tree), { stream_idle_timeout: '0s', request_timeout: '7s', delayed_close_timeout: '0s' });
    Object.assign(configOf(tree).route_config.virtual_hosts[0].routes[0].route, { timeout: '0s', idle_timeout: '9s' });
  });
  const { timeouts, routes = [] } = readOne(text).intent;
  assert.deepEqual(timeouts, { request: 7_000, requestBody: 0, upstreamResponse: 0, tunnelIdle: 0 });
  assert.deepEqual(routes[0]?.action, {
    kind: 'forward',
    clusters: [{ name: 'hello' }],
    timeout: 0,
    idleTimeout: 9_000,
  });
});

test('an origin speaks what its cluster says, or what ALPN agrees on', () => {
  type Options = Record<string, unknown>;
  const protocolOf = (options: Options): string | undefined => {
    const document = parse(example('l7')) as { static_resources: { clusters: Options[] } };
    const name = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
    const [cluster] = document.static_resources.clusters;
    cluster!['typed_extension_protocol_options'] = { [name]: { '@type': `type.googleapis.com/${name}`, ...options } };
    return readOne(stringify(document)).intent.clusters[0]!.protocol;
  };
  assert.equal(protocolOf({ explicit_http_config: { http_protocol_options: {} } }), undefined);
  assert.equal(protocolOf({ explicit_http_config: { http2_protocol_options: {} } }), 'http2');
  const tuned = { http2_protocol_options: { max_concurrent_streams: 100 }, http_protocol_options: {} };
  assert.equal(protocolOf({ auto_config: tuned }), 'auto');
});
