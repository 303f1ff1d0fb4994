/**
 * Before anything is measured: can this host carry the plan, does the way through each subject carry what will be sent, as itself, as
 * configured, and does each proxy keep the rules of its layer.
 */
import type { ProxyDefinition } from '#proxies/contract.ts';
import type { Environment, SubjectRecord } from '#bench/model/record.ts';
import type { Scenario, Subject } from '#bench/model/scenario.ts';
import { httpCases } from './preflight/http.ts';
import { tcpCases } from './preflight/tcp.ts';
import { tlsCases } from './preflight/tls.ts';
import { RULES } from './conformance/rules.ts';
import type { Identity } from './identity.ts';
import { createMaterials, runConformance, type Verdict } from './conformance/run.ts';
import type { PreflightCase, Layer } from './preflight/case.ts';
import { sysctl } from './host-facts.ts';
import { isRegistered, type ProxyRoot } from './started-proxy.ts';
import { openTopology, usesTls, type Topology, type TopologyShared, type TopologySpec } from './topology.ts';

export interface HostProblem {
  /** 'error': the plan cannot be carried out. 'warning': it may fail, depending on how fast the subjects are. */
  readonly severity: 'error' | 'warning';
  readonly message: string;
}

/** Descriptors that a process holds besides its connections. */
const RESERVED_FILES = 100;
/** Seconds that a closed connection keeps its port (TIME_WAIT), and with reuse on loopback. */
const TIME_WAIT = { plain: 60, reused: 1 } as const;
/** New connections a second that the fastest subject reaches on one load core; measured direct, on loopback. */
const FASTEST_CONNECTIONS = 15_000;

/** Connections of one scenario that fit into so many open files: a proxy, or an origin, holds both sides of each. */
export const connectionsWithin = (openFiles: number): number =>
  Math.max(1, Math.floor((openFiles - RESERVED_FILES) / 2));

export interface HostFacts extends Pick<Environment, 'openFiles' | 'ephemeralPorts'> {
  /** Whether ports in TIME_WAIT are reused within a second on loopback. */
  readonly reusesTimeWait?: boolean;
}

/**
 * Files and ports against what the scenarios need, before the first of them starts. Each trial has a listener of its own, so that
 * ports are used up within a trial at most. `seconds`: how long one trial sends, warm-up included.
 */
export function checkHost(
  scenarios: readonly Pick<Scenario, 'name' | 'traffic' | 'loop'>[],
  { openFiles, ephemeralPorts, reusesTimeWait = (sysctl('net/ipv4/tcp_tw_reuse') ?? 0) > 0 }: HostFacts,
  seconds: number,
): HostProblem[] {
  return scenarios.flatMap(({ name, traffic, loop }) => {
    const problems: HostProblem[] = [];
    const files = 2 * loop.connections + RESERVED_FILES; // a proxy holds both sides of each connection
    if (files > openFiles)
      problems.push({
        severity: 'error',
        message: `${name} needs ${files} open files in one process, the limit is ${openFiles}; raise it with \`ulimit -n ${files}\` or leave the scenario out`,
      });
    if (loop.connections > ephemeralPorts)
      problems.push({
        severity: 'error',
        message: `${name} holds ${loop.connections} connections to one address, there are ${ephemeralPorts} local ports; widen net.ipv4.ip_local_port_range or leave the scenario out`,
      });
    else if (traffic.kind === 'http' && traffic.connection === 'per-request') {
      const kept = reusesTimeWait ? TIME_WAIT.reused : TIME_WAIT.plain;
      const rate = loop.kind === 'open' ? loop.offered : FASTEST_CONNECTIONS;
      const ports = Math.ceil(rate * Math.min(kept, seconds));
      if (ports > ephemeralPorts)
        problems.push({
          severity: 'warning',
          message: `${name} may use up to ${ports} local ports in one trial, there are ${ephemeralPorts}; widen net.ipv4.ip_local_port_range, set net.ipv4.tcp_tw_reuse, or shorten the window`,
        });
    }
    return problems;
  });
}

export interface PreflightSpec extends TopologyShared, ProxyRoot {
  /** Absent for direct. */
  readonly definition?: ProxyDefinition;
  /** So many of it in a row; 1 where absent. */
  readonly hops?: number;
  /** Those of the plan: what they carry is what is checked. */
  readonly scenarios: readonly Scenario[];
}

type Check = SubjectRecord['preflight'][number];

/** One way of carrying traffic, with the cases that it must pass. */
interface Carriage {
  readonly traffic: Scenario['traffic'];
  readonly cases: readonly PreflightCase[];
}

const CASE_TIMEOUT = 10_000;
/** Milliseconds for a rule that a user's own proxy may not keep: many do nothing where they should refuse. */
const OWN_PATIENCE = 2_000;

/**
 * Runs every case that binds the subject, for each kind of traffic that the scenarios would send through it. Never rejects but for an
 * abort: a subject that is missing or does not start has failed that check.
 */
