/** What an intent asks for and an L7 reference does not do is refused by name, never ignored. */
import { IntentError, type IntentProblem } from '../config/intent-error.ts';
import type { ProxyIntent } from '../config/intent.ts';

export interface Offered {
  readonly name: string;
  /** Terminates TLS: then certificates are needed. */
  readonly termination: boolean;
  /** Speaks TLS to every origin; others do where a cluster says so. */
  readonly reencrypts: boolean;
  /** Goes where each request says. */
  readonly forward: boolean;
}

/** Throws `IntentError` with everything that `intent` asks for in vain. */
export function checkOffered(intent: ProxyIntent, { name, termination, forward }: Offered): void {
  const { listener, clusters } = intent;
  const problems: IntentProblem[] = [];
  const refuse = (refused: boolean, path: string, message: string): void => {
    if (refused) problems.push({ path, message });
  };
  const certified = listener.tls !== undefined;
  refuse(termination && !certified, 'listener.tls', 'a certificate and its key are needed to terminate TLS');
  refuse(!termination && certified, 'listener.tls', `${name} speaks plain HTTP to its clients; l7-tls terminates TLS`);
  refuse(intent.l4 !== undefined, 'l4', `${name} has no rules below HTTP; l4-tcp does`);
  refuse(intent.sniRoutes !== undefined, 'sniRoutes', `${name} routes requests; l4-sni routes connections`);
  refuse(!forward && intent.forward !== undefined, 'forward', `${name} is no forward proxy; l7-forward is`);
  refuse(forward && intent.routes !== undefined, 'routes', `${name} goes where each request says`);
  for (const [index, { tls, proxyProtocol }] of clusters.entries()) {
    const path = `clusters[${index}]`;
    refuse(forward && tls !== undefined, `${path}.tls`, `${name} goes where each request says, by plain HTTP`);
    // A pooled connection serves many clients: a header at its start could tell of one of them only.
    refuse(
      proxyProtocol !== undefined,
      `${path}.proxyProtocol`,
      `${name} shares connections to origins; l4-tcp does not`,
    );
  }
  if (problems.length > 0) throw new IntentError(problems);
}
