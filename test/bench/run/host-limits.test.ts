/** What a host is told that it cannot measure: facts are handed in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, perSecond } from '#bench/model/units.ts';
import type { PlannedTrial } from '#bench/plan/generations.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';
import { checkHost, type LimitedHost, limitsOf } from '#bench/run/host-limits.ts';

const named = (name: string) => SCENARIOS.find((candidate) => candidate.name === name)!;
const scenario = named('http-small');
/** Each of them holds 64 connections. */
const group = (subjects: number): PlannedTrial[] =>
  Array.from({ length: subjects }, (_, i) => ({
    scenario,
    subject: { kind: 'proxy', name: `p${i}` },
    generation: 0,
    position: i,
  }));
const host = (more: Partial<LimitedHost['environment']> = {}, shared = false): LimitedHost => ({
  environment: {
    openFiles: 65_536,
    memory: bytes(16e9),
    cgroup: { cpuQuota: null, cpuset: null, memoryLimit: null },
    ...more,
  },
  placement: { shared },
});
const limited = (memoryLimit: number) => ({
  cgroup: { cpuQuota: null, cpuset: null, memoryLimit: bytes(memoryLimit) },
});

test('a roomy host is told nothing', () => assert.deepEqual(limitsOf([group(12)], host()), []));

test('too few open files for what is alive at once cannot be measured, and one that suffices can', () => {
  assert.deepEqual(limitsOf([group(12)], host({ openFiles: 964 })), []);
  const [problem, ...others] = limitsOf([group(12)], host({ openFiles: 963 }));
  assert.deepEqual(others, []);
  assert.equal(problem?.severity, 'error');
  assert.match(
    problem.message,
    /^12 subjects .* need 964 open files .* the limit is 963; raise it with `ulimit -n 964`/,
  );
});

test('memory, the control group’s where that is less, may not suffice', () => {
  assert.deepEqual(limitsOf([group(8)], host({ memory: bytes(2.1e9) })), []);
  for (const small of [host({ memory: bytes(1.9e9) }), host(limited(1.9e9))])
    assert.match(limitsOf([group(8)], small)[0]!.message, /^8 subjects .* more memory than there is \(1\.77.GiB\)/);
});

test('one core for all, and groups that take turns by themselves, are said', () => {
  const [core, ...others] = limitsOf([group(2)], host({}, true));
  assert.deepEqual(others, []);
  assert.match(core!.message, /^the proxy’s core is not its own: CPU per request.* can be measured here; capacity/);
  assert.match(limitsOf([group(2), group(2)], host())[0]!.message, /^not all subjects fit .*: 2 groups/);
});

const roomy = { openFiles: 100_000, ephemeralPorts: 28_232, reusesTimeWait: true };

test('a host with room for every scenario has no problems', () => {
  assert.deepEqual(checkHost(SCENARIOS, roomy, 2), []);
});

test('too few files or ports for idle connections is an error before the run', () => {
  const idle = [named('idle-connections')];
  const [files] = checkHost(idle, { ...roomy, openFiles: 4_096 }, 2);
  assert.equal(files?.severity, 'error');
  assert.match(files!.message, /idle-connections needs 8100 open files.*limit is 4096.*ulimit -n 8100/);
  const [ports] = checkHost(idle, { ...roomy, ephemeralPorts: 1_000 }, 2);
  assert.equal(ports?.severity, 'error');
  assert.match(ports!.message, /4000 connections.*1000 local ports/);
});

test('new connections: ports in TIME_WAIT count for as long as they are kept, or the trial lasts', () => {
  const fresh = [named('http-new-connection')];
  assert.deepEqual(checkHost(fresh, roomy, 60), []);
  assert.equal(checkHost(fresh, { ...roomy, reusesTimeWait: false }, 4)[0]?.severity, 'warning');
  assert.deepEqual(checkHost(fresh, { ...roomy, reusesTimeWait: false }, 1), []);
  const slow = { kind: 'open', connections: 4, offered: perSecond(100), arrivals: 'uniform' } as const;
  assert.deepEqual(checkHost([{ ...fresh[0]!, loop: slow }], { ...roomy, reusesTimeWait: false }, 60), []);
});
