import assert from 'node:assert/strict';
import { test } from 'node:test';
import { examineHost } from '#bench/lab/doctor.ts';
import { fingerprint, readEnvironment } from '#bench/lab/environment.ts';
import { cgroupLimits, parsePortRange } from '#bench/lab/host-facts.ts';
import { Environment } from '#bench/model/record.ts';

test('the environment of this host fits the record', async () => {
  const environment = await readEnvironment(false);
  assert.deepEqual(Environment.parse(environment), environment);
  assert.equal(environment.node, process.version);
  assert.equal(environment.fingerprint, (await readEnvironment(true)).fingerprint);
});

test('the fingerprint depends on what makes figures comparable, and on that alone', async () => {
  const environment = await readEnvironment(false);
  const cgroup = { ...environment.cgroup, cpuQuota: 1.5 };
  for (const change of [
    { cpuModel: 'x' },
    { cores: 999 },
    { kernel: 'x' },
    { node: 'v0' },
    { governor: 'x' },
    { cgroup },
  ])
    assert.notEqual(fingerprint({ ...environment, ...change }), environment.fingerprint, JSON.stringify(change));
  assert.equal(
    fingerprint({ ...environment, loadAverage: 99, os: 'x' } as typeof environment),
    environment.fingerprint,
  );
});

const files = (table: Record<string, string>) => cgroupLimits((path) => table[path] ?? null);

test('cgroup v2: the tightest limit of the whole path binds', () => {
  assert.deepEqual(
    files({
      '/proc/self/cgroup': '0::/a/b',
      '/sys/fs/cgroup/a/b/cpu.max': 'max 100000',
      '/sys/fs/cgroup/a/cpu.max': '150000 100000',
      '/sys/fs/cgroup/a/b/memory.max': 'max',
      '/sys/fs/cgroup/a/memory.max': '1073741824',
      '/sys/fs/cgroup/a/b/cpuset.cpus.effective': '0-3',
    }),
    { cpuQuota: 1.5, cpuset: '0-3', memoryLimit: 1_073_741_824 },
  );
});

test('cgroup v1, with and without limits', () => {
  const limited = {
    '/proc/self/cgroup': '3:memory:/docker/x\n2:cpu,cpuacct:/docker/x\n1:cpuset:/',
    '/sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us': '50000',
    '/sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us': '100000',
    '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712',
    '/sys/fs/cgroup/cpuset/cpuset.effective_cpus': '0-1',
  };
  assert.deepEqual(files(limited), { cpuQuota: 0.5, cpuset: '0-1', memoryLimit: null });
  assert.equal(files({ ...limited, '/sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us': '-1' }).cpuQuota, null);
  assert.deepEqual(files({}), { cpuQuota: null, cpuset: null, memoryLimit: null });
});

test('port range', () => {
  assert.equal(parsePortRange('32768\t60999'), 28_232);
  assert.equal(parsePortRange(''), null);
  assert.equal(parsePortRange(null), null);
});

test('the doctor finds something for every check, and advises where it finds fault', async () => {
  const findings = await examineHost({ state: 'unavailable', reason: 'planted' });
  const names = findings.map(({ check }) => check);
  assert.equal(new Set(names).size, names.length);
  for (const name of ['cores', 'steal', 'open files', 'CPU quota', 'hardware counters', 'Node version', 'swap'])
    assert.ok(names.includes(name), name);
  for (const { check, state, found, advice } of findings) {
    assert.notEqual(found, '', check);
    assert.equal(advice !== undefined, state === 'poor' || state === 'bad', check);
  }
  assert.deepEqual(findings.at(-1), {
    check: 'hardware counters',
    state: 'poor',
    found: 'planted',
    advice: findings.at(-1)?.advice,
  });
});
