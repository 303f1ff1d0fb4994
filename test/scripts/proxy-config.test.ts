/** `hopcost proxy --config` with several listeners; what is said at the start; flags over the file; `l7-forward` by flags. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Cli, temporaryFolder } from './cli.ts';

interface Ready {
  readonly address: string;
  readonly addresses?: readonly string[];
  readonly admin?: string;
}

const ready = async (cli: Cli): Promise<Ready> => JSON.parse(await cli.line('stdout', '{')) as Ready;

/** Answers with `text`, at once or, below /never, not at all. */
async function origin(text: string) {
  const server = http.createServer((request, response) => {
    if (!request.url?.startsWith('/never')) response.end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close().closeAllConnections();
    },
  };
}

const manager = (cluster: string) => `
  - name: ${cluster}
    address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: ${cluster}
          route_config: { virtual_hosts: [{ name: all, domains: ["*"], routes: [{ match: { prefix: / }, route: { cluster: ${cluster} } }] }] }
          http_filters: [{ name: envoy.filters.http.router }]`;
const relay = (cluster: string) => `
  - name: ${cluster}
    address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
    filter_chains:
    - filters:
      - name: envoy.filters.network.tcp_proxy
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
          stat_prefix: ${cluster}
          cluster: ${cluster}`;
const cluster = (name: string, port: number) => `
  - name: ${name}
    load_assignment: { cluster_name: ${name}, endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: ${port} } } } }] }] }`;
const config = (listeners: readonly string[], clusters: readonly string[], more = '') =>
  `${more}static_resources:\n  listeners:${listeners.join('')}\n  clusters:${clusters.join('')}\n`;

/** By a connection of its own: what stands goes on under the old configuration. */
const text = async (address: string, path = '/') =>
  (await fetch(`http://${address}${path}`, { headers: { connection: 'close' } })).text();

test('every listener of a file serves, the admin listener tells of all, and a reload changes all or none', async () => {
  await using one = await origin('one');
  await using two = await origin('two');
  using folder = temporaryFolder();
  const file = join(folder.path, 'envoy.yaml');
  const admin = 'admin: { address: { socket_address: { address: 127.0.0.1, port_value: 0 } } }\n';
  const written = (ports: readonly number[], listeners = [manager('a'), relay('b')]) =>
    config(listeners, [cluster('a', ports[0]!), cluster('b', ports[1]!)], admin);
  writeFileSync(file, written([one.port, two.port]));
  await using hop = new Cli(['proxy', '--config', file]);
  const { address, addresses = [], admin: told } = await ready(hop);
  assert.equal(address, addresses[0]);
  const served = async () => Promise.all(addresses.map((at) => text(at)));
  assert.deepEqual(await served(), ['one', 'two']);
  const note = await hop.line('stderr', 'hopcost: ');
  assert.match(
    note,
    /line \d+: .*stat_prefix: does nothing here: statistics are named by listener and cluster \(also line \d+\)$/,
  );
  const stats = (await (await fetch(`http://${told}/stats`)).json()) as { clusters: { name: string }[] };
  assert.deepEqual(stats.clusters.map(({ name }) => name).toSorted(), ['a', 'b']);
  assert.match(await (await fetch(`http://${told}/metrics`)).text(), /hopcost_connections_total\{/);

  // The second listener cannot become another proxy: the first stays as it was, too.
  writeFileSync(file, written([two.port, one.port], [manager('a'), manager('b')]));
  hop.process.kill('SIGHUP');
  assert.match(await hop.line('stderr', 'hopcost: not reloaded'), /l7-http, l4-tcp runs, this is l7-http, l7-http/);
  assert.deepEqual(await served(), ['one', 'two']);
  writeFileSync(file, written([two.port, one.port]));
  hop.process.kill('SIGHUP');
  await hop.line('stdout', '{"reloaded"');
  assert.deepEqual(await served(), ['two', 'one']);
  hop.process.kill('SIGTERM');
  assert.equal((await hop.finished).code, 0);
});

test('what a later listener refuses on a reload is not kept by an earlier one', async () => {
  await using one = await origin('one');
  await using two = await origin('two');
  using folder = temporaryFolder();
  const file = join(folder.path, 'envoy.yaml');
  const settings = (listener: string, connections: number) =>
    listener.replace(
      '\n    filter_chains',
      `\n    metadata: { filter_metadata: { hopcost: { limit: { connections: ${connections} } } } }\n    filter_chains`,
    );
  const written = (port: number, connections: number) =>
    config([manager('a'), settings(relay('b'), connections)], [cluster('a', port), cluster('b', one.port)]);
  writeFileSync(file, written(one.port, 100));
  await using hop = new Cli(['proxy', '--config', file]);
  const { address } = await ready(hop);
  writeFileSync(file, written(two.port, 99));
  hop.process.kill('SIGHUP');
  assert.match(
    await hop.line('stderr', 'hopcost: not reloaded'),
    /limits\.connections: cannot change while the proxy runs/,
  );
  assert.equal(await text(address), 'one');
});

test('a time-out by flag holds, over the one of the file', async () => {
  await using slow = await origin('x');
  using folder = temporaryFolder();
  const file = join(folder.path, 'envoy.yaml');
  writeFileSync(file, config([manager('a')], [cluster('a', slow.port)]));
  for (const args of [
    ['--config', file],
    ['l7-http', '--listen', '127.0.0.1:0', '--upstream', `127.0.0.1:${slow.port}`],
  ]) {
    await using hop = new Cli(['proxy', ...args, '--timeout', 'upstream-response=100ms', '--limit', 'target-bytes=20']);
    const { address } = await ready(hop);
    assert.equal((await fetch(`http://${address}/never`)).status, 504);
    assert.equal((await fetch(`http://${address}/${'x'.repeat(30)}`)).status, 414);
  }
});

test('an access log to stdout stands among our own lines', async () => {
  await using one = await origin('one');
  await using hop = new Cli([
    'proxy',
    'l7-http',
    '--listen',
    '127.0.0.1:0',
    '--upstream',
    `127.0.0.1:${one.port}`,
    '--access-log',
    '/dev/stdout',
  ]);
  const { address } = await ready(hop);
  await text(address, '/logged');
  assert.match(await hop.line('stdout', '{"time"'), /"target":"\/logged"/);
});

test('l7-forward goes nowhere near unless told to', async () => {
  await using one = await origin('one');
  const through = async (...flags: string[]): Promise<number | undefined> => {
    await using hop = new Cli(['proxy', 'l7-forward', '--listen', '127.0.0.1:0', ...flags]);
    const { address } = await ready(hop);
    const [host, port] = address.split(':');
    const request = http.get({ host, port, path: `http://127.0.0.1:${one.port}/`, agent: false });
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    response.resume();
    return response.statusCode;
  };
  assert.notEqual(await through(), 200);
  assert.notEqual(await through('--allow', '127.0.0.1:1'), 200);
  assert.equal(await through('--allow', '10.0.0.0/8', '--allow', `127.0.0.1:${one.port}`), 200);
  assert.notEqual(await through('--allow', '127.0.0.0/8', '--block', '127.0.0.1'), 200);
});
