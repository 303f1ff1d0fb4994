/** What the origin gets and what the client gets: fields, framing, interim answers, upgrades. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answering, ok, setup } from './lab.ts';

const last = 'Connection: close\r\n';
const anonymous = { forwarding: { xForwardedFor: false } };

/** The head that the origin got for this one, without metadata about the client. */
async function reissued(request: string, change: Parameters<typeof setup>[1] = anonymous): Promise<string> {
  await using lab = await setup(answering(ok), change);
  const answer = await lab.exchange(request);
  assert.match(answer, /^HTTP\/1\.1 200 /, answer);
  return (lab.origin.connections[0]?.text ?? '').replaceAll(`127.0.0.1:${lab.proxy.address.port}`, 'PROXY');
}

/** What the client gets for a GET that is answered so. */
async function returned(response: string, request = `GET / HTTP/1.1\r\nHost: a\r\n${last}\r\n`): Promise<string> {
  await using lab = await setup((connection) => {
    void connection.sees('\r\n\r\n').then(() => connection.socket.end(response, 'latin1'));
  });
  return await lab.exchange(request); // before the lab is gone
}

describe('requests on their way to the origin', () => {
  const cases: readonly [name: string, request: string, forwarded: string][] = [
    [
      'end-to-end fields go through as they are',
      `GET /a?b HTTP/1.1\r\nHost: h\r\nX:  y \r\n${last}\r\n`,
      'GET /a?b HTTP/1.1\r\nHost: h\r\nX:  y \r\n\r\n',
    ],
    [
      'hop-by-hop fields stop here',
      `GET / HTTP/1.1\r\nHost: h\r\nKeep-Alive: 5\r\nA: 1\r\nProxy-Connection: x\r\nTE: gzip\r\nUpgrade: x\r\nB: 2\r\n${last}\r\n`,
      'GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\n\r\n',
    ],
    [
      'fields that Connection names stop here, whatever their case',
      'GET / HTTP/1.1\r\nHost: h\r\nX-Secret: 1\r\nA: 1\r\nConnection: close, x-SECRET\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\n\r\n',
    ],
    [
      'Connection cannot name framing and Host away',
      'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nConnection: close, host, content-length\r\n\r\nx',
      'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx',
    ],
    [
      'TE: trailers goes on',
      `GET / HTTP/1.1\r\nHost: h\r\nTE: trailers\r\n${last}\r\n`,
      'GET / HTTP/1.1\r\nHost: h\r\nTE: trailers\r\nConnection: TE\r\n\r\n',
    ],
    [
      'absolute form becomes origin form',
      `GET http://b/x HTTP/1.1\r\nHost: h\r\nA: 1\r\n${last}\r\n`,
      'GET /x HTTP/1.1\r\nHost: b\r\nA: 1\r\n\r\n',
    ],
    ['HTTP/1.0 becomes HTTP/1.1', 'GET /x HTTP/1.0\r\nHost: h\r\n\r\n', 'GET /x HTTP/1.1\r\nHost: h\r\n\r\n'],
    [
      'the target goes on as it came',
      `GET //a/../%62%2fc?%64 HTTP/1.1\r\nHost: h\r\n${last}\r\n`,
      'GET //a/../%62%2fc?%64 HTTP/1.1\r\nHost: h\r\n\r\n',
    ],
    [
      'so does that of an absolute form',
      `GET http://b/a/../%62?%64 HTTP/1.1\r\nHost: h\r\n${last}\r\n`,
      'GET /a/../%62?%64 HTTP/1.1\r\nHost: b\r\n\r\n',
    ],
    [
      'Max-Forwards counts down for OPTIONS',
      `OPTIONS * HTTP/1.1\r\nHost: h\r\nMax-Forwards: 3\r\n${last}\r\n`,
      'OPTIONS * HTTP/1.1\r\nHost: h\r\nMax-Forwards: 2\r\n\r\n',
    ],
    [
      'an upgrade with a body is none',
      `POST / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, close\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n{}`,
      'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}',
    ],
    [
      'neither TLS nor HTTP/2 is offered on, what else is asked for is',
      `GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, close\r\nUpgrade: TLS/1.2, HTTP/2.0\r\nUpgrade: websocket, h2c\r\n\r\n`,
      'GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    ],
    [
      'h2c is not offered on',
      `GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\nConnection: close, upgrade, http2-settings\r\n\r\n`,
      'GET / HTTP/1.1\r\nHost: h\r\n\r\n',
    ],
  ];
  for (const [name, request, forwarded] of cases)
    it(name, async () => assert.equal(await reissued(request), forwarded));

  it('names the proxy as Host for a client that names none', async () => {
    await using lab = await setup(answering(ok), anonymous);
    assert.match(await lab.exchange('GET / HTTP/1.0\r\n\r\n'), /ok$/);
    assert.match(lab.origin.connections[0]?.text ?? '', /^GET \/ HTTP\/1\.1\r\nHost: 127\.0\.0\.1:\d+\r\n\r\n$/);
  });

  it('chunks are written anew: extensions gone, small ones joined', async () => {
    await using lab = await setup(async (connection) => {
      await connection.sees('0\r\n\r\n');
      connection.send(ok);
    }, anonymous);
    const answer = await lab.exchange(
      `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n${last}\r\n1;x=y\r\na\r\n002\r\nbc\r\n0;z\r\n\r\n`,
    );
    assert.match(answer, /ok$/);
    assert.equal(
      lab.origin.connections[0]?.text,
      'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    );
  });

  it('request trailers go on where they were announced', async () => {
    for (const [announced, end] of [
      ['Trailer: x-t\r\n', '0\r\nx-t: 1\r\n\r\n'],
      ['', '0\r\n\r\n'],
    ] as const) {
      await using lab = await setup(async (connection) => {
        await connection.sees('0\r\n');
        connection.send(ok);
      }, anonymous);
      const head = `POST / HTTP/1.1\r\nHost: h\r\n${announced}Transfer-Encoding: chunked\r\n`;
      assert.match(await lab.exchange(`${head}${last}\r\n1\r\na\r\n0\r\nX-T: 1\r\n\r\n`), /ok$/);
      assert.ok(lab.origin.connections[0]?.text.endsWith(`1\r\na\r\n${end}`));
    }
  });

  it('forwards 100-continue both ways', async () => {
    await using lab = await setup(async (connection) => {
      await connection.sees('\r\n\r\n');
      connection.send('HTTP/1.1 100 Continue\r\n\r\n');
      await connection.sees('body');
      connection.send(ok);
    }, anonymous);
    const client = await lab.client();
    client.send('POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n');
    await client.sees('HTTP/1.1 100 Continue\r\n\r\n');
    assert.match(lab.origin.connections[0]?.text ?? '', /\r\nExpect: 100-continue\r\n/);
    await client.send('body').sees('ok');
  });

  it('X-Forwarded-* from anyone is replaced', async () => {
    const text = await reissued(
      `GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\nX-Forwarded-Host: evil\r\n${last}\r\n`,
      {},
    );
    assert.equal(
      text,
      'GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\n\r\n',
    );
  });

  const claims = [
    'X-Real-IP: 6.6.6.6',
    'X-Forwarded-Port: 1',
    'X-Forwarded-Prefix: /x',
    'X-Forwarded-Ssl: on',
    'X-Forwarded-Server: x',
    'True-Client-IP: 6.6.6.6',
    'CF-Connecting-IP: 6.6.6.6',
    'X-Original-URL: /admin',
  ];
  it('what else anyone claims to be goes the way of X-Forwarded-For', async () => {
    const request = `GET / HTTP/1.1\r\nHost: h\r\n${claims.join('\r\n')}\r\nA: b\r\n${last}\r\n`;
    const isClaimed = (text: string) => claims.filter((line) => text.includes(line));
    assert.deepEqual(isClaimed(await reissued(request, {})), []);
    const trustedPeers = ['127.0.0.1'];
    assert.deepEqual(isClaimed(await reissued(request, { forwarding: { trustedPeers } })), claims);
    assert.deepEqual(isClaimed(await reissued(request, { forwarding: { trustedPeers, xForwardedFor: false } })), []);
  });

  it('X-Forwarded-For from a trusted peer is appended to, Forwarded and Via are written where asked for', async () => {
    const text = await reissued(
      `GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1.2.3.4\r\nVia: 1.1 x\r\nForwarded: for=1.2.3.4\r\n${last}\r\n`,
      {
        forwarding: { trustedPeers: ['127.0.0.0/8'], forwarded: true, via: 'hop' },
      },
    );
    assert.match(text, /\r\nX-Forwarded-For: 1\.2\.3\.4, 127\.0\.0\.1\r\n/);
    assert.match(text, /\r\nForwarded: for=1\.2\.3\.4, for=127\.0\.0\.1;host="h";proto=http\r\n/);
    assert.match(text, /\r\nVia: 1\.1 x\r\n.*Via: 1\.1 hop\r\n/s);
  });

  it('refused requests never reach the origin, and the client is told', async () => {
    await using lab = await setup(answering(ok));
    for (const [request, status] of [
      ['GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
      ['GET / HTTP/3.0\r\nHost: a\r\n\r\n', 505],
      [`GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
      ['GET / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\nConnection: close\r\n\r\n', 417],
    ] as const) {
      assert.match(
        await lab.exchange(request),
        new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*\\r\\nConnection: close\\r\\n`),
      );
    }
    assert.equal(lab.origin.connections.length, 0);
  });

  it('a refused HEAD has no body, however far it came', async () => {
    await using lab = await setup(answering(ok), { timeouts: { requestHead: 50 }, limits: { targetBytes: 1_000 } });
    for (const [request, status] of [
      ['HEAD / HTTP/1.1\r\nX: no host\r\n\r\n', 400],
      ['HEAD / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n', 400],
      ['HEAD / HTTP/2.0\r\nHost: a\r\n\r\n', 505],
      [`HEAD /${'a'.repeat(1_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
      [`HEAD / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(200)}\r\n`, 431],
      ['HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n', 501],
      ['HEAD / HTTP/1.1\r\nHost: a\r\n', 408],
      ['HEAD / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\nConnection: close\r\n\r\n', 417],
    ] as const) {
      assert.match(
        await lab.exchange(request),
        new RegExp(`^HTTP/1\\.1 ${status} (?:[^\\r]*\\r\\n)+\\r\\n$`),
        request.slice(0, 60),
      );
    }
    const answer = await lab.exchange('GET / HTTP/1.1\r\nX: no host\r\n\r\n');
    assert.match(answer, /\r\n\r\n400 Bad Request\n$/, 'what follows a HEAD on another connection is told');
  });

  it('a chunked body that breaks amid the request is refused and the origin let go', async () => {
    await using lab = await setup(() => {});
    const client = await lab.client();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
    const upstream = await lab.origin.connection(0);
    await upstream.sees('abc');
    client.send('zz\r\n');
    assert.match(await client.end(), /^HTTP\/1\.1 400 /);
    await upstream.end();
    assert.ok(!upstream.text.includes('0\r\n\r\n'));
  });

  it('a chunked body over the limit: 413', async () => {
    await using lab = await setup(() => {}, { limits: { bodyBytes: 5 } });
    const answer = await lab.exchange(
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n0\r\n\r\n',
    );
    assert.match(answer, /^HTTP\/1\.1 413 /);
  });
});

describe('responses on their way to the client', () => {
  const close = 'Connection: close\r\n';
  const chunkedClose = 'Transfer-Encoding: chunked\r\nConnection: close\r\n';
  const cases: readonly [name: string, response: string, delivered: string][] = [
    ['a plain one', ok, `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${close}\r\nok`],
    [
      'hop-by-hop fields stop here',
      'HTTP/1.1 200 OK\r\nKeep-Alive: 1\r\nConnection: x-a\r\nX-A: 1\r\nB: 2\r\nContent-Length: 0\r\n\r\n',
      `HTTP/1.1 200 OK\r\nB: 2\r\nContent-Length: 0\r\n${close}\r\n`,
    ],
    [
      'space before a colon is stripped',
      'HTTP/1.1 200 OK\r\nX-A : 1\r\nContent-Length: 0\r\n\r\n',
      `HTTP/1.1 200 OK\r\nx-a: 1\r\ncontent-length: 0\r\n${close}\r\n`,
    ],
    [
      'a missing reason phrase',
      'HTTP/1.1 299\r\nContent-Length: 0\r\n\r\n',
      `HTTP/1.1 299 \r\nContent-Length: 0\r\n${close}\r\n`,
    ],
    [
      'LF alone as the end of lines',
      'HTTP/1.1 200 OK\nX-A: 1\r\nB: 2\nContent-Length: 2\n\nok',
      `HTTP/1.1 200 OK\r\nx-a: 1\r\nb: 2\r\ncontent-length: 2\r\n${close}\r\nok`,
    ],
    [
      'LF alone as the end of the head',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nok',
      `HTTP/1.1 200 OK\r\ncontent-length: 2\r\n${close}\r\nok`,
    ],
    [
      'the same length twice',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: b\r\nContent-Length: 2\r\n\r\nok',
      `HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\n${close}\r\nok`,
    ],
    [
      'the same length in a list',
      'HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok',
      `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${close}\r\nok`,
    ],
    [
      'a status of its own kind',
      'HTTP/1.1 999 Request Denied\r\nContent-Length: 2\r\n\r\nok',
      `HTTP/1.1 999 Request Denied\r\nContent-Length: 2\r\n${close}\r\nok`,
    ],
    [
      'blanks after a chunk size',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2  \r\nok\r\n0 \r\n\r\n',
      `HTTP/1.1 200 OK\r\n${chunkedClose}\r\n2\r\nok\r\n0\r\n\r\n`,
    ],
    [
      'interim answers end with their heads',
      `HTTP/1.1 103 Early\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n${ok}`,
      `HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n${close}\r\nok`,
    ],
    [
      'HTTP/1.0 origin',
      'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
      `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${close}\r\nok`,
    ],
    ['204 without a length', 'HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n', `HTTP/1.1 204 No\r\n${close}\r\n`],
    [
      '304 with the length of what it stands for',
      'HTTP/1.1 304 Not\r\nContent-Length: 9\r\n\r\n',
      `HTTP/1.1 304 Not\r\nContent-Length: 9\r\n${close}\r\n`,
    ],
    [
      'chunks, written anew',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a\r\nx\r\n1\r\ny\r\n0\r\n\r\n',
      `HTTP/1.1 200 OK\r\n${chunkedClose}\r\n2\r\nxy\r\n0\r\n\r\n`,
    ],
    [
      'a body until the end of the connection',
      'HTTP/1.1 200 OK\r\nA: b\r\n\r\nxyz',
      `HTTP/1.1 200 OK\r\nA: b\r\n${chunkedClose}\r\n3\r\nxyz\r\n0\r\n\r\n`,
    ],
    [
      'interim answers',
      `HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 102 P\r\n\r\n${ok}`,
      `HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 102 P\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n${close}\r\nok`,
    ],
    [
      'trailers nobody asked for',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-T: 1\r\n\r\n',
      `HTTP/1.1 200 OK\r\n${chunkedClose}\r\n0\r\n\r\n`,
    ],
  ];
  for (const [name, response, delivered] of cases)
    it(name, async () => assert.equal(await returned(response), delivered));

  const bad: readonly [name: string, response: string][] = [
    ['two lengths in a list', 'HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nok'],
    ['a length that is no number twice', 'HTTP/1.1 200 OK\r\nContent-Length: +2, +2\r\n\r\nok'],
    ['CR alone', 'HTTP/1.1 200 OK\r\nA: b\rContent-Length: 0\r\n\r\n'],
    ['a status that begins with 0', 'HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx'],
    ['length with coding', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['unknown coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['folded field', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n'],
    ['no HTTP', 'SSH-2.0-x\r\n\r\n'],
    ['nothing', ''],
    ['half a head', 'HTTP/1.1 200 OK\r\nA'],
    ['101 that nobody asked for', 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'],
    ['endless head', `HTTP/1.1 200 OK\r\nA: ${'b'.repeat(40_000)}\r\n\r\n`],
  ];
  for (const [name, response] of bad) {
    it(`502 for ${name}, with no word about the origin`, async () => {
      const answer = await returned(response);
      assert.match(answer, /^HTTP\/1\.1 502 Bad Gateway\r\n[\s\S]*\r\n\r\n502 Bad Gateway\n$/);
    });
  }

  it('trailers for whom they are', async () => {
    const answer = await returned(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-T: 1\r\n\r\n',
      `GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n${last}\r\n`,
    );
    assert.match(answer, /\r\n\r\n1\r\nx\r\n0\r\nx-t: 1\r\n\r\n$/);
  });

  it('HTTP/1.0 clients get no chunks and no interim answers', async () => {
    const answer = await returned(
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
      'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
    );
    assert.equal(answer, 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nx');
  });

  it('HEAD has no body', async () => {
    const answer = await returned(
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n',
      `HEAD / HTTP/1.1\r\nHost: a\r\n${last}\r\n`,
    );
    assert.equal(answer, `HTTP/1.1 200 OK\r\nContent-Length: 5\r\n${close}\r\n`);
  });

  it('the same octets however the origin splits them', async () => {
    const response = `HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`;
    await using lab = await setup(async (connection) => {
      await connection.sees('\r\n\r\n');
      connection.socket.setNoDelay(true);
      for (const octet of response) {
        connection.send(octet);
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    const answer = await lab.exchange(`GET / HTTP/1.1\r\nHost: a\r\n${last}\r\n`);
    assert.match(answer, /^HTTP\/1\.1 103 Early\r\nLink: x\r\n\r\nHTTP\/1\.1 200 OK\r\nX: y\r\n/);
    assert.equal(
      answer
        .split('\r\n\r\n')
        .slice(2)
        .join('')
        .replaceAll(/\r\n|^\d+$/gm, '')
        .replace(/\d/g, ''),
      'abc',
    );
  });

  it('a truncated body is never completed', async () => {
    for (const response of [
      'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
    ]) {
      await using lab = await setup((connection) => {
        void connection.sees('\r\n\r\n').then(() => connection.socket.end(response));
      });
      const client = await lab.client();
      const text = await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n').close();
      assert.equal(client.error?.code, 'ECONNRESET');
      assert.match(text, /abc(\r\n)?$/);
      assert.equal(client.ended, false);
    }
  });
});

describe('tunnels', () => {
  const asked = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket, echo/2\r\n\r\n';
  for (const [name, upgrade, status] of [
    ['what was asked for, in another case', 'Upgrade: WebSocket\r\n', 101],
    ['one of several', 'Upgrade: echo/2\r\n', 101],
    ['another protocol', 'Upgrade: tcp\r\n', 502],
    ['another version', 'Upgrade: echo/3\r\n', 502],
    ['one that was asked for and another', 'Upgrade: websocket, tcp\r\n', 502],
    ['no protocol', '', 502],
    ['an empty list', 'Upgrade: ,\r\n', 502],
  ] as const)
    it(`a 101 to ${name}: ${status}`, async () => {
      const answer = await returned(`HTTP/1.1 101 Switching Protocols\r\n${upgrade}Connection: upgrade\r\n\r\n`, asked);
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
    });

  it('none after a 101 to an upgrade that had a body', async () => {
    await using lab = await setup(async (connection) => {
      await connection.sees('{}');
      connection.socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: tcp\r\nConnection: upgrade\r\n\r\n');
    });
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n';
    const client = await lab.client();
    assert.match(await client.send(`${head}{}`).sees('502 Bad'), /^HTTP\/1\.1 502 /);
  });

  it('after 101, octets both ways, early ones too', async () => {
    await using lab = await setup(async (connection) => {
      await connection.sees('\r\n\r\n');
      connection.send('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\nhi!');
      await connection.sees('early');
      connection.send('got it');
    }, anonymous);
    const client = await lab.client();
    client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly');
    const text = await client.sees('got it');
    assert.equal(text, 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nhi!got it');
    assert.equal(
      lab.origin.connections[0]?.text,
      'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nearly',
    );
    client.socket.end('bye');
    const upstream = await lab.origin.connection(0);
    await upstream.end();
    assert.match(upstream.text, /bye$/);
    await client.end();
  });

  it('client bytes wait for the 101: refused, they are the next request', async () => {
    await using lab = await setup(answering(ok), anonymous);
    const answer = await lab.exchange(
      `GET /1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n${last}\r\n`,
    );
    assert.equal(answer.split('HTTP/1.1 200 OK').length, 3);
  });
});
