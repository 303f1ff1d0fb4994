import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileForwardRules } from '#proxies/l7/forward-rules.ts';
import { definition } from '#proxies/l7/l7-forward.ts';
import { answering, ok, Origin, setup } from './lab.ts';

/** Loopback is where tests live. */
const open = { forward: { allow: ['127.0.0.0/8'] } };

describe('l7-forward', () => {
  it('sends absolute-form requests where they point, without credentials that were for us', async () => {
    await using target = await new Origin(answering(ok)).listen();
    await using lab = await setup(() => {}, open, definition);
    const to = `127.0.0.1:${target.port}`;
    const answer = await lab.exchange(
      `GET http://${to}/x HTTP/1.1\r\nHost: other\r\nProxy-Authorization: secret\r\nProxy-Connection: keep-alive\r\nConnection: close\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1\.1 200 [\s\S]*ok$/);
    assert.equal(
      target.connections[0]?.text,
      `GET /x HTTP/1.1\r\nHost: ${to}\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: ${to}\r\n\r\n`,
    );
  });

  it('says nothing about the client when asked not to', async () => {
    await using target = await new Origin(answering(ok)).listen();
    await using lab = await setup(() => {}, { ...open, forwarding: { xForwardedFor: false } }, definition);
    const to = `127.0.0.1:${target.port}`;
    await lab.exchange(
      `GET http://${to}/ HTTP/1.1\r\nHost: ${to}\r\nX-Forwarded-For: 1.1.1.1\r\nForwarded: for=1.1.1.1\r\nConnection: close\r\n\r\n`,
    );
    assert.equal(target.connections[0]?.text, `GET / HTTP/1.1\r\nHost: ${to}\r\n\r\n`);
  });

  it('opens a tunnel for CONNECT and relays what was sent early', async () => {
    await using target = await new Origin(async (connection) => {
      await connection.sees('ping');
      connection.send('pong');
    }).listen();
    await using lab = await setup(() => {}, open, definition);
    const client = await lab.client();
    client.send(`CONNECT 127.0.0.1:${target.port} HTTP/1.1\r\nHost: x\r\n\r\nping`);
    assert.equal(await client.sees('pong'), 'HTTP/1.1 200 Connection Established\r\n\r\npong');
    client.socket.end();
    await client.end();
  });

  it('refuses what its rules block: by name, by port, and by the address a name leads to', async () => {
    await using target = await new Origin(answering(ok)).listen();
    await using lab = await setup(
      () => {},
      { forward: { allow: ['127.0.0.0/8'], block: ['*.example.org', '127.0.0.0/8', '[::1]'] } },
      definition,
    );
    for (const request of [
      'GET http://www.example.org/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      'CONNECT www.example.org:443 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      `CONNECT localhost:${target.port} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
      `CONNECT 127.0.0.1:${target.port} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    ]) {
      assert.match(await lab.exchange(request), /^HTTP\/1\.1 403 /, request);
    }
    assert.equal(target.connections.length, 0);
  });

  it('without a word goes to no port of this host, whatever it is called', async () => {
    await using target = await new Origin(answering(ok)).listen();
    await using lab = await setup(() => {}, { forward: {} }, definition);
    for (const host of [
      '127.0.0.1',
      '0.0.0.0',
      '0',
      '[::]',
      '[::1]',
      '[::ffff:127.0.0.1]',
      'localhost',
      '127.1',
      '2130706433',
    ])
      for (const request of [
        `CONNECT ${host}:${target.port} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
        `GET http://${host}:${target.port}/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
      ])
        // What is only a number is a name that the resolver may not know.
        assert.match(await lab.exchange(request), /^HTTP\/1\.1 (403|502) /, request);
    assert.equal(target.connections.length, 0);
  });

  it('refuses origin-form, https, and CONNECT with a body or to nowhere', async () => {
    await using gone = await new Origin(() => {}).listen();
    const { port } = gone;
    await gone[Symbol.asyncDispose]();
    await using lab = await setup(() => {}, open, definition);
    for (const [request, status] of [
      ['GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 400],
      ['GET https://a/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 501],
      ['CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx', 400],
      [`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`, 502],
    ] as const) {
      assert.match(await lab.exchange(request), new RegExp(`^HTTP/1\\.1 ${status} `));
    }
  });

  it('l7-http opens no tunnels', async () => {
    await using lab = await setup(answering(ok));
    const answer = await lab.exchange('CONNECT a:1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    assert.match(answer, /^HTTP\/1\.1 405 [\s\S]*Allow: GET/);
    assert.equal(lab.origin.connections.length, 0);
  });
});

describe('forward rules', () => {
  const rules = compileForwardRules({
    allow: ['*.example.org', 'exact.test:443', '10.0.0.0/8:80'],
    block: ['bad.example.org', '10.1.0.0/16', '169.254.169.254'],
  });
  const cases: readonly [host: string, port: number, address: string, permitted: boolean][] = [
    ['www.example.org', 1, '1.2.3.4', true],
    ['example.org', 80, '1.2.3.4', false],
    ['bad.example.org', 80, '1.2.3.4', false],
    ['www.example.org', 80, '169.254.169.254', false],
    ['www.example.org', 80, '::ffff:169.254.169.254', false],
    ['exact.test', 443, '1.2.3.4', true],
    ['exact.test', 80, '1.2.3.4', false],
    ['10.2.0.1', 80, '10.2.0.1', true],
    ['any.test', 80, '10.2.0.1', true],
    ['10.2.0.1', 81, '10.2.0.1', false],
    ['10.1.0.1', 80, '10.1.0.1', false],
  ];
  for (const [host, port, address, permitted] of cases) {
    it(`${permitted ? 'permits' : 'refuses'} ${host}:${port} at ${address}`, () => {
      assert.equal(rules.permitsHost(host, port) && rules.permitsAddress(host, port, address), permitted);
    });
  }

  const closed = compileForwardRules({});
  const everywhere = compileForwardRules({ allow: ['*', '*:8443', '127.0.0.1:9000'] });
  for (const [address, isPublic] of [
    ['1.1.1.1', true],
    ['2606:4700::1111', true],
    ['127.0.0.1', false],
    ['127.9.9.9', false],
    ['0.0.0.0', false],
    ['10.1.2.3', false],
    ['172.31.0.1', false],
    ['192.168.1.1', false],
    ['100.64.0.1', false],
    ['169.254.169.254', false],
    ['224.0.0.1', false],
    ['255.255.255.255', false],
    ['::', false],
    ['::1', false],
    ['::ffff:127.0.0.1', false],
    ['::ffff:7f00:1', false],
    ['::127.0.0.1', false],
    ['64:ff9b::a9fe:a9fe', false],
    ['fd00::1', false],
    ['fe80::1', false],
    ['fe80::1%lo', false],
    ['2002:7f00:1::', false],
  ] as const)
    it(`by itself ${isPublic ? 'permits' : 'refuses'} ${address}, and other ports than 80 and 443`, () => {
      for (const port of [80, 443]) assert.equal(closed.permitsAddress('a.test', port, address), isPublic);
      for (const port of [22, 8080, 9000]) assert.equal(closed.permitsAddress('a.test', port, address), false);
      assert.equal(everywhere.permitsAddress('a.test', 8443, address), isPublic);
    });

  it('opens what is named, and nothing beside it', () => {
    assert.equal(everywhere.permitsAddress('127.0.0.1', 9000, '127.0.0.1'), true);
    assert.equal(everywhere.permitsAddress('0.0.0.0', 9000, '0.0.0.0'), true); // the same host
    assert.equal(everywhere.permitsAddress('127.0.0.1', 80, '127.0.0.1'), false);
    assert.equal(everywhere.permitsAddress('127.0.0.2', 9000, '127.0.0.2'), false);
    const blocking = compileForwardRules({ allow: ['127.0.0.0/8', '::1'], block: ['127.0.0.1'] });
    assert.equal(blocking.permitsAddress('0.0.0.0', 80, '0.0.0.0'), false);
    assert.equal(blocking.permitsAddress('::', 80, '::'), true);
  });

  it('tells an entry that is none', () => {
    assert.throws(() => compileForwardRules({ block: ['no good'] }), /"no good" is no host/);
  });
});
