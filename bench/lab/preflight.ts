/** Before anything is measured: the way through each subject carries what will be sent, as itself, as configured; each proxy keeps its rules. */
import type { ProxyDefinition } from '#proxies/contract.ts';
import type { SubjectRecord } from '#bench/model/record.ts';
import {
  type Carriage,
  type Scenario,
  startKey,
  type Subject,
  usesHttp2,
  usesTls,
  versionsAsked,
} from '#bench/model/scenario.ts';
import { filterCases } from './preflight/filter.ts';
import { grpcCases } from './preflight/grpc.ts';
import { httpCases } from './preflight/http.ts';
import { http2Cases } from './preflight/http2.ts';
import { tcpCases } from './preflight/tcp.ts';
import { tlsCases } from './preflight/tls.ts';
import type { RunCertificate } from './certificates.ts';
import type { Identity } from './identity.ts';
import type { PreflightCase, Layer } from './preflight/case.ts';
import type { PricedFilter } from './priced-filters.ts';
import { isRegistered, type ProxyRoot } from './started-proxy.ts';
import { openTopology, type Topology, type TopologyShared, type TopologySpec } from './topology.ts';

/** Of a proxy with filters: what it must do besides leading to the origin. Its rules are checked without them. */
export interface FilteredSpec extends TopologyShared {
  readonly definition: ProxyDefinition;
  readonly filter: PricedFilter;
}

export interface PreflightSpec extends TopologyShared, ProxyRoot {
  /** Absent for direct. */
  readonly definition?: ProxyDefinition;
  /** So many of it in a row; 1 where absent. */
  readonly hops?: number;
  /** Those of the plan: what they carry is what is checked. */
  readonly scenarios: readonly Scenario[];
  readonly prove: Prove;
}

export type Check = SubjectRecord['preflight'][number];

/** A proxy to be put to the rules of its layer, as it will be measured. */
export interface Provable extends ProxyRoot {
  readonly definition: ProxyDefinition;
  /** A user's own: a rule that it does not keep is told, and no reason not to measure it. */
  readonly isOwn: boolean;
  readonly cores: readonly number[] | null;
  readonly certificate: RunCertificate;
}

/** One check a rule that reaches the proxy. Handed in: the rules are nothing that the lab knows. Rejects for an abort alone. */
export type Prove = (subject: Provable, signal: AbortSignal) => Promise<Check[]>;

/** One way of carrying traffic, with the cases that it must pass. */
interface Way extends Required<Carriage> {
  readonly cases: readonly PreflightCase[];
}

const CASE_TIMEOUT = 10_000;

/**
 * Runs every case that binds the subject, for each kind of traffic that the scenarios would send through it. Never rejects but for an
 * abort: a subject that is missing or does not start has failed that check.
 */
