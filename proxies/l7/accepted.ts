/** Connections from clients, whatever they speak. */
import type { Wire } from '../net/wire.ts';
import type { Reason } from '../stats/reasons.ts';
import type { Service } from './service.ts';

/** One, as its server sees it. */
export interface Accepted {
  /** Closes when what is under way is over. */
  drain(): void;
  /** Ends it at once. `reason`: why what is under way has to end. */
  destroy(reason: Reason): void;
}

/** What such a connection belongs to. */
export interface Owner {
  /** The service that new exchanges fall under. */
  readonly service: Service;
  readonly draining: boolean;
  readonly secure: boolean;
  /** It begins as HTTP/2 does, where that is spoken in the clear: `early` is what was read. The wire's handler is to be replaced now. */
  prefaced(connection: Accepted, wire: Wire, address: string, early: Buffer): void;
  closed(connection: Accepted): void;
}
