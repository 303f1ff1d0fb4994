/** A user's own proxy as a subject: started, watched and ended like any other, and told about in one message where it fails. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createCertificate } from '#bench/lab/certificates.ts';
import { definition as fixed } from '#backends/http-fixed.ts';
import { askHttp2 } from '#bench/lab/http2-client.ts';
import type { Endpoint, ProxyIntent } from '#proxies/config/intent.ts';
import { alive, Client, exchange, folders, httpOrigin, isRefused, tcpEcho, until } from './origin.ts';
import { own } from './own.ts';

const skip = process.platform !== 'linux' && 'processes are read from /proc';
const soon = () => AbortSignal.timeout(30_000);
const { ca, cert, key } = createCertificate();
const nowhere: Endpoint = { host: '127.0.0.1', port: 1 };

const commandLine = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // it ended meanwhile
  }
};

const intentTo = (endpoint: Endpoint, more: Partial<ProxyIntent> = {}): ProxyIntent => ({
  listener: { address: { host: '127.0.0.1', port: 0 } },
  clusters: [{ name: 'origin', endpoints: [endpoint] }],
  defaultCluster: 'origin',
  ...more,
});

test('is given its port and its upstream, and says what it ran with', { skip }, async () => {
  await using origin = await tcpEcho();
  const proxy = await own('relays').start(intentTo(origin.address), soon());
  assert.equal(await exchange(proxy.address, 'hello'), 'hello');
  assert.equal(proxy.pids.length, 1);
  assert.match(
    proxy.nativeConfig,
    new RegExp(
      `^\\$ node .*own-proxy.ts relays --listen 127.0.0.1:${proxy.address.port} --upstream 127.0.0.1:${origin.address.port}\n# in /`,
    ),
  );
  await proxy[Symbol.asyncDispose]();
  assert.deepEqual(alive(proxy.pids), []);
  assert.deepEqual(folders(), []);
  assert.equal(await isRefused(proxy.address), true);
});

test('its environment is filled in as well, and no value of it is shown', { skip }, async () => {
  await using origin = await tcpEcho();
  const definition = own('', {
    command: [process.execPath, join(import.meta.dirname, 'own-proxy.ts'), 'relays'],
    env: { OWN_LISTEN: '{listenHost}:{listenPort}', OWN_UPSTREAM: '{upstreamHost}:{upstreamPort}', TOKEN: 'secret' },
  });
  await using proxy = await definition.start(intentTo(origin.address), soon());
  assert.equal(await exchange(proxy.address, 'hello'), 'hello');
  assert.match(proxy.nativeConfig, /# with OWN_LISTEN, OWN_UPSTREAM, TOKEN in its environment/);
  assert.doesNotMatch(proxy.nativeConfig, /secret/);
});

test('ends TLS with the files that it is given, and is ready when it answers', { skip }, async () => {
  await using origin = await httpOrigin();
  const definition = own('ends-tls', { layer: 'l7', tls: true, ready: { path: '/healthz' } });
  const listener = { address: { host: '127.0.0.1', port: 0 }, tls: { certificates: [{ cert, key }] } };
  await using proxy = await definition.start(intentTo(origin.address, { listener }), soon());
  using client = new Client(proxy.address, 1, ca);
  assert.equal((await client.ask('/a')).seen?.url, '/a');
  assert.match(proxy.nativeConfig, /--cert <private folder>\/cert\.pem --key <private folder>\/key\.pem/);
  assert.doesNotMatch(proxy.nativeConfig, /PRIVATE KEY/);
});

test('is told which version of HTTP the origin speaks, and refuses one that it is not told of', { skip }, async () => {
  const listener = { address: { host: '127.0.0.1', port: 0 }, http2: true };
  await using origin = await fixed.start(listener.address, { http2: true }, soon());
  const definition = own('', {
    layer: 'l7',
    http2: true,
    command: [
      process.execPath,
      join(import.meta.dirname, 'own-proxy.ts'),
      'relays',
      '--listen',
      '{listen}',
      '--upstream',
      '{upstream}',
      '--version',
      '{upstreamVersion}',
    ],
  });
  for (const [protocol, version] of [
    ['http1', '1.1'],
    ['http2', '2'],
  ] as const) {
    const clusters = [{ name: 'origin', endpoints: [origin.address], protocol }];
    await using proxy = await definition.start(intentTo(origin.address, { listener, clusters }), soon());
    assert.match(proxy.nativeConfig, new RegExp(`--version ${version}\n`));
    const { status, body } = await askHttp2(proxy.address, { path: '/bytes/7' }, soon());
    assert.deepEqual([status, body.length], [200, 7]);
    const untold = own('relays', { layer: 'l7', http2: true });
    if (protocol === 'http2')
      await assert.rejects(untold.start(intentTo(nowhere, { listener, clusters }), soon()), { name: 'IntentError' });
  }
});

test('all of its processes are its own, those that left its group too, and none is left', { skip }, async () => {
  await using origin = await tcpEcho();
  const proxy = await own('has-children').start(intentTo(origin.address), soon());
  try {
    await until('its children run', () => alive(proxy.pids).length === 3);
    assert.equal(proxy.pids.length, 3);
  } finally {
    await proxy[Symbol.asyncDispose]();
  }
  assert.deepEqual(alive(proxy.pids), []);
});

test('one whose parent has ended, in a session of its own, is its own too and ends with it', { skip }, async () => {
  await using origin = await tcpEcho();
  const proxy = await own('has-an-orphan').start(intentTo(origin.address), soon());
  const orphan = Number(proxy.output!().trim());
  try {
    assert.deepEqual(alive([orphan]), [orphan]);
    assert.ok(proxy.pids.includes(orphan), `${proxy.pids.join(' ')} without ${orphan}`);
  } finally {
    await proxy[Symbol.asyncDispose]();
  }
  assert.deepEqual(alive([orphan]), []);
});

test('one that goes to the background is told so, and nothing of it is left', { skip }, async () => {
  const word = `background-${process.pid}`;
  const { words } = own('').own!;
  const command: [string, ...string[]] = [words[0]!, words[1]!, 'goes-to-the-background', word, ...words.slice(3)];
  const running = (): string[] =>
    readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandLine(pid).includes(word));
  await assert.rejects(own('', { command }).start(intentTo(nowhere), soon()), {
    name: 'PeerError',
    code: 'BACKGROUND',
    message:
      /^mine: it went to the background: the process that was started has ended and 1 that came of it goes on \(ended now\); run it in the foreground, as NGINX with `daemon off;`/,
  });
  assert.deepEqual(running(), []);
});

test('runs on the cores and in the folder that it is placed on', { skip }, async () => {
  await using origin = await tcpEcho();
  const placed = own('relays').placed!({ cores: [0], cwd: '/' });
  await using proxy = await placed.start(intentTo(origin.address), soon());
  const status = readFileSync(`/proc/${proxy.pids[0]}/status`, 'utf8');
  assert.match(status, /^Cpus_allowed_list:\t0$/m);
  assert.match(proxy.nativeConfig, /^# in \/$/m);
});

describe('what does not start', { concurrency: 4, skip }, () => {
  for (const [what, definition, expected] of [
    [
      'a program that does not exist',
      own('', { command: ['no-such-proxy', '{listen}', '{upstream}'] }),
      /^mine: there is no program 'no-such-proxy' in PATH; correct the command of 'mine' in bench\.config\.ts$/,
    ],
    ['a file that is no program', own('', { command: ['./own.ts'] }), /^mine: there is no program .*\/peers\/own\.ts;/],
    ['a folder that is not there', own('relays', { cwd: '/no/such' }), /^mine: its folder \/no\/such does not exist;/],
    [
      'one that exits at once',
      own('exits-at-once'),
      /^mine: the command '.*own-proxy\.ts exits-at-once .*' in .* exited at once \(code 4\).*\nown: cannot read own\.toml\nWhat to do: /s,
    ],
    [
      'one that never listens',
      own('never-listens', { startTimeout: 1_000 }),
      /^mine: .* was not ready on 127\.0\.0\.1:\d+ within 1000 ms: it does not listen there\..*\(it said nothing\)/s,
    ],
    [
      'one that listens elsewhere',
      own('listens-elsewhere', { startTimeout: 10_000 }),
      /^mine: .* within 10000 ms: it does not listen there, but on port \d+\./s,
    ],
    [
      'one that is never healthy',
      own('never-healthy', { layer: 'l7', ready: { path: '/healthz' }, startTimeout: 10_000 }),
      /^mine: .* within 10000 ms: GET \/healthz: expected a status of 2xx, got 503\./s,
    ],
  ] as const)
    test(`${what} is told in one message`, async () => {
      await assert.rejects(definition.start(intentTo(nowhere), soon()), (error: Error) => {
        assert.match(error.message, expected);
        return true;
      });
    });
});

test('what did not start has left no folder', () => assert.deepEqual(folders(), []));

test('refuses what a command cannot be told', async () => {
  const asks: Partial<ProxyIntent>[] = [
    { concurrency: 2 },
    { routes: [{ match: {}, action: { kind: 'reply', status: 200 } }] },
    { clusters: [{ name: 'origin', endpoints: [nowhere, nowhere] }] },
    { listener: { address: nowhere, tls: { certificates: [{ cert, key }] } } },
    { listener: { address: nowhere, http2: true } },
  ];
  for (const ask of asks)
    await assert.rejects(own('relays').start(intentTo(nowhere, ask), soon()), { name: 'IntentError' });
  const ends = own('ends-tls', { layer: 'l7', tls: true });
  await assert.rejects(ends.start(intentTo(nowhere), soon()), { name: 'IntentError' });
});

for (const [behaviour, processes, who] of [
  ['has-children', 4, 'the shell, the proxy, and its children in and out of the group'],
  ['has-an-orphan', 3, 'the shell, the proxy, and the orphan'],
] as const)
  test(`nothing of one that ${behaviour} outlives a killed harness, whatever wraps the command`, { skip }, async () => {
    const host = spawn(process.execPath, [join(import.meta.dirname, 'own-host.ts'), behaviour], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(host.stdout, 'data', { signal: soon() })) as [Buffer];
    const pids = JSON.parse(line.toString()) as number[];
    assert.equal(pids.length, processes, who);
    const exited = once(host, 'exit');
    host.kill('SIGKILL');
    await exited;
    await until('all of them ended', () => alive(pids).length === 0);
  });