export async function preflightSubject(spec: PreflightSpec, signal: AbortSignal): Promise<SubjectRecord> {
  const { definition, hops = 1, placement, root, cwd } = spec;
  const isChain = hops > 1;
  const layer: Layer = definition?.layer ?? 'direct';
  const subject: Subject = definition
    ? { kind: 'proxy', name: definition.name, ...(isChain && { hops }) }
    : { kind: 'direct' };
  const capabilities: ReadonlySet<string> = definition?.capabilities ?? new Set();
  const availability = await definition?.availability();
  const missing = availability?.state === 'missing' ? availability : undefined;
  const groups = missing ? [] : groupCases(carriages(spec.scenarios, layer, capabilities), layer);
  const run = ({ cases, ...scenario }: (typeof groups)[number]) =>
    runCases({ ...spec, scenario, concurrency: 1 }, cases, signal);
  // What did not start once is not started again.
  const [first, ...others] = groups;
  const found = first && (await run(first));
  const starts = found?.started === true;
  const results = found ? [found, ...(starts ? await Promise.all(others.map(run)) : [])] : [];
  const identities = results.flatMap(({ identity }) => identity ?? []);
  // A chain is as correct as its hop, which is checked by itself: only the way through all of them is its own.
  const proven =
    definition && starts && !isChain
      ? await spec.prove(
          {
            definition,
            isOwn: !isRegistered(definition),
            cores: placement.proxy,
            certificate: spec.certificate,
            ...(root !== undefined && { root }),
            ...(cwd !== undefined && { cwd }),
          },
          signal,
        )
      : [];
  return {
    record: 'subject',
    subject,
    family: definition?.family ?? 'direct',
    layer,
    tls: capabilities.has('tls-termination'),
    isReference: definition?.isReference === true && !isChain,
    isHosted: definition?.isHosted === true,
    summary:
      definition && isChain
        ? `${hops} hops of ${definition.name} in a row, each in processes of its own`
        : (definition?.summary ?? 'no proxy: load goes straight to the origin'),
    version: availability?.state === 'ready' ? availability.version : definition ? '' : process.version,
    nativeConfig: configsOf(results),
    ...(definition?.keepsOwn && { keepsOwn: [...definition.keepsOwn] }),
    preflight: missing
      ? [{ rule: 'it is installed', passed: false, detail: `${missing.reason}; ${missing.install}` }]
      : [...results.flatMap(({ checks }) => checks), ...proven],
    ...(identities[0] && {
      proven: { binary: identities[0].binary, configs: [...new Set(identities.map(({ config }) => config))] },
    }),
  };
}

/** A proxy with filters, as a subject beside the proxy itself. Rejects for an abort alone. */
export async function preflightFiltered(spec: FilteredSpec, signal: AbortSignal): Promise<SubjectRecord> {
  const { definition, filter, placement, certificate } = spec;
  const { name, family, layer, summary, isHosted } = definition;
  const availability = await definition.availability();
  const found = await runCases(
    { placement, certificate, definition, scenario: filter.scenario, filters: filter.settings, concurrency: 1 },
    filterCases(filter),
    signal,
  );
  const { identity } = found;
  return {
    record: 'subject',
    subject: { kind: 'proxy', name, filter: filter.name },
    family,
    layer,
    tls: false,
    isReference: false,
    isHosted: isHosted === true,
    summary: `${summary}, with ${filter.summary}`,
    version: availability.state === 'ready' ? availability.version : '',
    nativeConfig: found.nativeConfig,
    preflight: [...found.checks],
    ...(identity && { proven: { binary: identity.binary, configs: [identity.config] } }),
  };
}

/** What it ran with; where it was configured in several ways, each under the way that it leads. */
function configsOf(results: readonly Ran[]): string {
  const distinct = [...new Map(results.map((one) => [one.identity?.config, one])).values()].filter(
    ({ nativeConfig }) => nativeConfig !== '',
  );
  if (distinct.length <= 1) return distinct[0]?.nativeConfig ?? '';
  return distinct.map(({ way, nativeConfig }) => `# for ${way}\n\n${nativeConfig.trimEnd()}\n`).join('\n');
}

/** Each kind of traffic among the scenarios that this subject can carry: bytes, HTTP of each version, in the clear and over TLS. */
function carriages(scenarios: readonly Scenario[], layer: Layer, capabilities: ReadonlySet<string>): Way[] {
  const terminates = capabilities.has('tls-termination');
  const needsTls = terminates || capabilities.has('sni-routing');
  const carries = ({ traffic, upstream }: Scenario): boolean => {
    if (
      layer === 'l7' &&
      (!isHttp(traffic) || versionsAsked({ traffic, upstream }).some((one) => !capabilities.has(one)))
    )
      return false;
    return usesTls(traffic) ? terminates || layer !== 'l7' : !needsTls;
  };
  const alike = Map.groupBy(scenarios.filter(carries), (scenario) =>
    isHttp(scenario.traffic)
      ? startKey({ ...scenario, origin: isGrpc(scenario.traffic) ? 'gRPC' : 'HTTP' }, layer === 'l7')
      : 'bytes',
  );
  return [...alike.values()].map(([first]) => {
    const { traffic, upstream = 'http1' } = first!;
    return { traffic, upstream, cases: casesOf(traffic) };
  });
}

