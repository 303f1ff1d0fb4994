/** The listener of an L7 proxy, its connections, and the service they fall under. */
import type { Endpoint } from '../config/intent.ts';
import type { RunningProxy } from '../contract.ts';
import type { ProxyIntent } from '../config/intent.ts';
import { IntentError } from '../config/intent-error.ts';
import { listenWires, type Wire, type WireListener } from '../net/wire.ts';
import { ClientConnection, type Owner } from './client-connection.ts';
import { Service, type ServiceOptions } from './service.ts';

/** Listens for wires; TLS termination is another one of these. */
export type Listen = (
  address: Endpoint,
  onWire: (wire: Wire) => void,
  options: { readonly connections: number; readonly reusePort: boolean },
) => Promise<WireListener>;

export class Server implements Owner {
  service: Service;
  draining = false;
  readonly secure: boolean;
  readonly #connections = new Set<ClientConnection>();
  #emptied: (() => void) | undefined;

  constructor(service: Service, secure: boolean) {
    this.service = service;
    this.secure = secure;
  }

  get active(): number {
    return this.#connections.size;
  }

  accept(wire: Wire): void {
    this.#connections.add(new ClientConnection(wire, this));
  }

  closed(connection: ClientConnection): void {
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#emptied?.();
  }

  /** Resolves when all connections are closed; after `deadline` ms they are, whatever they do. */
  async drain(deadline: number): Promise<void> {
    this.draining = true;
    for (const connection of this.#connections) connection.drain();
    if (this.#connections.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#emptied = resolve;
    const timer = setTimeout(() => this.destroy(), deadline);
    await promise;
    clearTimeout(timer);
  }

  destroy(): void {
    for (const connection of this.#connections) connection.destroy();
  }
}

export interface ServerOptions extends ServiceOptions {
  readonly secure?: boolean;
  readonly listen?: Listen;
  /** Called before a new intent takes effect; throws `IntentError` to refuse it. */
  readonly onReload?: (intent: ProxyIntent) => void;
}

/** Starts the common part of all L7 references. */
export async function startServer(
  intent: ProxyIntent,
  options: ServerOptions,
  signal: AbortSignal,
): Promise<RunningProxy> {
  signal.throwIfAborted();
  const { host, port } = intent.listener.address;
  const server = new Server(new Service(intent, `${host}:${port}`, options), options.secure === true);
  const listener = await (options.listen ?? listenWires)(intent.listener.address, (wire) => server.accept(wire), {
    connections: server.service.limits.connections,
    reusePort: (intent.concurrency ?? 1) > 1,
  });
  const stop = async (): Promise<void> => {
    server.destroy();
    server.service.close();
    await listener.close();
  };
  if (signal.aborted) {
    await stop();
    signal.throwIfAborted();
  }
  return {
    address: listener.address,
    pids: [process.pid],
    nativeConfig: JSON.stringify(intent, undefined, 2),
    async reload(next) {
      const { address } = next.listener;
      if (address.host !== host || (address.port !== port && address.port !== listener.address.port)) {
        throw new IntentError([
          { path: 'listener.address', message: 'cannot change while the proxy runs; start another' },
        ]);
      }
      const service = new Service(next, `${address.host}:${address.port}`, options);
      options.onReload?.(next);
      const old = server.service;
      server.service = service;
      old.close();
    },
    async drain() {
      await listener.close();
      await server.drain(server.service.timeouts.drain);
      server.service.close();
    },
    [Symbol.asyncDispose]: stop,
  };
}
