/** What this host can and cannot measure of a plan, told before anything is started. Pure. */
import { formatQuantity } from '#bench/analysis/quantity.ts';
import type { HostProblem } from '#bench/lab/preflight.ts';
import type { Environment, Placement } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { memoryFor, memoryOf } from '#bench/plan/cohorts.ts';
import type { PlannedTrial } from '#bench/plan/rounds.ts';

/** Open files of the harness: its own, and the pipes and the channel of each process that it starts. */
const OWN_FILES = { harness: 100, process: 8 } as const;

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