export async function preflightSubject(spec: PreflightSpec, signal: AbortSignal): Promise<SubjectRecord> {
  const { definition, hops = 1, placement, root, cwd } = spec;
  const isChain = hops > 1;
  const own = definition !== undefined && !isRegistered(definition);
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
  const verdicts =
    definition && starts && !isChain
      ? await runConformance(
          definition,
          {
            quick: true,
            ...(own && { patience: OWN_PATIENCE }),
            launch: {
              kind: 'child',
              cores: placement.proxy,
              ...(root !== undefined && { root }),
              ...(cwd !== undefined && { cwd }),
            },
            materials: { ...createMaterials(), certificate: spec.certificate },
          },
          signal,
        )
      : [];
  return {
    record: 'subject',
    subject,
    layer,
    tls: capabilities.has('tls-termination'),
    summary:
      definition && isChain
        ? `${hops} hops of ${definition.name} in a row, each in processes of its own`
        : (definition?.summary ?? 'no proxy: load goes straight to the origin'),
    version: availability?.state === 'ready' ? availability.version : definition ? '' : process.version,
    nativeConfig: results.find(({ nativeConfig }) => nativeConfig !== '')?.nativeConfig ?? '',
    ...(definition?.keepsOwn && { keepsOwn: [...definition.keepsOwn] }),
    preflight: missing
      ? [{ rule: 'it is installed', passed: false, detail: `${missing.reason}; ${missing.install}` }]
      : [...results.flatMap(({ checks }) => checks), ...verdicts.flatMap((verdict) => checkOf(verdict, own))],
    ...(identities[0] && {
      proven: { binary: identities[0].binary, configs: [...new Set(identities.map(({ config }) => config))] },
    }),
  };
}

/**
 * A known deviation is told, and no reason not to measure, and so is any of a user's own proxy (`own`), which has shown that it carries
 * what will be sent; a rule that does not reach the proxy is left out.
 */
function checkOf({ rule, name, state, sent, expected, got, reason }: Verdict, own: boolean): Check[] {
  if (state === 'skipped') return [];
  const detail = {
    passed: 'kept',
    failed: `sent ${sent}: expected ${expected}, got ${got}`,
    deviating: `known to deviate: ${reason}`,
    healed: 'kept, though known to deviate',
  }[state];
  const deviates = own && state === 'failed';
  return [
    {
      rule: `${RULES[rule].text} (${name})`,
      section: RULES[rule].section,
      passed: state !== 'failed' || deviates,
      detail,
      ...(deviates && { deviates }),
    },
  ];
}

/** Each kind of traffic among the scenarios that this subject can carry: plain HTTP, HTTPS, bytes. */
function carriages(scenarios: readonly Scenario[], layer: Layer, capabilities: ReadonlySet<string>): Carriage[] {
  const terminates = capabilities.has('tls-termination');
  const needsTls = terminates || capabilities.has('sni-routing');
  const sends = (wanted: (traffic: Scenario['traffic']) => boolean) =>
    scenarios.map(({ traffic }) => traffic).find(wanted);
  const isHttp = (traffic: Scenario['traffic']) =>
    traffic.kind === 'http' || (traffic.kind === 'idle' && traffic.protocol === 'http');
  const plain = sends((traffic) => isHttp(traffic) && !usesTls(traffic));
  const secure = sends((traffic) => isHttp(traffic) && usesTls(traffic));
  const bytes = sends((traffic) => !isHttp(traffic));
  return [
    ...(plain && !needsTls ? [{ traffic: plain, cases: httpCases }] : []),
    ...(secure && (terminates || layer !== 'l7') ? [{ traffic: secure, cases: [...tlsCases, ...httpCases] }] : []),
    ...(bytes && layer !== 'l7' && !needsTls ? [{ traffic: bytes, cases: tcpCases }] : []),
  ];
}

/** Cases that bind the layer, by the topology that they need: those of one group follow each other, groups run side by side. */
const groupCases = (ways: readonly Carriage[], layer: Layer) =>
  ways.flatMap(({ traffic, cases }) =>
    [
      ...Map.groupBy(
        cases.filter(({ layers }) => layers?.includes(layer) ?? true),
        ({ origin }) => origin,
      ),
    ].map(([origin, group]) => ({ traffic, origin, cases: group })),
  );

/** One check a case, in order, and what ran, with what. */
async function runCases(
  spec: TopologySpec,
  cases: readonly PreflightCase[],
  signal: AbortSignal,
): Promise<{ started: boolean; checks: readonly Check[]; nativeConfig: string; identity?: Identity }> {
  const { traffic, origin } = spec.scenario;
  const { hops = 1 } = spec;
  const what = hops > 1 ? `all ${hops} hops start and lead` : 'it starts and leads';
  const rule = `${what} to the origin (${usesTls(traffic) ? 'TLS, ' : ''}${origin})`;
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
  if (!topology) return { started: false, checks: [started], nativeConfig: '' };

  const bench = { target: { ...topology.target, ...(topology.tls && { tls: topology.tls }) }, origin: topology.origin };
  const checks = [started];
  for (const one of cases)
    checks.push(
      await check(one.rule, () => one.run(bench, AbortSignal.any([signal, AbortSignal.timeout(CASE_TIMEOUT)]))),
    );
  const { proxy } = topology;
  return { started: true, checks, nativeConfig: proxy?.nativeConfig ?? '', ...(proxy && { identity: proxy.identity }) };
}
