/** What this run was measured on. */
import { createHash } from 'node:crypto';
import { arch, cpus, loadavg, release, totalmem, type } from 'node:os';
import type { Environment } from '#bench/model/record.ts';
import { bytes } from '#bench/model/units.ts';
import { cgroupLimits, cpuGovernor, ephemeralPorts, hypervisor, openFilesLimit, readText } from './host-facts.ts';

/** IANA's dynamic range, where the system does not tell its own. */
const DYNAMIC_PORTS = 16_384;
/** What POSIX systems grant at the least, where the system does not tell. */
const LEAST_OPEN_FILES = 256;

/** `hardwareCounters`: whether the instructions probe works here; it is the probe that can say. */
export async function readEnvironment(hardwareCounters: boolean): Promise<Environment> {
  const { cpuQuota, cpuset, memoryLimit } = cgroupLimits();
  const facts = {
    cpuModel: cpus()[0]?.model.trim() || `unnamed ${arch()}`,
    cores: cpus().length,
    kernel: release(),
    node: process.version,
    governor: cpuGovernor(),
    cgroup: { cpuQuota, cpuset, memoryLimit: memoryLimit === null ? null : bytes(memoryLimit) },
  };
  return {
    ...facts,
    memory: bytes(totalmem()),
    os: osName(),
    platform: `${process.platform}-${process.arch}`,
    virtualised: hypervisor(),
    openFiles: openFilesLimit() ?? LEAST_OPEN_FILES,
    ephemeralPorts: ephemeralPorts() ?? DYNAMIC_PORTS,
    hardwareCounters,
    loadAverage: loadavg()[0] ?? 0,
    fingerprint: fingerprint(facts),
  };
}

/** Of what must be equal for absolute figures to be compared, and nothing else. 16 hexadecimal digits. */
export function fingerprint({
  cpuModel,
  cores,
  kernel,
  node,
  governor,
  cgroup: { cpuQuota, cpuset, memoryLimit },
}: Pick<Environment, 'cpuModel' | 'cores' | 'kernel' | 'node' | 'governor' | 'cgroup'>): string {
  const text = JSON.stringify([cpuModel, cores, kernel, node, governor, cpuQuota, cpuset, memoryLimit]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

const osName = (): string =>
  /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(readText('/etc/os-release') ?? '')?.[1] ?? `${type()} ${release()}`;
