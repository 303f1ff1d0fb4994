/** What a host is told that it cannot measure: facts are handed in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes } from '#bench/model/units.ts';
import type { PlannedTrial } from '#bench/plan/rounds.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';
import { type LimitedHost, limitsOf } from '#bench/run/host-limits.ts';

const scenario = SCENARIOS.find(({ name }) => name === 'http-small')!;
/** Each of them holds 64 connections. */
const group = (subjects: number): PlannedTrial[] =>
  Array.from({ length: subjects }, (_, i) => ({
    scenario,
    subject: { kind: 'proxy', name: `p${i}` },
    round: 0,
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
