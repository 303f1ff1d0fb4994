/** Checks of real listeners on loopback. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createProbe, type Dial } from '#proxies/cluster/probe.ts';
import type { HealthCheck } from '#proxies/config/intent.ts';
import { connectWire } from '#proxies/net/connect.ts';
import { serve, serveNobody } from '../sockets.ts';

const dial: Dial = (endpoint, handler, timeout) => connectWire(endpoint, handler, { timeout });
const never = new AbortController().signal;

const check = (policy: HealthCheck, port: number, signal = never) =>
  createProbe(policy, { dial })({ host: '127.0.0.1', port }, signal);

/** The verdict over an origin that answers every request with `pieces`, one write each, then closes where it is told so. */
async function verdict(pieces: readonly string[], policy: HealthCheck = { kind: 'http' }, closes = false) {
  const asked: string[] = [];
  await using origin = await serve((socket) => {
    socket.on('data', (chunk) => {
      asked.push(String(chunk));
      for (const piece of pieces) socket.write(piece);
      if (closes) socket.end();
    });
  });
  return { why: await check(policy, origin.address.port), asked: asked.join(''), port: origin.address.port };
}

describe('probes', () => {
  it('TCP: whoever takes a connection serves, and hears nothing', async () => {
    await using origin = await serve();
    assert.equal(await check({ kind: 'tcp' }, origin.address.port), undefined);
    const { port } = origin.address;
    await origin[Symbol.asyncDispose]();
    assert.match((await check({ kind: 'tcp' }, port)) ?? '', /ECONNREFUSED/);
  });

  it('HTTP: asks as it is told to', async () => {
    const { asked, port } = await verdict(['HTTP/1.1 200 OK\r\n\r\n'], { kind: 'http', path: '/up?x=1' });
    assert.match(asked, new RegExp(`^GET /up\\?x=1 HTTP/1\\.1\r\nHost: 127\\.0\\.0\\.1:${port}\r\n`));
    assert.match(asked, /\r\nConnection: close\r\n\r\n$/);
    const named = await verdict(['HTTP/1.1 200 OK\r\n\r\n'], { kind: 'http', host: 'api.test' });
    assert.match(named.asked, /\r\nHost: api\.test\r\n/);
  });

  it('HTTP: judges by the status, in whatever pieces it comes, informational answers aside', async () => {
    const cases: readonly (readonly [readonly string[], string | undefined, boolean?])[] = [
      [['HTTP/1.1 204 No Content\r\n\r\n'], undefined],
      [['HTTP/1.0 200 OK\r\n\r\n'], undefined],
      [['HTTP/1.1 200\r\n\r\n'], undefined],
      [['HTTP/1.1 2', '00 OK\r', '\n'], undefined],
      [['HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'], undefined],
      [['HTTP/1.1 103 Early', ' Hints\r\nLink: x\r\n', '\r\nHTTP/1.1 5', '00 No\r\n\r\n'], 'status 500'],
      [['HTTP/1.1 302 Found\r\n\r\n'], 'status 302'],
      [['HTTP/1.1 503 No\r\n\r\n'], 'status 503'],
      [['HTTP/2 200\r\n\r\n'], 'its answer is no HTTP/1.1'],
      [['SSH-2.0-OpenSSH\r\n'], 'its answer is no HTTP/1.1'],
      [['x'.repeat(70_000)], 'its answer does not end'],
      [[`HTTP/1.1 103 A\r\n${'x'.repeat(70_000)}`], 'its answer does not end'],
      [[''], 'it closed before it answered', true],
      [['HTTP/1.1 2'], 'it closed before it answered', true],
    ];
    for (const [pieces, expected, closes] of cases)
      assert.equal((await verdict(pieces, { kind: 'http' }, closes)).why, expected, pieces.join('|').slice(0, 80));
  });

  it('HTTP: other statuses may be expected', async () => {
    const policy: HealthCheck = {
      kind: 'http',
      expected: [
        { from: 200, to: 200 },
        { from: 401, to: 403 },
      ],
    };
    const statuses = [200, 204, 400, 401, 403, 404];
    const verdicts = await Promise.all(statuses.map((status) => verdict([`HTTP/1.1 ${status} X\r\n\r\n`], policy)));
    assert.deepEqual(
      verdicts.map(({ why }) => why === undefined),
      [true, false, false, true, true, false],
    );
  });

  it('another port than the endpoint’s may be asked', async () => {
    await using origin = await serve();
    assert.equal(await check({ kind: 'tcp', port: origin.address.port }, 1), undefined);
  });

  it('is called off while it connects and while it waits, and leaves no connection', async () => {
    await using silent = await serve();
    await using nobody = await serveNobody();
    for (const port of [silent.address.port, nobody.address.port]) {
      const aborter = new AbortController();
      const asked = check({ kind: 'http' }, port, aborter.signal);
      const socket = port === silent.address.port ? await silent.next() : undefined;
      const closed =
        socket &&
        new Promise((resolve) =>
          socket
            .on('close', resolve)
            .resume()
            .on('end', () => socket.end()),
        );
      aborter.abort();
      assert.equal(await asked, 'called off');
      await closed;
    }
  });
});
