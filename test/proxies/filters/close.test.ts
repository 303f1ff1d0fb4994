/** Filters whose configuration was replaced: those who are amid an exchange keep them until it is over; then each is closed, once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Filter } from '#proxies/filters/contract.ts';
import { ok } from '../l7/lab.ts';
import { settings, setupFilters } from './lab.ts';

const get = 'GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

function spied(): Filter & { readonly closed: number } {
  let closed = 0;
  return {
    get closed() {
      return closed;
    },
    request: () => undefined,
    close: () => void closed++,
  };
}

test('a reload closes filters once the last exchange that meets them is over', async () => {
  const release = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const filter = spied();
  await using lab = await setupFilters(
    async (connection) => {
      await connection.until(() => connection.text.includes('\r\n\r\n'));
      arrived.resolve();
      await release.promise;
      connection.socket.write(ok);
    },
    { spy: filter },
  );
  const answer = lab.exchange(get);
  await arrived.promise;
  const { address } = lab.proxy;
  const cluster = { name: 'origin', endpoints: [{ host: '127.0.0.1', port: lab.origin.port }] };
  await lab.proxy.reload!({ listener: { address }, clusters: [cluster], defaultCluster: 'origin', stats: true });
  assert.equal(filter.closed, 0);
  release.resolve();
  assert.match(await answer, /^HTTP\/1\.1 200/);
  assert.equal(filter.closed, 1);
});

test('without an exchange they are closed at once, and never twice', async () => {
  const filter = spied();
  {
    await using lab = await setupFilters(() => {}, { spy: filter });
    const { address } = lab.proxy;
    const cluster = { name: 'origin', endpoints: [{ host: '127.0.0.1', port: lab.origin.port }] };
    const next = { listener: { address }, clusters: [cluster], defaultCluster: 'origin', stats: true };
    await lab.proxy.reload!({ ...next, filters: settings({ spy: {} }) });
    assert.equal(filter.closed, 1);
    await lab.proxy.drain!();
    assert.equal(filter.closed, 2); // of the second configuration
  }
  assert.equal(filter.closed, 2);
});

test('a client that goes away ends its exchange, and with it the filters', async () => {
  const arrived = Promise.withResolvers<void>();
  const filter = spied();
  await using lab = await setupFilters(
    async (connection) => {
      await connection.until(() => connection.text.includes('\r\n\r\n'));
      arrived.resolve();
    },
    { spy: filter },
  );
  const client = await lab.client();
  client.socket.write(get);
  await arrived.promise;
  const { address } = lab.proxy;
  const cluster = { name: 'origin', endpoints: [{ host: '127.0.0.1', port: lab.origin.port }] };
  await lab.proxy.reload!({ listener: { address }, clusters: [cluster], defaultCluster: 'origin', stats: true });
  assert.equal(filter.closed, 0);
  client.socket.resetAndDestroy();
  while (filter.closed === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(filter.closed, 1);
});
