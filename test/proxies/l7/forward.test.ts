import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileForwardRules } from '#proxies/l7/forward-rules.ts';
import { definition } from '#proxies/l7/l7-forward.ts';
import { answering, ok, Origin, setup } from './lab.ts';

describe('l7-forward', () => {
  it('sends absolute-form requests where they point, without credentials that were for us', async () => {
    await using target = await new Origin(answering(ok)).listen();
    await using lab = await setup(() => {}, {}, definition);
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
    await using lab = await setup(() => {}, { forwarding: { xForwardedFor: false } }, definition);
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
    await using lab = await setup(() => {}, {}, definition);
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
      { forward: { block: ['*.example.org', '127.0.0.0/8', '[::1]'] } },
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

  it('refuses origin-form, https, and CONNECT with a body or to nowhere', async () => {
    await using gone = await new Origin(() => {}).listen();
    const { port } = gone;
    await gone[Symbol.asyncDispose]();
    await using lab = await setup(() => {}, {}, definition);
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

  it('tells an entry that is none', () => {
    assert.throws(() => compileForwardRules({ block: ['no good'] }), /"no good" is no host/);
  });
});
