/** Why an origin gave no answer, or not all of it, and what the client is told then. */
import { connectReason, type Reason } from '../stats/reasons.ts';

export const FAILURE_STATUS = {
  upstream_name: 502,
  upstream_connect: 502,
  upstream_connect_timeout: 504,
  upstream_closed: 502,
  upstream_reset: 502,
  upstream_refused: 503,
  upstream_overflow: 503,
  upstream_cancelled: 502,
  upstream_malformed: 502,
  upstream_timeout: 504,
  destination_denied: 403,
} as const satisfies Partial<Record<Reason, number>>;

export type OriginFailure = keyof typeof FAILURE_STATUS;

/** Why there is no connection. EACCES: the rules of a forward proxy do not let it through to where its name leads. */
export const connectFailure = (error: NodeJS.ErrnoException): OriginFailure =>
  error.code === 'EACCES' ? 'destination_denied' : connectReason(error);
