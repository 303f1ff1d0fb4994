/**
 * Everything that one trial needs besides load: the origin, the proxy in front of it (none for direct, several in a row for a
 * chain), each in processes of its own, pinned, proved to be the one that answers. One disposable scope; what was started last is stopped first.
 */
import type { BackendOptions } from '#backends/contract.ts';
import { backends } from '#backends/registry.ts';
import type { Availability, ProxyDefinition } from '#proxies/contract.ts';
import type { Endpoint, Fault, FilterSettings, ProxyIntent } from '#proxies/config/intent.ts';
import { portOwnership } from '#proxies/platform/processes.ts';
import type { Placement } from '#bench/model/record.ts';
import { type Scenario, type Traffic, usesHttp2, usesTls } from '#bench/model/scenario.ts';
import type { Warning } from '#bench/model/warning.ts';
import type { RunCertificate } from './certificates.ts';
import { HostChild, type EventLoopTimes } from './child.ts';
import { watchDescriptors } from './descriptors.ts';
import { ask, type Ask } from './http-client.ts';
import { askHttp2 } from './http2-client.ts';
import { type Identity, identityOf } from './identity.ts';
import { startProxy, type ProxyRoot, type StartedProxy } from './started-proxy.ts';
import { Wire, type Target } from './wire.ts';

/** What all topologies of a run have in common. */
export interface TopologyShared {
  readonly placement: Placement;
  readonly certificate: RunCertificate;
}

export interface TopologySpec extends TopologyShared, ProxyRoot {
  readonly scenario: Pick<Scenario, 'origin' | 'traffic' | 'upstream'>;
  /** The proxy under test, of the registry or not; absent for direct. */
  readonly definition?: ProxyDefinition;
  /** So many of it in a row, each leading to the next; 1 where absent. */
  readonly hops?: number;
  /** Workers of the proxy; 1 unless scaling is measured. */
  readonly concurrency: number;
  /** Injected into the proxy, to prove that it is seen. */
  readonly fault?: Fault;
  /** Of the proxy, told where the origin is: services that filters ask are that as well. */
  readonly filters?: (origin: Endpoint) => FilterSettings;
  /** What several subjects have in common; one of its own where absent. */
  readonly origins?: Origins;
}

/** What load needs to know of where it goes. */
export interface Way extends AsyncDisposable {
  /** Where load goes. */
  readonly target: Endpoint;
  /** Present where the client speaks TLS. */
  readonly tls?: { readonly ca?: string; readonly serverName: string };
  /** Sent instead of the scenario's own; only where the way leads elsewhere. */
  readonly traffic?: Traffic;
  /** Requests, and connections, a second that may be sent; only where the way leads elsewhere. */
  readonly maxRate?: number;
  /** Absent where the way leads elsewhere. */
  readonly origin?: {
    /** Where it listens itself, past the proxy. */
    readonly target: Target;
    readonly pids: readonly number[];
    counters(): Promise<{ readonly connections: number; readonly requests: number }>;
    eventLoop(): Promise<EventLoopTimes>;
  };
  /** Absent for direct. Of a chain: all of its hops together. */
  readonly proxy?: {
    readonly pids: readonly number[];
    readonly version: string;
    readonly nativeConfig: string;
    readonly identity: Identity;
    /** Absent where the proxy is not Node, or spreads over several processes. */
    eventLoop?(): Promise<EventLoopTimes>;
  };
  /** At the end of a trial: the same processes still run and still hold the same listeners. Undefined when all is well. */
  verify(): Warning | undefined;
  /**
   * Once the load has closed its connections, which had `requests` under way at most: waits, for a bounded time, until the proxy has given
   * back what they took of it. Undefined when it has, or where the system does not tell.
   */
  settled(requests: number, signal: AbortSignal): Promise<Warning | undefined>;
}

export type Topology = Way & Required<Pick<Way, 'origin'>>;

/**
 * Why the proxy cannot stand in a row with itself; undefined where it can. One that ends TLS speaks plain onward: a second one would have
 * none to end, and be another proxy.
 */
