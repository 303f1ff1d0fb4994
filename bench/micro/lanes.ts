/** Client connections of an L7 hop without sockets: what `l7-http` does with a request and its answer, and nothing else. */
import type { FilterSettings, ProxyIntent } from '#proxies/config/intent.ts';
import type { Filter } from '#proxies/filters/contract.ts';
import { FILTERS } from '#proxies/filters/registry.ts';
import { ClientConnection } from '#proxies/l7/client-connection.ts';
import type { Dial } from '#proxies/l7/dial.ts';
import { Service } from '#proxies/l7/service.ts';
import type { ConnectHandler } from '#proxies/net/wire.ts';
import { NowhereWire } from './nowhere.ts';

/** One connection from a client; a request is over before the next one comes. */
export interface Lane {
  /** Whether the origin has it: filters that promise have it wait. */
  request(octets: Buffer): boolean;
  /** The same, asked again. */
  arrived(): boolean;
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

/** What else the hop has to do. */
export interface LaneWork {
  readonly change?: Partial<ProxyIntent>;
  /** On every route, in this order. */
  readonly filters?: readonly Filter[];
}

/** They share a service, and with it the pool of connections to the origin. */
export function openLanes(count: number, { change = {}, filters = [] }: LaneWork = {}): Lane[] {
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
  const definitions = filters.map((filter, index) => ({
    name: `filter ${index}`,
    schema: { safeParse: (data: unknown) => ({ success: true, data }) as const },
    create: () => filter,
  }));
  const settings = Object.fromEntries(definitions.map(({ name }) => [name, {}])) as FilterSettings;
  const intent = { ...INTENT, ...change, filters: settings };
  const service = new Service(intent, { dial, filters: [...FILTERS, ...definitions] });
  const owner = { service, draining: false, secure: false, closed() {}, prefaced() {} };
  return Array.from({ length: count }, (): Lane => {
    const client = new NowhereWire();
    new ClientConnection(client, '127.0.0.1', owner);
    let origin: NowhereWire | undefined;
    return {
      request(octets) {
        asked = undefined;
        client.handler.onData(octets);
        return this.arrived();
      },
      arrived() {
        if (dialled !== undefined) {
          const { wire, handler } = dialled;
          dialled = undefined;
          handler.onConnect(wire);
        }
        origin = asked;
        return origin !== undefined;
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
