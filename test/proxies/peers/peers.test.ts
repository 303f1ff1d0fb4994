/** Every peer that is installed here, started for real. One that is missing is skipped, with what to do about it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { connect as tlsConnect, type TLSSocket } from 'node:tls';
import { definition as fixed } from '#backends/http-fixed.ts';
import { createCertificate } from '#bench/lab/certificates.ts';
import type { Endpoint, ProxyIntent } from '#proxies/config/intent.ts';
import type { ProxyDefinition } from '#proxies/contract.ts';
import { binaries, peers } from '#proxies/peers/registry.ts';
import { TLS_SUITES } from '#proxies/platform/tls-suites.ts';
import { Client, alive, exchange, folders, httpOrigin, isRefused, tcpEcho, until } from './origin.ts';

const { ca, cert, key } = createCertificate();
const loopback: Endpoint = { host: '127.0.0.1', port: 0 };

function intentFor(definition: ProxyDefinition, origin: Endpoint, more: Partial<ProxyIntent> = {}): ProxyIntent {
  const tls = definition.capabilities.has('tls-termination');
  return {
    listener: {
      address: loopback,
      ...(tls && { tls: { certificates: [{ cert, key }], alpn: ['http/1.1'] } }),
    },
    clusters: [{ name: 'origin', endpoints: [origin] }],
    defaultCluster: 'origin',
    ...more,
  };
}

const trust = (definition: ProxyDefinition) => (definition.capabilities.has('tls-termination') ? ca : undefined);
const soon = () => AbortSignal.timeout(20_000);

for (const definition of peers) {
  const availability = await definition.availability();
  const skip = availability.state === 'missing' ? `${availability.reason}; install: ${availability.install}` : false;
  /** Libraries run in this process: there is nothing of theirs to kill. */
  const inProcess = !binaries.some(({ name }) => name === definition.name);
  const isTls = definition.capabilities.has('tls-termination');
  const isHttp = definition.layer === 'l7';

  describe(definition.name, { skip }, () => {
    test('forwards, and says what it ran with', async () => {
      await using origin = isHttp ? await httpOrigin() : await tcpEcho();
      await using proxy = await definition.start(intentFor(definition, origin.address), soon());
      assert.ok(proxy.address.port > 0);
      assert.match(proxy.nativeConfig, new RegExp(String(origin.address.port)));
      assert.doesNotMatch(proxy.nativeConfig, /PRIVATE KEY/);
      if (!isHttp) {
        const message = 'x'.repeat(300_000);
        assert.equal(await exchange(proxy.address, message), message);
        return;
      }
      using client = new Client(proxy.address, 1, trust(definition));
      const answer = await client.ask('/a%20b?c=d', { method: 'POST', body: 'hello', headers: { 'x-own': '1' } });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['server'], 'origin');
      assert.equal(answer.seen?.method, 'POST');
      assert.equal(answer.seen.url, '/a%20b?c=d');
      assert.equal(answer.seen.body, 'hello');
      const headers = Object.fromEntries(answer.seen.headers);
      assert.equal(headers['x-own'], '1');
      assert.equal(headers['host'], `127.0.0.1:${proxy.address.port}`);
      assert.equal(headers['x-forwarded-for'], '127.0.0.1');
      assert.equal(headers['x-forwarded-proto'], isTls ? 'https' : 'http');
    });

    test('keeps connections to the origin', { skip: !isHttp && 'L4 opens one for each client' }, async () => {
      await using origin = await httpOrigin();
      await using proxy = await definition.start(intentFor(definition, origin.address), soon());
      using client = new Client(proxy.address, 4, trust(definition));
      for (let i = 0; i < 25; i++) await Promise.all([1, 2, 3, 4].map(() => client.ask('/')));
      assert.ok(origin.connections <= 4, `${origin.connections} connections for 100 requests of 4 clients`);
    });

    test(
      'a client that closes costs no connection to the origin',
      { skip: !isHttp && 'L4 passes FIN on' },
      async () => {
        // This origin closes when it is asked to, and does not say so (RFC 9112 §9.6 lets it).
        await using origin = await fixed.start(loopback, {}, soon());
        await using proxy = await definition.start(intentFor(definition, origin.address), soon());
        const clients = 16;
        for (let i = 0; i < 25; i++) {
          const answers = await Promise.all(
            Array.from({ length: clients }, async () => {
              using client = new Client(proxy.address, 1, trust(definition));
              return await client.ask('/bytes/200', { headers: { connection: 'close' } });
            }),
          );
          assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
        }
        const { connections } = origin.counters();
        assert.ok(connections <= clients, `${connections} connections for ${clients} clients at a time`);
      },
    );

    test('negotiates what every subject does', { skip: !isTls && 'no TLS' }, async () => {
      await using origin = await httpOrigin();
      await using proxy = await definition.start(intentFor(definition, origin.address), soon());
      using client = new Client(proxy.address, 1, ca);
      const { tls } = await client.ask('/');
      assert.deepEqual(tls, { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', group: 'X25519' });

      for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
        const open = (session?: Buffer): TLSSocket =>
          tlsConnect({
            ...proxy.address,
            ca,
            servername: 'localhost',
            minVersion: version,
            maxVersion: version,
            ...TLS_SUITES,
            ALPNProtocols: ['http/1.1'],
            ...(session && { session }),
          });
        const first = open();
        const ticket = once(first, 'session', { signal: soon() }); // TLS 1.2: before the handshake ends; 1.3: after
        first.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
        const [session] = (await ticket) as [Buffer];
        assert.equal(first.getProtocol(), version);
        assert.equal(first.getCipher().standardName.includes('AES_128_GCM'), true);
        assert.equal(first.alpnProtocol, 'http/1.1');
        first.destroy();
        const second = open(session);
        await once(second, 'secureConnect', { signal: soon() });
        assert.equal(second.isSessionReused(), true, `${version} session was not resumed`);
        second.destroy();
      }
    });

    test('tunnels after 101', { skip: !definition.capabilities.has('upgrade') && 'not offered' }, async () => {
      await using origin = await httpOrigin();
      await using proxy = await definition.start(intentFor(definition, origin.address), soon());
      const socket = isTls ? tlsConnect({ ...proxy.address, ca, servername: 'localhost' }) : connect(proxy.address);
      // Some insist on a complete handshake (RFC 6455 §4.1), and on 'websocket' as the protocol.
      socket.write(
        'GET /chat HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
          'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      );
      let got = '';
      socket.setEncoding('latin1').on('data', (chunk: string) => (got += chunk));
      await until('101', () => /^HTTP\/1.1 101 .*\r\n\r\n/s.test(got));
      socket.write('ping');
      await until('the echo', () => got.endsWith('ping'));
      socket.destroy();
    });

    test(
      'runs the asked number of workers',
      { skip: !definition.capabilities.has('workers') && 'not offered' },
      async () => {
        await using origin = isHttp ? await httpOrigin() : await tcpEcho();
        const counts: number[] = [];
        for (const concurrency of [1, 3]) {
          await using proxy = await definition.start(intentFor(definition, origin.address, { concurrency }), soon());
          assert.deepEqual(alive(proxy.pids), proxy.pids);
          counts.push(proxy.pids.length);
          if (isHttp) {
            using client = new Client(proxy.address, 1, trust(definition));
            assert.equal((await client.ask('/')).status, 200);
          } else assert.equal(await exchange(proxy.address, 'x'), 'x');
        }
        // Workers are processes or threads; either way there are no fewer of them.
        assert.ok(counts[1]! >= counts[0]!);
      },
    );

    test('leaves neither process nor folder', { skip: inProcess && 'runs in this process' }, async () => {
      await using origin = await tcpEcho();
      const before = folders();
      const proxy = await definition.start(intentFor(definition, origin.address), soon());
      assert.equal(folders().length, before.length + 1);
      await proxy[Symbol.asyncDispose]();
      assert.deepEqual(alive(proxy.pids), []);
      assert.deepEqual(folders(), before);
      assert.equal(await isRefused(proxy.address), true);
      await proxy[Symbol.asyncDispose](); // twice is once
    });

    test('tells that it crashed, and still leaves nothing', { skip: inProcess && 'runs in this process' }, async () => {
      await using origin = await tcpEcho();
      const proxy = await definition.start(intentFor(definition, origin.address), soon());
      const warned = once(process, 'warning', { signal: soon() });
      process.kill(proxy.pids[0]!, 'SIGKILL');
      const [warning] = (await warned) as [Error];
      assert.equal(warning.name, 'PeerExited');
      assert.match(warning.message, new RegExp(`^${definition.name}: .* ended by itself \\(SIGKILL\\)`));
      await proxy[Symbol.asyncDispose]();
      assert.deepEqual(alive(proxy.pids), []);
      assert.deepEqual(folders(), []);
    });

    test(
      'finishes what is in flight when it drains',
      { skip: !definition.capabilities.has('drain') && 'not offered' },
      async () => {
        const { promise: release, resolve } = Promise.withResolvers<void>();
        await using origin = isHttp ? await httpOrigin('origin', release) : await tcpEcho();
        const intent = intentFor(definition, origin.address, { timeouts: { drain: 8_000 } });
        await using proxy = await definition.start(intent, soon());
        if (!isHttp) {
          const socket = connect({ ...proxy.address, allowHalfOpen: true }).setEncoding('latin1');
          socket.write('before ');
          let got = '';
          socket.on('data', (chunk: string) => (got += chunk));
          await until('the echo', () => got === 'before ');
          const drained = proxy.drain!();
          await until('refusal', () => isRefused(proxy.address));
          socket.end('after');
          await once(socket, 'end');
          assert.equal(got, 'before after');
          await drained;
        } else {
          using client = new Client(proxy.address, 1, trust(definition));
          const answer = client.ask('/');
          await until('the request at the origin', () => origin.connections === 1);
          const drained = proxy.drain!();
          await until('refusal', () => isRefused(proxy.address));
          resolve();
          assert.equal((await answer).status, 200);
          client[Symbol.dispose]();
          await drained;
        }
        if (!inProcess) assert.deepEqual(alive(proxy.pids), []);
      },
    );

    test('refuses by name what it does not offer', async () => {
      const intent = intentFor(definition, { host: '127.0.0.1', port: 1 }, { forward: {}, accessLog: 'x' });
      await assert.rejects(definition.start(intent, soon()), {
        name: 'IntentError',
        message: new RegExp(`forward: capability not offered: ${definition.name} has no 'connect'.*\naccessLog: `),
      });
      assert.deepEqual(folders(), []);
    });

    test('does not share a port that somebody holds', async () => {
      await using holder = await tcpEcho();
      const intent = intentFor(definition, { host: '127.0.0.1', port: 1 });
      const taken = { ...intent, listener: { ...intent.listener, address: holder.address } };
      await assert.rejects(definition.start(taken, soon()), { code: 'EADDRINUSE' });
    });

    const balances = definition.capabilities.has('balancing') && isHttp;
    test('spreads over endpoints by weight', { skip: !balances && 'not offered' }, async () => {
      await using one = await httpOrigin('one');
      await using three = await httpOrigin('three');
      const clusters = [{ name: 'origin', endpoints: [one.address, { ...three.address, weight: 3 }] }];
      await using proxy = await definition.start(intentFor(definition, one.address, { clusters }), soon());
      using client = new Client(proxy.address, 1, trust(definition));
      const counts: Record<string, number> = {};
      for (let i = 0; i < 40; i++) {
        const name = String((await client.ask('/')).headers['x-origin']);
        counts[name] = (counts[name] ?? 0) + 1;
      }
      assert.deepEqual(counts, { one: 10, three: 30 });
    });

    test(
      'routes; the first that matches wins',
      { skip: !definition.capabilities.has('routing') && 'not offered' },
      async () => {
        await using blue = await httpOrigin('blue');
        await using green = await httpOrigin('green');
        const to = (name: string) => ({ kind: 'forward', clusters: [{ name }] }) as const;
        const intent = intentFor(definition, blue.address, {
          clusters: [
            { name: 'blue', endpoints: [blue.address] },
            { name: 'green', endpoints: [green.address] },
          ],
          defaultCluster: 'blue',
          routes: [
            { match: { path: { kind: 'prefix', value: '/a' } }, action: to('blue') },
            { match: { path: { kind: 'prefix', value: '/a/b' } }, action: to('green') },
            { match: { path: { kind: 'exact', value: '/exact.only' } }, action: to('green') },
            { match: { hosts: ['*.example.org', 'green.test'] }, action: to('green') },
            { match: { methods: ['DELETE', 'PUT'], path: { kind: 'prefix', value: '/m' } }, action: to('green') },
            {
              match: {
                headers: [
                  { name: 'x-beta', match: { kind: 'exact', value: 'on "it"' } },
                  { name: 'x-stable', match: { kind: 'present' }, invert: true },
                ],
              },
              action: to('green'),
            },
            { match: { headers: [{ name: 'x-team', match: { kind: 'prefix', value: 'gr.' } }] }, action: to('green') },
          ],
        });
        await using proxy = await definition.start(intent, soon());
        using client = new Client(proxy.address, 1, trust(definition));
        const cases: [
          path: string,
          host: string,
          expected: string,
          method?: string,
          headers?: Record<string, string>,
        ][] = [
          ['/a/b/c', 'localhost', 'blue'],
          ['/exact.only', 'localhost', 'green'],
          ['/exact.only', 'green.test', 'green'],
          ['/exactXonly', 'localhost', 'blue'],
          ['/exact.only/more', 'localhost', 'blue'],
          ['/', 'www.example.org', 'green'],
          ['/', 'WWW.Example.ORG:8080', 'green'],
          ['/', 'example.org', 'blue'],
          ['/', 'green.test', 'green'],
        ];
        for (const [path, host, expected] of cases) {
          const { headers } = await client.ask(path, { headers: { host } });
          assert.equal(headers['x-origin'], expected, `${host} ${path}`);
        }
      },
    );
  });
}
