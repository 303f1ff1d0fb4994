/** Endpoints by DNS, asked of a name server on loopback, and by a file that is written, replaced and broken. */
import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { discover } from '#proxies/cluster/discovery.ts';
import { askNames, createNameClient, type NameClient } from '#proxies/cluster/dns-names.ts';
import { SYSTEM_CLOCK } from '#proxies/cluster/time-and-chance.ts';
import type { Discovery } from '#proxies/config/intent.ts';
import { NameServer } from '../name-server.ts';
import { mulberry32 } from '#proxies/platform/random.ts';
import { ManualClock } from './manual-clock.ts';

/** What an owner is told, one after the other. */
class Told {
  readonly #said: string[] = [];
  #waiting: (() => void) | undefined;

  onEndpoints(endpoints: readonly { readonly host: string; readonly port: number; readonly weight?: number }[]): void {
    const text = endpoints.map(({ host, port, weight = 1 }) => `${host}:${port}${weight > 1 ? `*${weight}` : ''}`);
    this.#say(text.toSorted().join(' '));
  }

  onDiscoveryFailure(why: string): void {
    this.#say(`failed: ${why}`);
  }

  #say(text: string): void {
    this.#said.push(text);
    this.#waiting?.();
  }

  async next(): Promise<string> {
    while (this.#said.length === 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting = resolve;
      await promise;
    }
    return this.#said.shift()!;
  }
}

const tools = { clock: SYSTEM_CLOCK, random: Math.random, nameClient: createNameClient };

describe('discovery by DNS', () => {
  it('addresses: IPv4 where there are any, else IPv6; how long they hold is told', async () => {
    await using server = await new NameServer({
      'both.test': { A: ['192.0.2.1', '192.0.2.2', '192.0.2.1'], AAAA: ['2001:db8::1'] },
      'six.test': { AAAA: ['2001:db8::1'] },
    }).start();
    server.ttl = 7;
    const ask = (name: string) => {
      const asked = { kind: 'dns', name, port: 80, servers: server.servers } as const;
      return askNames(asked, createNameClient(asked));
    };
    const both = await ask('both.test');
    assert.deepEqual(both.endpoints.map(({ host }) => host).toSorted(), ['192.0.2.1', '192.0.2.2']);
    assert.equal(both.ttl, 7_000);
    assert.deepEqual((await ask('six.test')).endpoints, [{ host: '2001:db8::1', port: 80 }]);
    await assert.rejects(ask('none.test'));
  });

  it('services: targets of the first priority, by weight and port', async () => {
    await using server = await new NameServer({
      '_http._tcp.test': {
        SRV: ['10 3 8001 a.test', '10 0 8002 b.test', '10 1 8003 gone.test', '20 9 8004 a.test'],
      },
      '_none._tcp.test': { SRV: ['0 0 0 .'] },
      'a.test': { A: ['192.0.2.1', '192.0.2.2'] },
      'b.test': { A: ['192.0.2.3'] },
    }).start();
    const ask = (name: string) => {
      const asked = { kind: 'srv', name, servers: server.servers } as const;
      return askNames(asked, createNameClient(asked));
    };
    const { endpoints } = await ask('_http._tcp.test');
    assert.deepEqual(
      endpoints.toSorted((a, b) => a.host.localeCompare(b.host)),
      [
        { host: '192.0.2.1', port: 8001, weight: 3 },
        { host: '192.0.2.2', port: 8001, weight: 3 },
        { host: '192.0.2.3', port: 8002 },
      ],
    );
    await assert.rejects(ask('_none._tcp.test'), /no target|NOTFOUND|NODATA/);
    await assert.rejects(ask('_unknown._tcp.test'));
  });

  it('asks again when the answer is old; a server that fails, or knows nothing, changes nothing', async () => {
    await using server = await new NameServer({ 'a.test': { A: ['192.0.2.1'] } }).start();
    server.ttl = 10;
    const told = new Told();
    const clock = new ManualClock();
    const discovery: Discovery = { kind: 'dns', name: 'a.test', port: 80, servers: server.servers, maxTtl: 20_000 };
    using _ = discover(discovery, told, { ...tools, clock, random: mulberry32(1) });
    assert.equal(await told.next(), '192.0.2.1:80');
    await whenTimed(clock);
    clock.advance(9_999);
    assert.equal(server.asked.length, 1);
    server.zone = { 'a.test': { A: ['192.0.2.2', '192.0.2.3'] } };
    server.ttl = 3_600;
    clock.advance(1);
    assert.equal(await told.next(), '192.0.2.2:80 192.0.2.3:80');
    await whenTimed(clock);
    server.zone = { 'a.test': { A: 'failed', AAAA: 'failed' } };
    clock.advance(20_000);
    assert.match(await told.next(), /^failed: .*SERVFAIL/);
    server.zone = {};
    await whenTimed(clock);
    clock.advance(1_000);
    assert.match(await told.next(), /^failed: .*NOTFOUND/);
    server.zone = { 'a.test': { A: ['192.0.2.4'] } };
    await whenTimed(clock);
    clock.advance(1_500);
    assert.equal(await told.next(), '192.0.2.4:80');
  });

  it('what is under way when it ends is told to nobody', async () => {
    const told = new Told();
    const { promise, reject } = Promise.withResolvers<never>();
    const client: NameClient = {
      resolve4: () => promise,
      resolve6: () => promise,
      resolveSrv: () => promise,
      cancel: () => reject(new Error('cancelled')),
    };
    const clock = new ManualClock();
    discover({ kind: 'dns', name: 'a.test', port: 1 }, told, { ...tools, clock, nameClient: () => client })[
      Symbol.dispose
    ]();
    await assert.rejects(promise);
    const nothing = Promise.resolve('nothing');
    assert.equal(await Promise.race([told.next(), nothing]), 'nothing');
    assert.equal(clock.waiting, 0);
  });
});

