/**
 * Something that runs elsewhere (a cloud load balancer, a cluster's ingress) as a subject: nothing is started, no process is ours,
 * so there are no CPU figures. Whoever composes a run asks for the user's word that the target is theirs, and caps the rate.
 */
import { connect } from 'node:net';
import type { Endpoint } from '../config/intent.ts';
import { IntentError } from '../config/intent-error.ts';
import type { Capability, ProxyDefinition, RunningProxy } from '../contract.ts';

const PROTOCOLS = {
  'tcp:': { layer: 'l4', port: 0 },
  'http:': { layer: 'l7', port: 80 },
  'https:': { layer: 'l7', port: 443 },
} as const;

const PATIENCE = 5_000;

export interface ExternalTarget extends ProxyDefinition {
  readonly external: {
    readonly address: Endpoint;
    /** What HTTP load asks for, and what stands in for the checks by nonce. `/` for TCP. */
    readonly path: string;
    readonly tls: boolean;
    /** SNI and the name that a certificate must be for. */
    readonly serverName: string;
  };
}

const expected = 'expected name=tcp://host:port, name=http://host:port/path or name=https://host:port/path';

/**
 * `name=tcp://host:port`, `name=http://host:port/path`, `name=https://…`, as given on the command line.
 * @throws Error that says what was expected.
 */
export function parseTarget(text: string): ExternalTarget {
  const fail = (what: string): never => {
    throw new Error(`target '${text}': ${what}; ${expected}`);
  };
  const [, name, rest = ''] =
    /^([a-z0-9][a-z0-9-]*)=(.+)$/.exec(text) ?? fail('no name of lower-case letters and dashes');
  if (!URL.canParse(rest)) return fail('not a URL');
  const url = new URL(rest);
  const protocol = PROTOCOLS[url.protocol as keyof typeof PROTOCOLS] ?? fail(`${url.protocol}// is not known`);
  if (url.username !== '' || url.password !== '' || url.hash !== '')
    fail('no user, password or fragment may stand in it');
  if (protocol.layer === 'l4' && !['', '/'].includes(`${url.pathname}${url.search}`)) fail('TCP has no path');
  const port = url.port === '' ? protocol.port : Number(url.port);
  if (port === 0) fail('no port');
  const address = { host: url.hostname.replace(/^\[|\]$/g, ''), port };
  const tls = url.protocol === 'https:';
  return {
    name: name!,
    layer: protocol.layer,
    summary: `runs elsewhere: ${rest}; no CPU figures`,
    capabilities: new Set<Capability>(tls ? ['tls-termination'] : []),
    external: { address, path: `${url.pathname || '/'}${url.search}`, tls, serverName: address.host },
    availability: () => Promise.resolve({ state: 'ready', version: 'external' }),
    async start(intent, signal): Promise<RunningProxy> {
      // It forwards to where its owner configured it to; an intent can only name it.
      if (intent.clusters.length > 0)
        throw new IntentError([
          { path: 'clusters', message: `capability not offered: ${name} runs elsewhere and has its own configuration` },
        ]);
      await reach(address, signal);
      return { address, pids: [], nativeConfig: `external: ${rest}`, [Symbol.asyncDispose]: () => Promise.resolve() };
    },
  };
}

/** One connection, closed at once. Rejects with the system's error, or ETIMEDOUT. */
function reach({ host, port }: Endpoint, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
  const socket = connect({ host, port, signal: limit }, resolve);
  socket.once('error', (error) => {
    const late = limit.aborted && !signal.aborted;
    reject(
      late
        ? Object.assign(new Error(`${host}:${port} did not answer within ${PATIENCE} ms`), { code: 'ETIMEDOUT' })
        : error,
    );
  });
  return promise.finally(() => socket.destroy());
}
