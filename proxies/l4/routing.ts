/** An intent made ready for connections: which cluster, which endpoints, who may come. */
import { createProbe, type Dial } from '../cluster/probe.ts';
import { ClusterRuntime, type RuntimeOptions } from '../cluster/runtime.ts';
import { limitsOf, timeoutsOf } from '../config/defaults.ts';
import { IntentError, type IntentProblem } from '../config/intent-error.ts';
import type { Endpoint, Limits, ProxyIntent, SniRoute, Timeouts } from '../config/intent.ts';
import { requireOffered, type Offers } from '../config/offers.ts';
import { sourceRule } from '../net/address-rules.ts';
import type { ClientHello } from '../net/client-hello.ts';
import { connectWire } from '../net/connect.ts';
import type { OnClusterEvent } from '../stats/cluster-events.ts';

export interface Upstream {
  readonly cluster: ClusterRuntime;
  readonly connectTimeout: number;
}

export interface L4Routing {
  readonly intent: ProxyIntent;
  readonly limits: Limits;
  readonly timeouts: Timeouts;
  /** Undefined: everybody may come. */
  readonly admits: ((address: string) => boolean) | undefined;
  readonly upstreams: ReadonlyMap<string, Upstream>;
  /** Somebody will ask who the client was, maybe when it is gone. Otherwise nobody asks the system. */
  readonly identifies: boolean;
  /** Undefined: nowhere to go for this hello. */
  choose(hello: ClientHello | undefined): Upstream | undefined;
  /** Policies of its clusters begin, and go on with what is known under `previous`, whose own end. */
  start(previous?: L4Routing): void;
  /** Policies end; what is under way goes on. */
  close(): void;
}

const dial: Dial = (endpoint, handler, timeout) => connectWire(endpoint, handler, { timeout });

/** What else a mode of L4 takes from the intent. */
export interface L4Mode {
  readonly name: string;
  readonly offers: Offers;
  readonly sni: boolean;
}

/** `*.example.org` matches one or more labels in front, as Envoy's filter chain match does. */
function matchesName(pattern: string, name: string): boolean {
  const wanted = pattern.toLowerCase();
  if (wanted === '*') return true;
  return wanted.startsWith('*.') ? name.endsWith(wanted.slice(1)) && name.length > wanted.length - 1 : name === wanted;
}

function matchesHello(route: SniRoute, hello: ClientHello): boolean {
  const { serverNames = [], alpn = [] } = route;
  const { serverName } = hello;
  if (serverNames.length > 0) {
    if (serverName === undefined || !serverNames.some((pattern) => matchesName(pattern, serverName))) return false;
  }
  return alpn.length === 0 || alpn.some((protocol) => hello.alpn.includes(protocol));
}

/** Throws `IntentError` where the intent asks for what `mode` does not offer, or leads nowhere. Nothing of it runs before its start. */
export function compileRouting(intent: ProxyIntent, mode: L4Mode, onEvent?: OnClusterEvent): L4Routing {
  requireOffered(mode.name, mode.offers, intent);
  const problems: IntentProblem[] = [];
  const refuse = (path: string, message: string) => problems.push({ path, message });
  const allowPorts = intent.l4?.allowPorts;
  const timeouts = timeoutsOf(intent);
  const upstreams = new Map<string, Upstream>();
  intent.clusters.forEach((cluster, index) => {
    const path = `clusters[${index}]`;
    const permits = ({ port }: Endpoint): boolean => !allowPorts || allowPorts.includes(port);
    const endpoints = cluster.endpoints.filter(permits);
    if (endpoints.length === 0 && (cluster.discovery === undefined || cluster.endpoints.length > 0))
      return refuse(
        `${path}.endpoints`,
        allowPorts
          ? `none at a port of l4.allowPorts (${allowPorts.join(', ')})`
          : 'a cluster needs at least one endpoint',
      );
    const options: RuntimeOptions = {
      permits,
      ...(onEvent && { onEvent }),
      ...(cluster.healthCheck && { probe: createProbe(cluster.healthCheck, { dial }) }),
    };
    upstreams.set(cluster.name, {
      cluster: new ClusterRuntime({ ...cluster, endpoints }, options),
      connectTimeout: cluster.connectTimeout ?? timeouts.connect,
    });
    return undefined;
  });
  const named = (path: string, name: string) =>
    intent.clusters.some((cluster) => cluster.name === name) || refuse(path, `no cluster is called ${name}`);
  const sniRoutes = intent.sniRoutes ?? [];
  sniRoutes.forEach((route, index) => named(`sniRoutes[${index}].cluster`, route.cluster));
  if (intent.defaultCluster !== undefined) named('defaultCluster', intent.defaultCluster);
  else if (!mode.sni || sniRoutes.length === 0) refuse('defaultCluster', `${mode.name} needs to know where to go`);
  const admits = sourceRule(intent.l4 ?? {});
  if (problems.length > 0) throw new IntentError(problems);

  const byDefault = intent.defaultCluster === undefined ? undefined : upstreams.get(intent.defaultCluster);
  return {
    intent,
    limits: limitsOf(intent),
    timeouts,
    admits,
    upstreams,
    identifies:
      admits !== undefined ||
      intent.accessLog !== undefined ||
      intent.clusters.some(({ policy, proxyProtocol }) => proxyProtocol !== undefined || policy === 'source-ip'),
    choose(hello) {
      const route = hello && sniRoutes.find((candidate) => matchesHello(candidate, hello));
      return route ? upstreams.get(route.cluster) : byDefault;
    },
    start(previous) {
      for (const [name, { cluster }] of upstreams) cluster.start(previous?.upstreams.get(name)?.cluster);
      for (const [name, { cluster }] of previous?.upstreams ?? []) if (!upstreams.has(name)) cluster.close();
    },
    close() {
      for (const { cluster } of upstreams.values()) cluster.close();
    },
  };
}
