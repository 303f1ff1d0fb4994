/**
 * The connections that this proxy has to itself. A request that comes by one of them would go round until descriptors run out: it is
 * answered with 508 (RFC 5842 §7.2). Costs nothing where no endpoint has the listener's port. Other event loops of the same proxy do not
 * see it; a request that goes round among them soon meets one that does.
 */
import type { Wire } from '../net/wire.ts';

const plain = (address: string): string => (address.startsWith('::ffff:') ? address.slice(7) : address);

export class OwnConnections {
  /** Of the listener; 0 until it is known. */
  port = 0;
  /** Local address and port of each. */
  readonly #open = new Set<string>();

  /** Notes a connection to `port` before anything is sent by it. Gives what `closed` is told, undefined for one to elsewhere. */
  opened(wire: Wire, port: number): string | undefined {
    if (port !== this.port) return undefined;
    const name = `${plain(wire.localAddress)} ${wire.localPort}`;
    this.#open.add(name);
    return name;
  }

  closed(name: string | undefined): void {
    if (name !== undefined) this.#open.delete(name);
  }

  /** Whether the peer of an accepted connection is this proxy. */
  includes(wire: Wire): boolean {
    return this.#open.size > 0 && this.#open.has(`${plain(wire.remoteAddress)} ${wire.remotePort}`);
  }
}