export const whyNotChained = ({
  capabilities,
  reencrypts,
  external,
}: Pick<ProxyDefinition, 'capabilities' | 'reencrypts' | 'external'>): string | undefined =>
  external
    ? 'it runs elsewhere'
    : capabilities.has('tls-termination') && !reencrypts
      ? 'TLS ends at its first hop, so that a second one would have none to end'
      : undefined;

const LOOPBACK: Endpoint = { host: '127.0.0.1', port: 0 };

/** What an origin speaks besides HTTP/1.1, or whatever else it speaks, in the clear. */
interface Spoken {
  readonly tls: boolean;
  readonly http2: boolean;
}

/** The origins of one generation: each is started when it is first asked for, and shared by all that lead to it. */
export class Origins implements AsyncDisposable {
  readonly #shared: TopologyShared;
  readonly #started = new Map<string, Promise<HostChild>>();

  constructor(shared: TopologyShared) {
    this.#shared = shared;
  }

  /** Error: there is no such origin. */
  get(name: string, spoken: Spoken, signal: AbortSignal): Promise<HostChild> {
    const key = JSON.stringify([name, spoken.tls, spoken.http2]);
    const known = this.#started.get(key) ?? this.#start(name, spoken, signal);
    this.#started.set(key, known);
    return known;
  }

