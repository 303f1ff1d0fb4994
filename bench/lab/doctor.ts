/** Is this host fit to measure, and what to change: one row a check, each judges one fact. */
import { readFileSync } from 'node:fs';
import { availableParallelism, freemem, loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseCpuTicks, parseFields } from '#proxies/platform/procfs.ts';
import {
  cgroupLimits,
  cpuGovernor,
  ephemeralPorts,
  hypervisor,
  openFilesLimit,
  readText,
  sysctl,
  turbo,
} from './host-facts.ts';
import { readCores } from './placement.ts';

export interface Finding {
  readonly check: string;
  /** 'poor': measures, with more noise or less to say. 'bad': figures would mislead. 'unknown': this system does not tell. */
  readonly state: 'good' | 'poor' | 'bad' | 'unknown';
  readonly found: string;
  /** What to change; absent where there is nothing to do. */
  readonly advice?: string;
}

/** Whether instructions can be counted: the instructions probe's own answer. */
export type CounterAvailability =
  { readonly state: 'ready' } | { readonly state: 'unavailable'; readonly reason: string };

type Verdict = Omit<Finding, 'check'>;
type Check = () => Verdict | Promise<Verdict>;

const good = (found: string): Verdict => ({ state: 'good', found });
const poor = (found: string, advice: string): Verdict => ({ state: 'poor', found, advice });
const bad = (found: string, advice: string): Verdict => ({ state: 'bad', found, advice });
const unknown = (found = `${process.platform} does not tell`): Verdict => ({ state: 'unknown', found });
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** Milliseconds over which steal is watched. */
const WATCHED = 1_000;

