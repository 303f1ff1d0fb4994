/** Client connections of an L7 hop without sockets: what `l7-http` does with a request and its answer, and nothing else. */
import type { ProxyIntent } from '#proxies/config/intent.ts';
import { ClientConnection } from '#proxies/l7/client-connection.ts';
import type { Dial } from '#proxies/l7/dial.ts';
import { Service } from '#proxies/l7/service.ts';
import type { ConnectHandler } from '#proxies/net/wire.ts';
import { NowhereWire } from './nowhere.ts';

/** One connection from a client; a request is over before the next one comes. */
export interface Lane {
  request(octets: Buffer): void;
  answer(octets: Buffer): void;
  /** Octets that went out on both sides so far. */
  readonly written: number;
}

const INTENT: ProxyIntent = {
  listener: { address: { host: '127.0.0.1', port: 38_080 } },
  clusters: [{ name: 'origin', endpoints: [{ host: '127.0.0.1', port: 38_081 }] }],
  defaultCluster: 'origin',
  concurrency: 1,
};

/** They share a service, and with it the pool of connections to the origin. */
export function openLanes(count: number): Lane[] {
  let dialled: { wire: NowhereWire; handler: ConnectHandler } | undefined;
  /** The connection that was written to last: it carries the request that was read last. */
  let asked: NowhereWire | undefined;
  const dial: Dial = (_endpoint, handler) => {
    const wire = new NowhereWire();
    wire.handler = handler;
    wire.onText = () => {
      asked = wire;
    };
    dialled = { wire, handler };
    return { abandon() {} };
  };
  const service = new Service(INTENT, { dial });
  const owner = { service, draining: false, secure: false, closed() {} };
  return Array.from({ length: count }, (): Lane => {
    const client = new NowhereWire();
    new ClientConnection(client, '127.0.0.1', owner);
    let origin: NowhereWire | undefined;
    return {
      request(octets) {
        client.handler.onData(octets);
        if (dialled !== undefined) {
          const { wire, handler } = dialled;
          dialled = undefined;
          handler.onConnect(wire);
        }
        origin = asked;
      },
      answer(octets) {
        origin?.handler.onData(octets);
      },
      get written() {
        return client.written + (origin?.written ?? 0);
      },
    };
  });
}