/** What was told of may still be about to say when it asks again. */
async function whenTimed(clock: ManualClock): Promise<void> {
  while (clock.waiting === 0) await new Promise(setImmediate);
}

describe('discovery by a file', () => {
  it(
    'follows what is written and what takes its place; what is broken or gone changes nothing',
    { timeout: 30_000 },
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'hopcost-discovery-'));
      await using cleanup = new AsyncDisposableStack();
      cleanup.defer(() => rm(folder, { recursive: true }));
      const path = join(folder, 'endpoints.json');
      const write = (value: unknown) => writeFile(path, typeof value === 'string' ? value : JSON.stringify(value));
      const told = new Told();
      cleanup.use(discover({ kind: 'file', path }, told, tools));
      assert.match(await told.next(), /^failed: .*ENOENT/);
      // The watch runs on, so keep the loop alive meanwhile.
      const alive = setInterval(() => {}, 1_000);
      cleanup.defer(() => clearInterval(alive));
      await write([{ host: '192.0.2.1', port: 80 }]);
      assert.equal(await told.next(), '192.0.2.1:80');
      await writeFile(join(folder, 'next'), JSON.stringify([{ host: 'b.test', port: 81, weight: 5 }]));
      await rename(join(folder, 'next'), path);
      assert.equal(await told.next(), 'b.test:81*5');
      await write('[{"host":');
      assert.match(await told.next(), /^failed: .*endpoints\.json: .*JSON/);
      await write([]);
      assert.match(await told.next(), /^failed: .*at least one endpoint/);
      await write([{ host: 'a', port: 99_999 }]);
      assert.match(await told.next(), /^failed: .*\[0\]\.port/);
      await rm(path);
      await write([{ host: '192.0.2.9', port: 80 }]);
      assert.equal(await told.next(), '192.0.2.9:80');
    },
  );

  it('reads no device without an end', async () => {
    const told = new Told();
    using _ = discover({ kind: 'file', path: '/dev/zero' }, told, tools);
    assert.match(await told.next(), /^failed: .*regular file/);
  });
});