const CHECKS: Readonly<Record<string, Check>> = {
  cores: () => {
    const { length } = readCores().allowed;
    if (length === 1) return bad('1 core', 'load, origin and proxy share it; use a host with two cores or more');
    return length < 4
      ? poor(`${length} cores`, 'load and origin are tight; with four cores or more each party has its own')
      : good(`${length} cores`);
  },
  pinning: () => {
    const { pinning } = readCores();
    return pinning.possible
      ? good('taskset works')
      : poor(pinning.reason, process.platform === 'linux' ? 'install util-linux' : 'measure on Linux');
  },
  steal: async () => {
    const read = () => readText('/proc/stat');
    const before = read();
    if (before === null) return unknown();
    await sleep(WATCHED);
    const [from, to] = [parseCpuTicks(before), parseCpuTicks(read() ?? before)];
    const share = to.total > from.total ? (to.steal - from.steal) / (to.total - from.total) : 0;
    const found = `${percent(share)} within ${WATCHED / 1000} s`;
    if (share > 0.05)
      return bad(found, 'the hypervisor gives your CPU to others; repeat later or use a dedicated host');
    return share > 0.01 ? poor(found, 'the hypervisor gives some of your CPU to others') : good(found);
  },
  load: () => {
    const load = loadavg()[0] ?? 0;
    const share = load / availableParallelism();
    const found = `${load.toFixed(2)} on ${availableParallelism()} cores`;
    if (share > 1) return bad(found, 'other work fills this host; stop it first');
    return share > 0.3 ? poor(found, 'other work runs on this host; stop it first') : good(found);
  },
  'frequency governor': () => {
    const governor = cpuGovernor();
    if (governor === null) return unknown('not visible here (usual on virtual machines)');
    return governor === 'performance'
      ? good(governor)
      : poor(governor, 'the clock follows the load: `cpupower frequency-set -g performance`');
  },
  turbo: () => {
    const on = turbo();
    if (on === null) return unknown('not visible here');
    return on ? poor('on', 'the clock depends on heat and neighbours; switch it off for comparisons') : good('off');
  },
  'CPU quota': () => {
    const { cpuQuota } = cgroupLimits();
    if (cpuQuota === null) return good('none');
    const found = `${cpuQuota.toFixed(2)} cores`;
    const advice = 'the cgroup throttles what goes beyond; lift the CPU limit of the container';
    return cpuQuota < 2 ? bad(found, advice) : poor(found, advice);
  },
  virtualisation: () => {
    const name = hypervisor();
    if (name !== null) return poor(name, 'neighbours add noise; trust ratios to direct more than absolute figures');
    return process.platform === 'linux' || process.platform === 'darwin' ? good('none seen') : unknown();
  },
  'clock source': () => {
    const source = readText('/sys/devices/system/clocksource/clocksource0/current_clocksource');
    if (source === null) return unknown();
    return ['tsc', 'kvm-clock', 'arch_sys_counter', 'hyperv_clocksource_tsc_page'].includes(source)
      ? good(source)
      : poor(source, 'each look at the clock is a system call; boot with clocksource=tsc if the CPU allows it');
  },
  'open files': () => {
    const limit = openFilesLimit();
    if (limit === null) return unknown();
    const found = limit === Number.MAX_SAFE_INTEGER ? 'unlimited' : `${limit} per process`;
    if (limit < 1_024) return bad(found, 'raise it: `ulimit -n 65536`');
    return limit < 16_384 ? poor(found, 'too few for the idle-connection scenarios: `ulimit -n 65536`') : good(found);
  },
  'ephemeral ports': () => {
    const ports = ephemeralPorts();
    if (ports === null) return unknown();
    return ports < 20_000
      ? poor(`${ports}`, 'widen it: `sysctl net.ipv4.ip_local_port_range="1024 65535"`')
      : good(`${ports}`);
  },
  'TIME_WAIT reuse': () => {
    const reuse = sysctl('net/ipv4/tcp_tw_reuse');
    if (reuse === null) return unknown();
    return reuse === 0
      ? poor('off', 'new-connection scenarios run out of ports: `sysctl net.ipv4.tcp_tw_reuse=2`')
      : good(reuse === 2 ? 'on for loopback' : 'on');
  },
  'accept queue': () => {
    const most = sysctl('net/core/somaxconn', 'kern.ipc.somaxconn');
    if (most === null) return unknown();
    return most < 1_024
      ? poor(`somaxconn ${most}`, 'connections may wait for a retransmit: `sysctl net.core.somaxconn=4096`')
      : good(`somaxconn ${most}`);
  },
  perf_event_paranoid: () => {
    const level = sysctl('kernel/perf_event_paranoid');
    if (level === null) return unknown();
    const isRoot = process.getuid?.() === 0;
    return level <= 1 || isRoot
      ? good(`${level}${isRoot ? ', as root' : ''}`)
      : poor(`${level}`, 'kernel instructions cannot be counted: `sysctl kernel.perf_event_paranoid=1`');
  },
  'Node version': () => {
    const file = join(import.meta.dirname, '../../setup/node/package.json');
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
    return process.version === `v${version}`
      ? good(process.version)
      : poor(
          `${process.version}; claims are measured with v${version}`,
          '`hopcost setup-node` fetches it, for hopcost alone',
        );
  },
  memory: () => {
    const available = parseFields(readText('/proc/meminfo') ?? '').get('MemAvailable');
    const free = available === undefined ? freemem() : Number.parseInt(available, 10) * 1024;
    const found = `${(free / 2 ** 30).toFixed(1)} GiB available`;
    return free < 2 ** 30 ? poor(found, 'the idle-connection scenarios need about 1 GiB') : good(found);
  },
  swap: () => {
    const fields = parseFields(readText('/proc/meminfo') ?? '');
    if (!fields.has('SwapTotal')) return unknown();
    const used = Number.parseInt(fields.get('SwapTotal')!, 10) - Number.parseInt(fields.get('SwapFree') ?? '0', 10);
    return used > 0
      ? poor(
          `${Math.round(used / 1024)} MiB in use`,
          'pages that come back from disk stall a process: free memory first',
        )
      : good('not in use');
  },
};

/** Takes about a second. `instructions` comes from the instructions probe. */
export async function examineHost(instructions: CounterAvailability): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const [check, examine] of Object.entries(CHECKS)) findings.push({ check, ...(await examine()) });
  return [
    ...findings,
    {
      check: 'hardware counters',
      ...(instructions.state === 'ready'
        ? good('perf counts instructions')
        : poor(instructions.reason, 'without them CPU time is the finest figure; use bare metal or a VM with a PMU')),
    },
  ];
}
