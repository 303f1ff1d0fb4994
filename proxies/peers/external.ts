/**
 * Something that runs elsewhere (a cloud load balancer, a cluster's ingress) as a subject: nothing is started, no process is ours,
 * so there are no CPU figures. Whoever composes a run asks for the user's word that the target is theirs, and caps the rate.
 */
import { IntentError } from '../config/intent-error.ts';
import type { Capability, External, ProxyDefinition } from '../contract.ts';

const PROTOCOLS = {
  'tcp:': { layer: 'l4', port: 0 },
  'http:': { layer: 'l7', port: 80 },
  'https:': { layer: 'l7', port: 443 },
} as const;

export interface ExternalTarget extends ProxyDefinition {
  readonly external: External;
}

const expected = 'expected name=tcp://host:port, name=http://host:port/path or name=https://host:port/path';

/**
 * `name=tcp://host:port`, `name=http://host:port/path`, `name=https://…`, as given on the command line. `ca`: PEM of the authorities
 * that an https target's certificate must chain to, instead of the public ones.
 * @throws Error that says what was expected.
 */
export function parseTarget(text: string, ca?: string): ExternalTarget {
  const fail = (what: string): never => {
    throw new Error(`target '${text}': ${what}; ${expected}`);
  };
  const [, name, rest = ''] =
    /^([A-Za-z0-9][\w-]*)=(.+)$/.exec(text) ?? fail('no name of letters, digits, dashes and underscores');
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
    family: name!,
    layer: protocol.layer,
    summary: `runs elsewhere: ${rest}; no CPU figures`,
    capabilities: new Set<Capability>(tls ? ['tls-termination'] : []),
    external: {
      address,
      url: rest,
      path: `${url.pathname || '/'}${url.search}`,
      authority: url.host,
      tls,
      serverName: address.host,
      ...(tls && ca !== undefined && { ca }),
    },
    availability: () => Promise.resolve({ state: 'ready', version: 'external' }),
    start: () =>
      Promise.reject(
        new IntentError([
          { path: 'clusters', message: `capability not offered: ${name} runs elsewhere and has its own configuration` },
        ]),
      ),
  };
}
