/** Bad input: one clear message on stderr, nothing on stdout, exit code 2. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createCertificate } from '#bench/lab/certificates.ts';
import { Cli, hopcost, temporaryFolder } from './cli.ts';

const CASES: readonly { readonly args: readonly string[]; readonly says: RegExp }[] = [
  { args: ['bench', '--proxies', 'l7-htp'], says: /unknown proxy 'l7-htp'; did you mean 'l7-http'\?/ },
  { args: ['bench', '--scenarios', 'http-smal'], says: /unknown scenario 'http-smal'; did you mean 'http-small'\?/ },
  { args: ['bench', '--preset', 'quik'], says: /unknown preset 'quik'; did you mean 'quick'\?/ },
  { args: ['bench', '--duration', '0s'], says: /--duration 0s: expected a duration from 200 ms to 600 s/ },
  { args: ['bench', '--rounds', 'many'], says: /--rounds many: expected a whole number/ },
  { args: ['bench', '--scenarios', 'http-paced'], says: /takes its rate from http-small.*add http-small/ },
  {
    args: ['bench', '--driver', 'autocannon'],
    says: /autocannon drives keep-alive plain HTTP in a closed loop only; not .*tls-keepalive/,
  },
  { args: ['bench', '--find', 'max-rate'], says: /--find max-rate needs an objective: add --slo 'p99<2ms'/ },
  { args: ['bench', '--slo', 'p99<2ms'], says: /belongs to a search: add --find max-rate/ },
  {
    args: ['bench', '--find', 'max-rat', '--slo', 'p99<2ms'],
    says: /unknown search 'max-rat'; did you mean 'max-rate'/,
  },
  { args: ['bench', '--find', 'max-rate', '--slo', 'p99<2'], says: /--slo 'p99<2': 'p99<2': a time needs its unit/ },
  {
    args: ['bench', '--find', 'max-rate', '--slo', 'p99<2ms', '--scenarios', 'http-small,tls-resumed'],
    says: /open loop over connections that stay; not tls-resumed: name others/,
  },
  { args: ['bench', '--sweep', '--scenarios', 'http-paced'], says: /not http-paced-50, http-paced-80/ },
  { args: ['bench', '--sweep', '10%,2000'], says: /percents and rates are not mixed/ },
  {
    args: ['bench', '--sweep', '--target', 'lb=http://127.0.0.1:1/'],
    says: /drive what runs here to its limit, never a --target/,
  },
  { args: ['bench', '--sweep', '--driver', 'autocannon'], says: /autocannon has no open loop/ },
  { args: ['bench', '--driver', 'wrk'], says: /unknown driver 'wrk'/ },
  { args: ['bench', '--hops', '4'], says: /--hops 4: expected a whole number from 2 to 3/ },
  { args: ['bench', '--hops', '1'], says: /--hops 1: expected a whole number from 2 to 3/ },
  {
    args: ['bench', '--hops', '2', '--proxies', 'l7-tls', '--scenarios', 'tls-keepalive'],
    says: /none of the chosen proxies can stand in a row \(l7-tls: TLS ends at its first hop.*add l4-tcp or l7-http/,
  },
  { args: ['bench', '--rounds', '0'], says: /--rounds 0/ },
  { args: ['bench', '--proxies', 'l7-tls', '--scenarios', 'tcp-echo'], says: /l7-tls can carry none of tcp-echo/ },
  { args: ['bench', '--out', '/proc/none', '--preset', 'smoke'], says: /cannot write results to \/proc\/none.*--out/ },
  { args: ['report', 'no-such-run'], says: /no run 'no-such-run'/ },
  { args: ['proxy'], says: /name a proxy, or give --config/ },
  { args: ['proxy', 'l7-http', '--listen', '127.0.0.1:0'], says: /needs --upstream/ },
  {
    args: ['proxy', 'l7-http', '--listen', 'nowhere', '--upstream', '127.0.0.1:1'],
    says: /--listen nowhere: expected HOST:PORT/,
  },
  {
    args: ['proxy', 'l7-tls', '--listen', '127.0.0.1:0', '--upstream', '127.0.0.1:1'],
    says: /terminates TLS: give --cert FILE and --key FILE/,
  },
  {
    args: ['proxy', 'l7-http', '--listen', '127.0.0.1:0', '--upstream', '127.0.0.1:1', '--timeout', 'conect=1s'],
    says: /unknown timeout 'conect'; did you mean 'connect'/,
  },
  {
    args: ['proxy', 'l7-http', '--listen', '127.0.0.1:0', '--upstream', '127.0.0.1:1', '--allow', '10.0.0.1'],
    says: /--allow and --block are for l7-forward/,
  },
  {
    args: ['proxy', 'l7-forward', '--listen', '127.0.0.1:0', '--allow', 'no good'],
    says: /"no good" is no host/,
  },
  { args: ['proxy', '--config', '/none.yaml'], says: /--config \/none\.yaml: cannot be read/ },
  {
    args: ['backend', 'http-fixd', '--listen', '127.0.0.1:0'],
    says: /unknown backend 'http-fixd'; did you mean 'http-fixed'\?/,
  },
  {
    args: ['bench', '--target', 'lb=http://127.0.0.1:1/', '--max-rate', '10'],
    says: /--target lb: load goes only to what is yours.*--i-own-this-target/,
  },
  {
    args: ['bench', '--target', 'lb=http://127.0.0.1:1/', '--i-own-this-target'],
    says: /--target lb: say how many requests a second may be sent, with --max-rate N/,
  },
  {
    args: ['bench', '--target', 'lb=http://127.0.0.1:1/', '--i-own-this-target', '--max-rate', '0'],
    says: /--max-rate 0: expected a whole number from 1 to 20000/,
  },
  {
    args: ['bench', '--target', 'lb=udp://127.0.0.1:1'],
    says: /--target 'lb=udp:.*udp:\/\/ is not known; expected name=/,
  },
  { args: ['bench', '--target', 'nginx-http=tcp://h:1'], says: /--target nginx-http: this name is taken/ },
  {
    args: ['bench', '--target', 'a=tcp://h:1', '--target', 'a=tcp://h:2'],
    says: /--target a: another subject has this name/,
  },
  {
    args: ['bench', '--target', 'lb=https://h/', '--target-ca', '/no/such.pem'],
    says: /--target-ca \/no\/such\.pem: expected certificates in PEM: .*there is no such file/,
  },
  { args: ['bench', '--max-rate', '10'], says: /--max-rate.* about a --target, and none is given/ },
  {
    args: ['bench', '--target', 'lb=http://h/', '--i-own-this-target', '--max-rate', '9', '--driver', 'autocannon'],
    says: /autocannon drives .* closed loop only; not http-small-capped/,
  },
  { args: ['bencj'], says: /unknown command/ },
  { args: ['bench', '--no-such-flag'], says: /unknown option/ },
];

describe('bad input', { concurrency: 2 }, () => {
  for (const { args, says } of CASES)
    test(`hopcost ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await hopcost(...args);
      assert.match(stderr, says);
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
    });

  test('a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { code, stdout, stderr } = await hopcost('backend', 'http-fixed', '--listen', `127.0.0.1:${port}`);
    server.close();
    assert.match(stderr, /cannot listen on 127\.0\.0\.1:\d+: the port is taken/);
    assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
  });

  test('a key that is not the certificate’s', async () => {
    using folder = temporaryFolder();
    const [one, two] = [createCertificate(), createCertificate()];
    const [cert, key] = [join(folder.path, 'cert.pem'), join(folder.path, 'key.pem')];
    writeFileSync(cert, one.cert);
    writeFileSync(key, two.key);
    const { code, stderr } = await hopcost(
      'proxy',
      'l7-tls',
      '--listen',
      '127.0.0.1:0',
      '--upstream',
      '127.0.0.1:1',
      '--cert',
      cert,
      '--key',
      key,
    );
    assert.match(stderr, /is not the key of --cert/);
    assert.equal(code, 2);
  });

  test('a bench.config.ts with a field that does not exist', async () => {
    using folder = temporaryFolder();
    writeFileSync(join(folder.path, 'bench.config.ts'), 'export default { preset: "smoke", proxy: ["l4-tcp"] };\n');
    await using cli = new Cli(['bench'], { cwd: folder.path });
    const { code, stderr } = await cli.finished;
    assert.match(stderr, /bench\.config\.ts: .*proxy/);
    assert.equal(code, 2);
  });
});

const OWN: readonly [what: string, subject: object, says: RegExp][] = [
  [
    'no port is told',
    { command: ['x', '{upstream}'] },
    /subjects\.0\.command: nothing tells it where to listen: put \{listen\}/,
  ],
  ['no upstream is told', { command: ['x', '{listen}'] }, /subjects\.0\.command: nothing tells it where to forward to/],
  [
    'TLS without files',
    { tls: true },
    /subjects\.0\.command: nothing tells it its certificate: put \{cert\} and \{key\}/,
  ],
  [
    'the references’ family',
    { family: 'hopcost' },
    /subjects\.0\.family: hopcost is what the reference proxies are of; choose another/,
  ],
  ['a name that is taken', { name: 'node-http' }, /subjects\.0\.name: this name is taken/],
  ['a field that does not exist', { port: 1 }, /subjects\.0: Unrecognized key.*port/],
  [
    'TLS that ends at L4',
    { tls: true, layer: 'l4', command: ['x', '{listen}{upstream}{cert}{key}'] },
    /subjects\.0\.tls: an L4 hop passes TLS/,
  ],
  ['HTTP/2 that ends at L4', { http2: true, layer: 'l4' }, /subjects\.0\.http2: an L4 hop passes HTTP\/2 through/],
  [
    'a program that does not exist',
    {},
    /mine cannot run here: there is no program 'no-such-program' in PATH; what to do: correct the command of 'mine'/,
  ],
  ['a time that cannot be read', { startTimeout: 'soon' }, /subject mine: startTimeout soon: expected a duration/],
];

describe('a proxy of the user’s own that cannot be one', { concurrency: 2 }, () => {
  for (const [what, subject, says] of OWN)
    test(what, async () => {
      using folder = temporaryFolder();
      const mine = { name: 'mine', layer: 'l7', command: ['no-such-program', '{listen}', '{upstream}'], ...subject };
      writeFileSync(join(folder.path, 'bench.config.ts'), `export default { subjects: [${JSON.stringify(mine)}] };\n`);
      await using cli = new Cli(['bench', '--preset', 'smoke'], { cwd: folder.path });
      const { code, stdout, stderr } = await cli.finished;
      assert.match(stderr, says);
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
    });
});

test('a budget with a typo is named with its place and the nearest name', async () => {
  using folder = temporaryFolder();
  const config = `export default { gate: { budgets: ['l7-http.addedP99 < 4 ms', 'l7-http.cpuPerReqest < 3 µs'] } };\n`;
  writeFileSync(join(folder.path, 'bench.config.ts'), config);
  await using cli = new Cli(['bench'], { cwd: folder.path });
  const { code, stderr } = await cli.finished;
  assert.match(stderr, /gate\.budgets\.1: '.*' at 9: expected a metric.*; did you mean 'cpuPerRequest'\?/);
  assert.equal(code, 2);
});

test('a budget may name what the configuration itself defines', async () => {
  using folder = temporaryFolder();
  const config = {
    subjects: [{ name: 'mine', layer: 'l7', command: ['mine', '{listen}', '{upstream}'] }],
    targets: ['theirs=http://127.0.0.1:9/'],
    gate: {
      budgets: ['mine.cpuPerRequest <= 90 µs', 'theirs.addedP99@http-small-capped <= 4 ms', 'yours.throughput >= 1 /s'],
    },
  };
  writeFileSync(join(folder.path, 'bench.config.ts'), `export default ${JSON.stringify(config)};\n`);
  await using cli = new Cli(['bench'], { cwd: folder.path });
  const { code, stderr } = await cli.finished;
  assert.match(stderr, /gate\.budgets\.2: .* at 1: expected a subject, got 'yours'/);
  assert.equal(code, 2);
});

test('help and version are no errors', async () => {
  for (const flag of ['--help', '--version']) {
    const { code, stdout } = await hopcost(flag);
    assert.equal(code, 0);
    assert.match(stdout, flag === '--help' ? /Exit codes:.*98 .*inconclusive/s : /^\d+\.\d+\.\d+(-rc\.\d+)?$/m);
  }
});

test('list names every kind of thing', async () => {
  const { code, stdout } = await hopcost('list', '--json');
  const list = JSON.parse(stdout) as Record<string, { name: string }[]>;
  assert.equal(code, 0);
  for (const [kind, name] of [
    ['subjects', 'l7-tls'],
    ['scenarios', 'http-small'],
    ['presets', 'quick'],
    ['backends', 'http-fixed'],
  ] as const)
    assert.ok(
      list[kind]?.some((entry) => entry.name === name),
      `${kind}: ${name}`,
    );
});
