/** A proxy that is its own origin says so, instead of asking itself until descriptors run out. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { createCertificate } from '#bench/lab/certificates.ts';
import type { ProxyIntent } from '#proxies/config/intent.ts';
import type { ProxyDefinition } from '#proxies/contract.ts';
import { proxies } from '#proxies/registry.ts';
import { answering, ok, Reader, setup } from './lab.ts';

const request = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const signal = new AbortController().signal;

async function ask(port: number, text = request): Promise<string> {
  const reader = new Reader(connect({ host: '127.0.0.1', port, allowHalfOpen: true }));
  const answer = await reader.send(text).end();
  reader.socket.destroy();
  return answer;
}

/** Started, then told that it is its own origin: by then it has a port. */
async function circle(definition: ProxyDefinition, host = '127.0.0.1', more: Partial<ProxyIntent> = {}) {
  const intent = (port: number): ProxyIntent => ({
    listener: { address: { host: '127.0.0.1', port: 0 } },
    defaultCluster: 'self',
    stats: true,
    ...more,
    clusters: [{ name: 'self', endpoints: [{ host, port }], ...(more.listener?.tls && { tls: { verify: false } }) }],
  });
  const proxy = await definition.start(intent(1), signal);
  await proxy.reload!(intent(proxy.address.port));
  return proxy;
}

describe('a proxy whose origin is itself', () => {
  it('answers 508 after one turn', async () => {
    await using proxy = await circle(proxies.get('l7-http')!);
    assert.match(await ask(proxy.address.port), /^HTTP\/1\.1 508 Loop Detected\r\n/);
    const post =
      'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n';
    assert.match(await ask(proxy.address.port, post), /^HTTP\/1\.1 508 /);
    const { listener } = await proxy.stats!();
    assert.equal(listener.traffic.requests, 4, 'each came round once');
    assert.ok(listener.traffic.connections <= 4);
  });

  it('does so by name, and on a listener of both families', async () => {
    const listener = { address: { host: '::', port: 0 } };
    await using proxy = await circle(proxies.get('l7-http')!, 'localhost', { listener });
    assert.match(await ask(proxy.address.port), /^HTTP\/1\.1 508 /);
  });

  it('does so with several event loops', async () => {
    await using proxy = await circle(proxies.get('l7-http')!, '127.0.0.1', { concurrency: 2 });
    for (let turn = 0; turn < 8; turn++) assert.match(await ask(proxy.address.port), /^HTTP\/1\.1 508 /);
    const { listener } = await proxy.stats!();
    assert.ok(listener.traffic.connections < 100, `${listener.traffic.connections} connections`);
  });

  it('serves clients whose connections are their own', async () => {
    await using lab = await setup(answering(ok));
    const { port } = lab.proxy.address;
    for (let turn = 0; turn < 3; turn++) assert.match(await ask(port), /^HTTP\/1\.1 200 /);
  });

  it('goes round over TLS no more often', async () => {
    const { cert, key, ca, serverName } = createCertificate();
    const own = { address: { host: '127.0.0.1', port: 0 }, tls: { certificates: [{ cert, key }] } };
    await using proxy = await circle(proxies.get('l7-tls-reencrypt')!, '127.0.0.1', { listener: own });
    const reader = new Reader(tlsConnect({ ...proxy.address, ca, servername: serverName }));
    assert.match(await reader.send(request).end(), /^HTTP\/1\.1 508 /);
    reader.socket.destroy();
    const { listener } = await proxy.stats!();
    assert.equal(listener.traffic.requests, 2);
  });
});

it('a request that names this hop in Via has been here', async () => {
  await using lab = await setup(answering(ok), { forwarding: { via: 'hop' } });
  const via = (...values: string[]) =>
    `GET / HTTP/1.1\r\nHost: a\r\n${values.map((value) => `Via: ${value}\r\n`).join('')}Connection: close\r\n\r\n`;
  for (const values of [['1.1 hop'], ['1.0 fred, HTTP/1.1 HOP (hopcost)'], ['1.0 fred', '1.1\thop']])
    assert.match(await lab.exchange(via(...values)), /^HTTP\/1\.1 508 /, values.join());
  for (const values of [['1.1 hop2'], ['1.1 fred (hop)'], ['hop'], []])
    assert.match(await lab.exchange(via(...values)), /^HTTP\/1\.1 200 /, values.join());
});
