/** Which scenario of a run varies what the ledger needs varied, all else as in the plain keep-alive one. */
import type { Scenario, Traffic } from '#bench/model/scenario.ts';
import { keepAlive } from '../between.ts';

type Http = Extract<Traffic, { kind: 'http' }>;

/** Role → the scenario's usual name, for whoever has to add it, and how it is known. */
const ROLES = {
  head: { usual: 'http-large-head', is: ({ axis }) => axis === 'head' },
  download: { usual: 'http-download-1m', is: ({ axis }, { request }) => axis === 'payload' && request.bodyBytes === 0 },
  upload: { usual: 'http-upload-64k', is: ({ axis }, { request }) => axis === 'payload' && request.bodyBytes > 0 },
  connection: { usual: 'http-new-connection', is: ({ axis }, { tls }) => axis === 'connection' && tls === 'none' },
  resumed: { usual: 'tls-resumed', is: ({ axis }, { tls }) => axis === 'handshake' && tls === 'resumed' },
  handshake: { usual: 'tls-full-handshake', is: ({ axis }, { tls }) => axis === 'handshake' && tls === 'full' },
} as const satisfies Record<string, { usual: string; is: (scenario: Scenario, traffic: Http) => boolean }>;

export type Role = keyof typeof ROLES | 'plain' | 'encrypted';

export const USUAL: Readonly<Record<Role, string>> = {
  plain: 'http-small',
  encrypted: 'tls-keepalive',
  head: ROLES.head.usual,
  download: ROLES.download.usual,
  upload: ROLES.upload.usual,
  connection: ROLES.connection.usual,
  resumed: ROLES.resumed.usual,
  handshake: ROLES.handshake.usual,
};

export function scenarioOf(role: Role, scenarios: readonly Scenario[]): Scenario | undefined {
  const named = (name: string | undefined) => scenarios.find((scenario) => scenario.name === name);
  if (role === 'plain' || role === 'encrypted') return named(keepAlive(scenarios, role === 'encrypted'));
  const { is } = ROLES[role];
  return scenarios.find((scenario) => scenario.traffic.kind === 'http' && is(scenario, scenario.traffic));
}

export const httpOf = (scenario: Scenario): Http | undefined =>
  scenario.traffic.kind === 'http' ? scenario.traffic : undefined;
