/** What this host can and cannot measure of a plan, told before anything is started. */
import { formatQuantity } from '#bench/analysis/words/quantity.ts';
import { sysctl } from '#bench/lab/host-facts.ts';
import type { Environment, Placement } from '#bench/model/record.ts';
import { type Scenario, subjectName } from '#bench/model/scenario.ts';
import { memoryFor, memoryOf, OWN_FILES } from '#bench/plan/cohorts.ts';
import type { PlannedTrial } from '#bench/plan/generations.ts';

export interface HostProblem {
  /** 'error': the plan cannot be carried out. 'warning': it may fail, depending on how fast the subjects are. */
  readonly severity: 'error' | 'warning';
  readonly message: string;
}

/** Seconds that a closed connection keeps its port (TIME_WAIT), and with reuse on loopback. */
const TIME_WAIT = { plain: 60, reused: 1 } as const;
/** New connections a second that the fastest subject reaches on one load core; measured direct, on loopback. */
const FASTEST_CONNECTIONS = 15_000;

/** Connections of one scenario that fit into so many open files: a proxy, or an origin, holds both sides of each. */
export const connectionsWithin = (openFiles: number): number =>
  Math.max(1, Math.floor((openFiles - OWN_FILES.proxy) / 2));

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
    const files = 2 * loop.connections + OWN_FILES.proxy; // a proxy holds both sides of each connection
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

export interface LimitedHost {
  readonly environment: Pick<Environment, 'openFiles' | 'memory' | 'cgroup'>;
  readonly placement: Pick<Placement, 'shared'>;
}

/** `groups`: the trials whose subjects are alive at once. */
export function limitsOf(
  groups: readonly (readonly PlannedTrial[])[],
  { environment, placement }: LimitedHost,
): HostProblem[] {
  const sizes = groups.map((group) => ({
    subjects: new Set(group.map(({ subject }) => subjectName(subject))).size,
    connections: group.reduce((sum, { scenario }) => sum + scenario.loop.connections, 0),
  }));
  const subjects = Math.max(0, ...sizes.map((size) => size.subjects));
  const files = Math.max(
    0,
    ...sizes.map((size) => size.connections + OWN_FILES.harness + OWN_FILES.process * size.subjects),
  );
  const { openFiles } = environment;
  const [memory, needed] = [memoryOf(environment), memoryFor(subjects)];
  return [
    ...(files > openFiles
      ? [
          {
            severity: 'error' as const,
            message: `${subjects} subjects that are alive at once need ${files} open files in one process for their connections, the limit is ${openFiles}; raise it with \`ulimit -n ${files}\`, or name fewer --proxies or --scenarios`,
          },
        ]
      : []),
    ...(needed > memory
      ? [
          {
            severity: 'warning' as const,
            message: `${subjects} subjects that are alive at once may take more memory than there is (${formatQuantity(memory, 'B')}): the system may end one of them, which loses its figures; name fewer --proxies`,
          },
        ]
      : []),
    ...(placement.shared
      ? [
          {
            severity: 'warning' as const,
            message:
              'the proxy’s core is not its own: CPU per request, and its ratios, can be measured here; capacity, and times under load, have in them what load and origin took. Two cores measure those',
          },
        ]
      : []),
    ...(groups.length > 1
      ? [
          {
            severity: 'warning' as const,
            message: `not all subjects fit on this host at once: ${groups.length} groups take turns by themselves, and subjects of different groups are compared through direct and the references, which are in each`,
          },
        ]
      : []),
  ];
}
