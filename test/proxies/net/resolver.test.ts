/** Names by the hosts file and by DNS, asked of a server on loopback that answers what it is told to, and is silent about the rest. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createResolver, lookupName, lookupOne, parseConf, parseHosts } from '#proxies/net/resolver.ts';
import type { ConnectHandler, Wire } from '#proxies/net/wire.ts';
import { connectWire } from '#proxies/net/connect.ts';
import { NameServer } from '../name-server.ts';
import { serve } from '../sockets.ts';

async function files(hosts: string, conf = '') {
  const folder = await mkdtemp(join(tmpdir(), 'hopcost-resolver-'));
  const hostsFile = join(folder, 'hosts');
  const resolvConf = join(folder, 'resolv.conf');
  await writeFile(hostsFile, hosts);
  await writeFile(resolvConf, conf);
  return { hostsFile, resolvConf, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

describe('resolver', () => {
  it('slow names stop neither another name nor a file', async () => {
    const slow = Array.from({ length: 16 }, (_, i) => `slow${i}.test`);
    const silent = Object.fromEntries(slow.map((name) => [name, { A: 'silent', AAAA: 'silent' }] as const));
    await using server = await new NameServer({ ...silent, 'fast.test': { A: ['192.0.2.1'] } }).start();
    await using system = await files('');
    const resolve = createResolver({ ...system, servers: server.servers });
    let settled = 0;
    for (const name of slow)
      void resolve(name).then(
        () => settled++,
        () => settled++,
      );
    assert.deepEqual(await resolve('fast.test'), ['192.0.2.1']);
    await readFile(system.hostsFile);
    assert.equal(settled, 0, 'the slow ones are still asked for');
  });

  it('asks for a name once, however many wait for it', async () => {
    await using server = await new NameServer({ 'a.test': { A: ['192.0.2.1'], AAAA: ['2001::1'] } }).start();
    await using system = await files('');
    const resolve = createResolver({ ...system, servers: server.servers });
    const answers = await Promise.all(['a.test', 'A.test', 'a.test', 'a.test'].map((name) => resolve(name)));
    for (const found of answers) assert.deepEqual(found, ['192.0.2.1', '2001::1']);
    assert.deepEqual(server.asked.toSorted(), ['A a.test', 'AAAA a.test']);
    await resolve('a.test');
    assert.equal(server.asked.length, 4, 'a later one is asked for again');
  });

  it('knows addresses, localhost and what the hosts file says without asking', async () => {
    await using server = await new NameServer({}).start();
    await using system = await files('192.0.2.7 Box box.lan # mine\n2001:db8::7\tbox\n#192.0.2.9 gone\nnonsense\n');
    const resolve = createResolver({ ...system, servers: server.servers });
    assert.deepEqual(await resolve('192.0.2.1'), ['192.0.2.1']);
    assert.deepEqual(await resolve('::1'), ['::1']);
    assert.deepEqual(await resolve('BOX'), ['192.0.2.7', '2001:db8::7']);
    assert.deepEqual(await resolve('box.lan.'), ['192.0.2.7']);
    assert.deepEqual(await resolve('localhost'), ['127.0.0.1', '::1']);
    assert.deepEqual(await resolve('a.localhost'), ['127.0.0.1', '::1']);
    assert.deepEqual(server.asked, []);
  });

  it('looks for short names in the domains of resolv.conf', async () => {
    const zone = { 'svc.two.test': { A: ['192.0.2.2'] }, 'a.b': { A: ['192.0.2.3'] }, single: { A: ['192.0.2.4'] } };
    await using server = await new NameServer(zone).start();
    await using system = await files('', 'search one.test two.test.\noptions ndots:1 timeout:1\n');
    const resolve = createResolver({ ...system, servers: server.servers });
    assert.deepEqual(await resolve('svc'), ['192.0.2.2']);
    assert.deepEqual(await resolve('a.b'), ['192.0.2.3']);
    assert.deepEqual(await resolve('single'), ['192.0.2.4']);
    assert.deepEqual(await resolve('single.'), ['192.0.2.4']);
    const names = server.asked.filter((asked) => asked.startsWith('A ')).map((asked) => asked.slice(2));
    const single = ['single.one.test', 'single.two.test', 'single'];
    assert.deepEqual(names, ['svc.one.test', 'svc.two.test', 'a.b', ...single, 'single']);
  });

  it('tells what it does not find', async () => {
    await using server = await new NameServer({ 'empty.test': {} }).start();
    await using system = await files('');
    const resolve = createResolver({ ...system, servers: server.servers });
    for (const name of ['none.test', 'empty.test'])
      await assert.rejects(resolve(name), { code: 'ENOTFOUND', message: `resolve ENOTFOUND ${name}` });
  });

  it('a silent half of an answer costs little', async () => {
    await using server = await new NameServer({
      'half.test': { A: ['192.0.2.1'], AAAA: 'silent' },
      'six.test': { AAAA: ['2001::6'] },
    }).start();
    await using system = await files('');
    const resolve = createResolver({ ...system, servers: server.servers });
    const before = performance.now();
    assert.deepEqual(await resolve('half.test'), ['192.0.2.1']);
    assert.ok(performance.now() - before < 1_000);
    assert.deepEqual(await resolve('six.test'), ['2001::6']);
  });

  it('is what a connection asks, one address after the other', async () => {
    await using origin = await serve();
    await using server = await new NameServer({ 'origin.test': { A: ['127.0.0.9', '127.0.0.1'] } }).start();
    await using system = await files('');
    const { promise, resolve: open, reject } = Promise.withResolvers<Wire>();
    const handler: ConnectHandler = {
      onConnect: open,
      onConnectError: reject,
      onData() {},
      onEnd() {},
      onDrain() {},
      onClose() {},
    };
    const endpoint = { host: 'origin.test', port: origin.address.port };
    connectWire(endpoint, handler, { timeout: 5_000, resolve: createResolver({ ...system, servers: server.servers }) });
    const wire = await promise;
    assert.equal(wire.remotePort, origin.address.port);
    wire.destroy();
  });

  it('answers sockets of the runtime in their way', async () => {
    const ask = (options: object) =>
      new Promise((resolve) => lookupName('127.0.0.1', options, (error, ...found) => resolve(error?.code ?? found)));
    assert.deepEqual(await ask({}), ['127.0.0.1', 4]);
    assert.deepEqual(await ask({ all: true }), [[{ address: '127.0.0.1', family: 4 }]]);
    assert.deepEqual(await ask({ family: 6 }), 'ENOTFOUND');
    const one = new Promise((resolve) => lookupOne('127.0.0.1', { family: 4 }, (_error, ...found) => resolve(found)));
    assert.deepEqual(await one, ['127.0.0.1', 4]);
  });

  it('reads whatever the two files hold', () => {
    const word = fc.constantFrom(
      '192.0.2.1',
      '::1',
      'a',
      'B.c',
      '#',
      ';',
      'search',
      'domain',
      'options',
      'ndots:99',
      'ndots:x',
      '\t',
      '',
    );
    const text = fc.array(
      fc.array(word, { maxLength: 5 }).map((words) => words.join(' ')),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          text.map((lines) => lines.join('\n')),
          fc.string({ unit: 'binary', maxLength: 200 }),
        ),
        (file) => {
          for (const [name, addresses] of parseHosts(file))
            assert.ok(name === name.toLowerCase() && addresses.length > 0);
          const { search, ndots } = parseConf(file);
          assert.ok(ndots >= 0 && ndots <= 15 && search.every((domain) => domain !== ''));
        },
      ),
      { seed: 20_261_127, numRuns: 5_000 },
    );
  });
});
