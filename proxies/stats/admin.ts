/** The admin listener: `/stats` as JSON, `/metrics` as Prometheus text. Never on the port that is measured. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Endpoint } from '../config/intent.ts';
import { prometheusText } from './prometheus.ts';
import type { ProxyStats } from './traffic.ts';

export interface Admin extends AsyncDisposable {
  readonly address: Endpoint;
}

interface Page {
  readonly type: string;
  render(stats: ProxyStats): string;
}

const pages: ReadonlyMap<string | undefined, Page> = new Map([
  ['/stats', { type: 'application/json', render: (stats) => `${JSON.stringify(stats, null, 2)}\n` }],
  ['/metrics', { type: 'text/plain; version=0.0.4; charset=utf-8', render: prometheusText }],
]);

/** Rejects with the system's error (EADDRINUSE, EACCES). */
export async function startAdmin(listener: Endpoint, stats: () => Promise<ProxyStats>): Promise<Admin> {
  const server = createServer((request, response) => {
    const page = pages.get(request.url);
    if (!page) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end(`there are ${[...pages.keys()].join(' and ')}\n`);
      return;
    }
    stats()
      .then((now) => page.render(now))
      .then(
        (text) => response.writeHead(200, { 'content-type': page.type }).end(text),
        () => response.writeHead(503).end(),
      );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listener.port, listener.host, resolve);
  });
  server.on('error', () => {}); // a failed accept (EMFILE) concerns one connection, not the listener
  const { address: host, port } = server.address() as AddressInfo;
  return {
    address: { host, port },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
