/** A connection that is being opened for a CONNECT request. */
import type { Endpoint } from '../config/intent.ts';
import type { ConnectHandler, Connecting, Wire } from '../net/wire.ts';
import type { Dial } from './dial.ts';
import { connectFailure, type OriginFailure } from './failure.ts';

export interface TunnelOwner {
  onTunnelOpen(wire: Wire): void;
  /** `error`: what the system said. */
  onTunnelFailure(failure: OriginFailure, error: string): void;
}

export class TunnelAttempt implements ConnectHandler {
  readonly #owner: TunnelOwner;
  readonly #connecting: Connecting;

  constructor(dial: Dial, endpoint: Endpoint, timeout: number, owner: TunnelOwner) {
    this.#owner = owner;
    this.#connecting = dial(endpoint, this, timeout);
  }

  abandon(): void {
    this.#connecting.abandon();
  }

  onConnect(wire: Wire): void {
    this.#owner.onTunnelOpen(wire);
  }

  onConnectError(error: NodeJS.ErrnoException): void {
    this.#owner.onTunnelFailure(connectFailure(error), error.message);
  }

  // The owner gives the wire another handler before it is read.
  onData(): void {}
  onEnd(): void {}
  onDrain(): void {}
  onClose(): void {}
}
