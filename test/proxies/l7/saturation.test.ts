/** Endpoints with as many connections as they may have: another one is taken, else the client hears so at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { definition } from '#proxies/l7/l7-http.ts';
import { answering, ok, Origin, Reader, setup } from './lab.ts';
import { connect } from 'node:net';

const get = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const silent = (): void => {};

test('503 with Retry-After where the only endpoint is full; served again once it is not', async () => {
  await using lab = await setup(silent, { limits: { upstreamPerEndpoint: 1 } });
  const waiting = (await lab.client()).send(get);
  const origin = await lab.origin.connection(0);
  await origin.sees('\r\n\r\n');
  const refused = await lab.exchange(get);
  assert.match(refused, /^HTTP\/1\.1 503 /);
  assert.match(refused, /^Retry-After: \d+\r$/m);
  assert.equal(lab.origin.connections.length, 1);
  origin.send(ok);
  assert.match(await waiting.end(), /ok$/);
  const next = (await lab.client()).send(get);
  await origin.until(() => origin.text.split('GET ').length === 3); // the pooled connection
  origin.send(ok);
  assert.match(await next.end(), /ok$/);
});

test('another endpoint where one is full', async () => {
  await using busy = await new Origin(silent).listen();
  await using free = await new Origin(answering(ok)).listen();
  await using proxy = await definition.start(
    {
      listener: { address: { host: '127.0.0.1', port: 0 } },
      clusters: [{ name: 'o', endpoints: [busy, free].map(({ port }) => ({ host: '127.0.0.1', port })) }],
      defaultCluster: 'o',
      limits: { upstreamPerEndpoint: 1 },
    },
    new AbortController().signal,
  );
  const clients = Array.from({ length: 6 }, () => new Reader(connect(proxy.address.port, '127.0.0.1')));
  try {
    // One request at a time: the first that the silent origin gets stays there, and with it its only connection.
    const stuck = clients[0]!;
    stuck.send(get);
    await Promise.race([busy.connection(0), stuck.end()]);
    for (const client of clients.slice(1)) {
      client.send(get);
      const served = client.end().then(() => true);
      const taken = busy.connections.length === 0 ? busy.connection(0).then(() => false) : served;
      if (await Promise.race([served, taken])) assert.match(client.text, /^HTTP\/1\.1 200 /);
    }
    assert.equal(busy.connections.length, 1);
  } finally {
    for (const { socket } of clients) socket.destroy();
  }
});
