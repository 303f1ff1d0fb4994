/** Single facts of this host, each read where the system keeps it. `null`: this system does not tell. */
import { execFileSync } from 'node:child_process';
import { cgroupFiles, parseOpenFilesLimit } from '#proxies/platform/procfs.ts';
import { readIfThere } from '#proxies/platform/read-if-there.ts';

export const readText = (path: string): string | null => readIfThere(path)?.trim() ?? null;

const isDarwin = process.platform === 'darwin';

function output(command: string, ...args: readonly string[]): string | null {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return null;
  }
}

/** A number of sysctl: /proc/sys on Linux, `sysctl` on macOS. */
export function sysctl(linux: string, darwin?: string): number | null {
  const text = isDarwin ? darwin && output('sysctl', '-n', darwin) : readText(`/proc/sys/${linux}`);
  return text ? Number(text) : null;
}

/** How many files one process may open; node has raised its soft limit to the hard one already. */
export function openFilesLimit(): number | null {
  const limits = readText('/proc/self/limits');
  const shown = limits === null ? output('sh', '-c', 'ulimit -n') : null;
  const limit = limits === null ? (shown === 'unlimited' ? Infinity : Number(shown)) : parseOpenFilesLimit(limits);
  return limit === undefined || Number.isNaN(limit) || limit === 0 ? null : Math.min(limit, Number.MAX_SAFE_INTEGER);
}

/** How many local ports a client has towards one address and port. */
export function ephemeralPorts(): number | null {
  if (isDarwin) {
    const [first, last] = [sysctl('', 'net.inet.ip.portrange.first'), sysctl('', 'net.inet.ip.portrange.last')];
    return first === null || last === null ? null : last - first + 1;
  }
  return parsePortRange(readText('/proc/sys/net/ipv4/ip_local_port_range'));
}

export function parsePortRange(text: string | null): number | null {
  const [first, last] = (text ?? '').split(/\s+/).map(Number);
  return first && last ? last - first + 1 : null;
}

export const cpuGovernor = (): string | null => readText('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor');

/** True where the CPU may run above its nominal clock, which it does not do evenly. */
export function turbo(): boolean | null {
  const noTurbo = readText('/sys/devices/system/cpu/intel_pstate/no_turbo');
  const boost = readText('/sys/devices/system/cpu/cpufreq/boost');
  return noTurbo !== null ? noTurbo === '0' : boost !== null ? boost === '1' : null;
}

/** The hypervisor's name; null on bare metal. */
export function hypervisor(): string | null {
  if (isDarwin) return sysctl('', 'kern.hv_vmm_present') === 1 ? 'unnamed hypervisor' : null;
  const flagged = /^(flags|Features)\s*:.*\bhypervisor\b/m.test(readText('/proc/cpuinfo') ?? '');
  const named = readText('/sys/hypervisor/type') ?? vendor(readText('/sys/class/dmi/id/sys_vendor'));
  return named ?? (flagged ? 'unnamed hypervisor' : null);
}

const HYPERVISOR_VENDORS: readonly (readonly [RegExp, string])[] = [
  [/QEMU|KVM/i, 'KVM'],
  [/Amazon EC2/i, 'Amazon EC2'],
  [/Google/i, 'Google Compute Engine'],
  [/Microsoft/i, 'Hyper-V'],
  [/VMware/i, 'VMware'],
  [/innotek|VirtualBox/i, 'VirtualBox'],
  [/Xen/i, 'Xen'],
  [/DigitalOcean|Hetzner|Linode|OpenStack|Parallels/i, 'cloud or desktop VM'],
];

const vendor = (text: string | null): string | null =>
  text === null ? null : (HYPERVISOR_VENDORS.find(([pattern]) => pattern.test(text))?.[1] ?? null);

export interface CgroupLimits {
  /** Cores' worth of CPU time. */
  readonly cpuQuota: number | null;
  readonly cpuset: string | null;
  /** Bytes. */
  readonly memoryLimit: number | null;
}

/** The tightest limit of our cgroup and its ancestors, v1 and v2 alike. `read` is a parameter for tests. */
export function cgroupLimits(read: (path: string) => string | null = readText): CgroupLimits {
  const own = read('/proc/self/cgroup') ?? '';
  const texts = (controller: string, v2: string, v1: string) =>
    cgroupFiles(own, controller, v2, v1).flatMap((path) => read(path) ?? []);
  const least = (values: readonly number[]) => {
    const limits = values.filter((value) => Number.isFinite(value) && value > 0 && value < UNLIMITED);
    return limits.length === 0 ? null : Math.min(...limits);
  };
  const quotas = [
    ...texts('cpu', 'cpu.max', 'none').map((text) => {
      const [quota, period] = text.split(' ').map(Number); // 'max 100000' is no number
      return quota! / period!;
    }),
    ...cgroupFiles(own, 'cpu', 'none', 'cpu.cfs_quota_us').map(
      (path) => Number(read(path) ?? NaN) / Number(read(path.replace('cfs_quota', 'cfs_period')) ?? NaN),
    ),
  ];
  return {
    cpuQuota: least(quotas),
    cpuset: texts('cpuset', 'cpuset.cpus.effective', 'cpuset.effective_cpus').find((text) => text !== '') ?? null,
    memoryLimit: least(texts('memory', 'memory.max', 'memory.limit_in_bytes').map(Number)),
  };
}

/** cgroup v1 writes 'no limit' as the largest page-aligned number. */
const UNLIMITED = 2 ** 60;