  async #start(name: string, { tls, http2 }: Spoken, signal: AbortSignal): Promise<HostChild> {
    if (!backends.has(name))
      throw new Error(`no origin is called ${name}; there are ${[...backends.keys()].join(', ')}`);
    const { placement, certificate } = this.#shared;
    const options: BackendOptions = {
      ...(tls && { tls: { cert: certificate.cert, key: certificate.key } }),
      ...(http2 && { http2 }),
    };
    return HostChild.start(
      {
        role: `origin ${name}`,
        entry: 'backends/host.ts',
        job: { name, listener: LOOPBACK, options },
        cores: placement.origin,
      },
      signal,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const started = await Promise.allSettled(this.#started.values());
    await Promise.all(started.flatMap((one) => (one.status === 'fulfilled' ? [one.value[Symbol.asyncDispose]()] : [])));
  }
}

/** What one hop shall do: `spoken` is what its clients speak, `next` is where it leads to. */
function intentOf(
  { definition, scenario, certificate, concurrency, fault }: TopologySpec & { readonly definition: ProxyDefinition },
  next: Endpoint,
  { tls, http2 }: Spoken,
): ProxyIntent {
  const isL7 = definition.layer === 'l7';
  const certificates = [{ cert: certificate.cert, key: certificate.key }];
  const alpn = http2 ? ['h2', 'http/1.1'] : ['http/1.1'];
  return {
    listener: {
      address: LOOPBACK,
      ...(tls && { tls: { certificates, alpn } }),
      ...(http2 && isL7 && { http2: true }),
    },
    clusters: [
      {
        name: 'origin',
        endpoints: [next],
        ...(definition.reencrypts === true && { tls: trust(certificate) }),
        ...(scenario.upstream === 'http2' && isL7 && { protocol: scenario.upstream }),
      },
    ],
    defaultCluster: 'origin',
    concurrency,
    ...(fault && { fault }),
  };
}

export async function openTopology(spec: TopologySpec, signal: AbortSignal): Promise<Topology> {
  const { scenario, definition, hops: length = 1, placement, certificate } = spec;
  await using scope = new AsyncDisposableStack();

  const version = definition && requireReady(definition.name, await definition.availability());
  const tls = usesTls(scenario.traffic);
  const terminates = tls && definition?.capabilities.has('tls-termination') === true;
  const originSpeaksTls = definition?.reencrypts === true || (tls && !terminates);
  const http2 = usesHttp2(scenario.traffic);
  // Without a hop that ends HTTP it is the client whom the origin answers.
  const upstream = scenario.upstream ?? 'http1';
  const spoken = { tls: originSpeaksTls, http2: definition?.layer === 'l7' ? upstream === 'http2' : http2 };

  const origin = await (spec.origins ?? scope.use(new Origins(spec))).get(scenario.origin, spoken, signal);
  // A chain is started from its end, so that each hop leads to one that listens already. The hop that load meets comes first.
  const hops: StartedProxy[] = [];
  if (definition)
    for (let hop = length; hop > 0; hop--) {
      const next = hops[0] ?? origin;
      const meetsHttp2 = http2 && (hop === 1 || upstream === 'http2');
      const started = await startProxy(
        {
          ...spec,
          definition,
          ...(length > 1 && { role: `proxy ${definition.name}, hop ${hop} of ${length}` }),
          intent: {
            ...intentOf({ ...spec, definition }, next.address, { tls: terminates, http2: meetsHttp2 }),
            ...(spec.filters && { filters: spec.filters(origin.address) }),
          },
          cores: placement.proxy,
        },
        signal,
      );
      hops.unshift(scope.use(started));
    }

  const front = (hops[0] ?? origin).address;
  const target: Target = { ...front, ...(tls && { tls: trust(certificate) }) };
  const foreign = disowned(origin, ...hops);
  if (foreign) throw new Error(foreign.message);
  try {
    await prove(
      backends.get(scenario.origin)!.protocol === 'http'
        ? nonceProof(http2 ? askHttp2 : ask, credentialsOf(scenario.traffic))
        : proveConnection,
      origin,
      target,
      signal,
    );
  } catch (error) {
    signal.throwIfAborted();
    throw definition ? astray(definition, version ?? '', hops, error as Error) : error;
  }

  const descriptors = watchDescriptors(
    hops.map(({ role, pids, address }, i) => ({
      role,
      pids,
      listener: address.port,
      next: (hops[i + 1] ?? origin).address.port,
      layer: definition!.layer,
    })),
  );

  const children = scope.move();
  return {
    target: front,
    ...(target.tls && { tls: target.tls }),
    origin: {
      target: { ...origin.address, ...(originSpeaksTls && { tls: trust(certificate) }) },
      pids: origin.pids,
      counters: () => origin.counters(),
      eventLoop: () => origin.eventLoop(),
    },
    ...(hops.length > 0 && { proxy: partyOf(hops, version ?? '', spec.root) }),
    verify: () => {
      const dead = hops.find(({ alive }) => !alive);
      return died('origin-died', origin) ?? (dead && died('proxy-died', dead)) ?? disowned(origin, ...hops);
    },
    // Filters may keep as many connections to their service, which is the origin.
    settled: (connections, aborted) => descriptors((spec.filters ? 2 : 1) * connections, aborted),
    [Symbol.asyncDispose]: () => children.disposeAsync(),
  };
}

/** All hops as one: their processes together, and what each ran with. */
function partyOf(
  hops: readonly StartedProxy[],
  version: string,
  root: string | undefined,
): NonNullable<Topology['proxy']> {
  const eventLoop = hops.length === 1 ? hops[0]!.eventLoop : undefined;
  return {
    pids: hops.flatMap(({ pids }) => pids),
    version,
    nativeConfig: hops
      .map(({ nativeConfig }, i) =>
        hops.length === 1 ? nativeConfig : `hop ${i + 1} of ${hops.length}\n\n${nativeConfig}`,
      )
      .join('\n\n'),
    identity: identityOf({ version, hops, ...(root !== undefined && { root }) }),
    ...(eventLoop && { eventLoop }),
  };
}

/** What does not lead to the origin, by name, version and configuration. */
function astray(
  { name, summary }: ProxyDefinition,
  version: string,
  hops: readonly StartedProxy[],
  { message }: Error,
): Error {
  const said = hops.map(({ output }) => output).filter((output) => output !== '');
  return new AstrayError(
    [
      `${name} (${version}; ${summary}): ${message}`,
      ...(said.length > 0 ? [`Its last lines:\n${said.join('\n')}`] : []),
      `It ran with:\n${hops.map(({ nativeConfig }) => nativeConfig.trimEnd()).join('\n\n')}`,
      'What to do: start it by hand with this and ask it for any path; it must answer what the origin behind it does.',
    ].join('\n'),
    said.join('\n'),
  );
}

class AstrayError extends Error {
  override readonly name = 'AstrayError';
  /** What it printed last. */
  readonly output: string;
  constructor(message: string, output: string) {
    super(message);
    this.output = output;
  }
}

const trust = ({ ca, serverName }: RunCertificate) => ({ ca, serverName });

function requireReady(name: string, availability: Availability): string {
  if (availability.state === 'ready') return availability.version;
  throw new Error(`${name} cannot run here: ${availability.reason}; install it with: ${availability.install}`);
}

/** What is asked of the origin's child and of the proxy alike. */
type Watched = Pick<StartedProxy, 'role' | 'pid' | 'address' | 'pids' | 'alive' | 'output'>;

function died(code: 'origin-died' | 'proxy-died', watched: Watched): Warning | undefined {
  if (watched.alive) return undefined;
  const { role, pid, output } = watched;
  return {
    code,
    message: `${role} (process ${pid}) is not running any more, or one of its processes was replaced`,
    evidence: { pid, output },
  };
}

function disowned(...all: readonly Watched[]): Warning | undefined {
  for (const watched of all) {
    const { role, pid, pids } = watched;
    const { port } = watched.address;
    const ownership = portOwnership(port, [...new Set([pid, ...pids])]);
    if (ownership.state === 'foreign')
      return {
        code: 'wrong-process',
        message: `${role}: ${ownership.reason}`,
        evidence: { port, expected: pids.join(' ') },
      };
  }
  return undefined;
}

const PROOF_TIMEOUT = 10_000;

type Proof = (origin: HostChild, target: Target, signal: AbortSignal) => Promise<void>;

/** Bounded, so that a subject that swallows what it is sent fails its start instead of hanging the run. */
async function prove(proof: Proof, origin: HostChild, target: Target, signal: AbortSignal): Promise<void> {
  const timeout = AbortSignal.timeout(PROOF_TIMEOUT);
  try {
    await proof(origin, target, AbortSignal.any([signal, timeout]));
  } catch (error) {
    if (signal.aborted || !timeout.aborted) throw error;
    const limit = `${PROOF_TIMEOUT} ms`;
    throw new Error(`${target.host}:${target.port} accepted a connection but gave no whole answer within ${limit}`, {
      cause: error,
    });
  }
}

/** What its requests show to be let through. */
function credentialsOf(traffic: Traffic): Record<string, string> {
  if (traffic.kind !== 'http') return {};
  return Object.fromEntries(traffic.request.headers.filter(([name]) => name.toLowerCase() !== 'accept-encoding'));
}

/** The origin that was started answers through the target: only it knows the nonce. */
const nonceProof =
  (asking: Ask, headers: Readonly<Record<string, string>>): Proof =>
  async (origin, target, signal) => {
    const { status, body } = await asking(target, { path: '/nonce', headers }, signal);
    const answer = body.toString();
    if (status !== 200 || answer !== origin.nonce)
      throw new Error(
        `GET /nonce at ${target.host}:${target.port}: expected 200 and ${origin.nonce}, got ${status} and '${answer.slice(0, 80)}'; another process answers, or the proxy changes bodies`,
      );
  };

/** TCP origins: bytes sent to the target are answered up to FIN, and the origin's own count says that it was its connection. */
async function proveConnection(origin: HostChild, target: Target, signal: AbortSignal): Promise<void> {
  const before = await origin.counters();
  await using wire = await Wire.open(target, signal);
  wire.write(origin.nonce);
  wire.end();
  const answer = await wire.untilEnd();
  const { connections } = await origin.counters();
  if (answer.length === 0 || connections <= before.connections)
    throw new Error(
      `${target.host}:${target.port} did not lead to the origin: ${answer.length} bytes came back, its connections went from ${before.connections} to ${connections}`,
    );
}
