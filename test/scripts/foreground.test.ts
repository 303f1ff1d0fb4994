/** `hopcost proxy` and `hopcost backend` in the foreground: the ready line, traffic, drain on SIGTERM. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { Cli, temporaryFolder } from './cli.ts';

interface Ready {
  readonly ready: boolean;
  readonly address: string;
  readonly pid: number;
}

const ready = async (cli: Cli): Promise<Ready> => JSON.parse(await cli.line('stdout', '{')) as Ready;

for (const proxy of ['l4-tcp', 'l7-http', 'node-http'])
  test(`${proxy} forwards to a backend, and both end with 0 on SIGTERM`, async () => {
    await using origin = new Cli(['backend', 'http-fixed', '--listen', '127.0.0.1:0']);
    const { address: upstream, pid, ready: isReady } = await ready(origin);
    assert.deepEqual({ pid, isReady }, { pid: origin.process.pid, isReady: true });
    await using hop = new Cli(['proxy', proxy, '--listen', '127.0.0.1:0', '--upstream', upstream]);
    const { address } = await ready(hop);
    const response = await fetch(`http://${address}/bytes/1000`, { headers: { connection: 'close' } });
    assert.equal((await response.arrayBuffer()).byteLength, 1_000);
    for (const cli of [hop, origin]) {
      cli.process.kill('SIGTERM');
      const { code, stderr } = await cli.finished;
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    }
  });

test('SIGHUP reads the configuration again; one that is wrong is refused by line and reason, the old one stays', async () => {
  await using one = new Cli(['backend', 'http-fixed', '--listen', '127.0.0.1:0']);
  await using two = new Cli(['backend', 'http-echo', '--listen', '127.0.0.1:0']);
  const ports = [await ready(one), await ready(two)].map(({ address }) => address.split(':')[1]!);
  const example = readFileSync(new URL('../../examples/envoy-l7.yaml', import.meta.url), 'utf8');
  const configured = (port: string) =>
    example.replace(/port_value: \d+/g, (_, at: number) =>
      at < example.indexOf('clusters:\n') ? 'port_value: 0' : `port_value: ${port}`,
    );
  using folder = temporaryFolder();
  const file = join(folder.path, 'envoy.yaml');
  writeFileSync(file, configured(ports[0]!));
  await using hop = new Cli(['proxy', '--config', file]);
  const { address } = await ready(hop);
  const answer = async () => (await fetch(`http://${address}/x`)).text();
  assert.equal(await answer(), 'hopcost\n');

  const bad = configured(ports[1]!).replace('connect_timeout:', 'conect_timeout:');
  const line = bad.split('\n').findIndex((text) => text.includes('conect_timeout')) + 1;
  assert.ok(line > 0);
  writeFileSync(file, bad);
  hop.process.kill('SIGHUP');
  const refusal = await hop.line('stderr', 'hopcost: not reloaded');
  assert.match(
    refusal,
    new RegExp(`the old configuration stays: line ${line}: static_resources\\.clusters\\[0\\]\\.conect_timeout: `),
  );
  assert.equal(await answer(), 'hopcost\n');

  writeFileSync(file, configured(ports[1]!));
  hop.process.kill('SIGHUP');
  await hop.line('stdout', '{"reloaded"');
  assert.equal(await answer(), 'GET /x\n');
  hop.process.kill('SIGTERM');
  assert.equal((await hop.finished).code, 0);
});

test('workers that keep dying end the process with 1, and it says why', async () => {
  const trap = import.meta.resolve('../proxies/workers/trap.ts');
  const env = { NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import=${trap}`, VICTIM: 'ever' };
  const args = ['proxy', 'l4-tcp', '--listen', '127.0.0.1:0', '--upstream', '127.0.0.1:9', '--workers', '2'];
  await using hop = new Cli(args, { env });
  await ready(hop);
  hop.process.kill('SIGUSR2');
  const { code, stderr } = await hop.finished;
  assert.equal(code, 1, stderr);
  assert.match(stderr, /hopcost: event_loop_died: loop \d: Error: planted death\n/);
  assert.match(stderr, /hopcost: l4-tcp: event loop \d died 6 times in a row: planted death\n$/);
});

test('a watched configuration is read again when it changes, and a control socket takes another', async () => {
  await using one = new Cli(['backend', 'http-fixed', '--listen', '127.0.0.1:0']);
  await using two = new Cli(['backend', 'http-echo', '--listen', '127.0.0.1:0']);
  const [fixed, echo] = [await ready(one), await ready(two)].map(({ address }) => address.split(':')[1]!);
  const example = readFileSync(new URL('../../examples/envoy-l7.yaml', import.meta.url), 'utf8');
  const configured = (port: string) =>
    example.replace(/port_value: \d+/g, (_, at: number) =>
      at < example.indexOf('clusters:\n') ? 'port_value: 0' : `port_value: ${port}`,
    );
  using folder = temporaryFolder();
  const file = join(folder.path, 'envoy.yaml');
  const control = join(folder.path, 'control');
  writeFileSync(file, configured(fixed!));
  await using hop = new Cli(['proxy', '--config', file, '--watch', '--control', control]);
  const { address } = await ready(hop);
  const answer = async () => (await fetch(`http://${address}/x`)).text();
  assert.equal(await answer(), 'hopcost\n');

  writeFileSync(join(folder.path, 'next'), configured(echo!));
  renameSync(join(folder.path, 'next'), file);
  await hop.line('stdout', '{"reloaded"');
  assert.equal(await answer(), 'GET /x\n');

  const asked = request({ socketPath: control, method: 'PUT', path: '/config', agent: false });
  asked.end(configured(fixed!));
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  assert.equal(response.statusCode, 200);
  response.resume();
  assert.equal(await answer(), 'hopcost\n');

  writeFileSync(file, 'nonsense: [');
  assert.match(await hop.line('stderr', 'hopcost: not reloaded'), /the old configuration stays/);
  assert.equal(await answer(), 'hopcost\n');
  hop.process.kill('SIGTERM');
  assert.equal((await hop.finished).code, 0);
});