const isHttp = (traffic: Scenario['traffic']): boolean =>
  traffic.kind === 'http' || (traffic.kind === 'idle' && traffic.protocol === 'http');

const isGrpc = (traffic: Scenario['traffic']): boolean => traffic.kind === 'http' && traffic.grpc !== undefined;

function casesOf(traffic: Scenario['traffic']): readonly PreflightCase[] {
  if (!isHttp(traffic)) return tcpCases;
  const cases = isGrpc(traffic) ? grpcCases : usesHttp2(traffic) ? http2Cases : httpCases;
  return [...(usesTls(traffic) ? tlsCases : []), ...cases];
}

/** Cases that bind the layer, by the topology that they need: those of one group follow each other, groups run side by side. */
const groupCases = (ways: readonly Way[], layer: Layer) =>
  ways.flatMap(({ traffic, upstream, cases }) =>
    [
      ...Map.groupBy(
        cases.filter(({ layers }) => layers?.includes(layer) ?? true),
        ({ origin }) => origin,
      ),
    ].map(([origin, group]) => ({ traffic, upstream, origin, cases: group })),
  );

/** What is spoken: 'TLS, HTTP/2 to clients'. Empty where it is nothing in particular. */
const wayWords = ({ traffic, upstream }: TopologySpec['scenario']): string =>
  [
    ...(usesTls(traffic) ? ['TLS'] : []),
    ...(usesHttp2(traffic) ? [upstream === 'http2' ? 'HTTP/2 on both sides' : 'HTTP/2 to clients'] : []),
  ].join(', ');

interface Ran {
  readonly started: boolean;
  readonly checks: readonly Check[];
  /** For what it was configured. */
  readonly way: string;
  readonly nativeConfig: string;
  readonly identity?: Identity;
}

/** One check a case, in order, and what ran, with what. */
async function runCases(spec: TopologySpec, cases: readonly PreflightCase[], signal: AbortSignal): Promise<Ran> {
  const { hops = 1 } = spec;
  const what = hops > 1 ? `all ${hops} hops start and lead` : 'it starts and leads';
  const way = wayWords(spec.scenario);
  const rule = `${what} to the origin (${[...(way === '' ? [] : [way]), spec.scenario.origin].join(', ')})`;
  const check = async (name: string, run: () => Promise<string>): Promise<Check> => {
    try {
      return { rule: name, passed: true, detail: await run() };
    } catch (error) {
      signal.throwIfAborted();
      const { message, output } = error as Error & { output?: unknown };
      return {
        rule: name,
        passed: false,
        detail: message,
        ...(typeof output === 'string' && output !== '' && { output }),
      };
    }
  };
  await using scope = new AsyncDisposableStack();
  let topology: Topology | undefined;
  const started = await check(rule, async () => {
    topology = scope.use(await openTopology(spec, signal));
    return 'nonce and listener are its own';
  });
  if (!topology) return { started: false, checks: [started], way, nativeConfig: '' };

  const bench = {
    target: { ...topology.target, ...(topology.tls && { tls: topology.tls }) },
    origin: topology.origin,
    upstream: spec.scenario.upstream ?? 'http1',
  };
  const checks = [started];
  for (const one of cases)
    checks.push(
      await check(one.rule, () => one.run(bench, AbortSignal.any([signal, AbortSignal.timeout(CASE_TIMEOUT)]))),
    );
  const { proxy } = topology;
  return {
    started: true,
    checks,
    way: way === '' ? 'HTTP/1.1 in the clear' : way,
    nativeConfig: proxy?.nativeConfig ?? '',
    ...(proxy && { identity: proxy.identity }),
  };
}
