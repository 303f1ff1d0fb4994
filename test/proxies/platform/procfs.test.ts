/** The texts are as Linux 6 writes them, cut. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  cgroupFiles,
  parseCpuList,
  parseCpuTicks,
  parseFields,
  parseTcpSockets,
  parseNetCounters,
  parseOpenFilesLimit,
  parsePairs,
  parseProcessStat,
  parseSchedstat,
} from '#proxies/platform/procfs.ts';

const statLine = (name: string) =>
  `8890 (${name}) S 8887 8880 6799 0 -1 4194304 96 0 0 0 120 34 5 6 20 0 11 0 146756 3133440 375 18446744073709551615 1 2 3\n`;

test('/proc/PID/stat', () => {
  assert.deepEqual(parseProcessStat(statLine('node')), {
    pid: 8890,
    name: 'node',
    state: 'S',
    parent: 8887,
    group: 8880,
    user: 120,
    system: 34,
    childrenUser: 5,
    childrenSystem: 6,
    startTime: 146_756,
  });
});

test('/proc/PID/stat: any name, spaces and parentheses too', () => {
  for (const name of ['tmux: server', 'a) S 1 2 3', '(', ')', ') (', '((x)) R 1', ''])
    assert.equal(parseProcessStat(statLine(name)).startTime, 146_756, name);
  fc.assert(
    fc.property(fc.string({ maxLength: 15 }), (name) => {
      const { pid, startTime, name: read } = parseProcessStat(statLine(name));
      assert.deepEqual({ pid, startTime, read }, { pid: 8890, startTime: 146_756, read: name });
    }),
  );
});

test('/proc/PID/stat: what is none is refused', () => {
  for (const text of ['', '1 node S 2', '1 (node', '1 (node) S 2 3'])
    assert.throws(() => parseProcessStat(text), /not a/);
});

test('/proc/self/stat of this very process', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  const stat = parseProcessStat(readFileSync('/proc/self/stat', 'utf8'));
  assert.equal(stat.pid, process.pid);
  assert.equal(stat.parent, process.ppid);
});

test('schedstat', () =>
  assert.deepEqual(parseSchedstat('123456789 42 7\n'), { ran: 123_456_789, waited: 42, slices: 7 }));

test('fields of status and pairs of cpu.stat', () => {
  const fields = parseFields(
    'Name:\tnode\nVmRSS:\t   46072 kB\nCpus_allowed_list:\t0-1\nvoluntary_ctxt_switches:\t12\n',
  );
  assert.equal(fields.get('VmRSS'), '46072 kB');
  assert.equal(fields.get('voluntary_ctxt_switches'), '12');
  assert.deepEqual(
    [...parsePairs('nr_throttled 3\nthrottled_usec 1500\n')],
    [
      ['nr_throttled', 3],
      ['throttled_usec', 1500],
    ],
  );
});

test('CPU lists', () => {
  assert.deepEqual(parseCpuList('0-2,5,7-8\n'), [0, 1, 2, 5, 7, 8]);
  assert.deepEqual(parseCpuList('3'), [3]);
  assert.deepEqual(parseCpuList(''), []);
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(300)), (cores) => {
      assert.deepEqual(parseCpuList(cores.join(',')), cores);
    }),
  );
});

test('/proc/stat: steal is its own, guest time is not counted twice', () => {
  assert.deepEqual(parseCpuTicks('cpu  100 10 50 800 20 5 5 10 40 4\ncpu0 1 1 1 1\n'), {
    busy: 170,
    steal: 10,
    total: 1000,
  });
  assert.throws(() => parseCpuTicks('intr 1\n'), /expected the 'cpu' line/);
});

test('/proc/net/netstat and snmp', () => {
  const counters = parseNetCounters(
    'TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 0 7 9\nIpExt: InOctets\nIpExt: 5\n',
  );
  assert.equal(counters.get('TcpExt.ListenOverflows'), 7);
  assert.equal(counters.get('TcpExt.ListenDrops'), 9);
  assert.equal(counters.get('IpExt.InOctets'), 5);
  assert.equal(parseNetCounters('Tcp: RtoAlgorithm MaxConn RetransSegs\nTcp: 1 -1 4\n').get('Tcp.RetransSegs'), 4);
  assert.equal(parseNetCounters('').size, 0);
});

test('/proc/net/tcp and tcp6: who listens where, and who is connected to whom', () => {
  const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1576 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 1580 1 0 100 0 0 10 0
`;
  const tcp6 = `  sl  local_address remote_address st tx_queue rx_queue tr tm->when retrnsmt uid timeout inode
   0: 00000000000000000000000001000000:01BB 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 99 1 0 100
`;
  assert.deepEqual(parseTcpSockets(tcp), [
    { port: 8080, peerPort: 0, listens: true, inode: '1576' },
    { port: 8080, peerPort: 50_000, listens: false, inode: '1580' },
  ]);
  assert.deepEqual(parseTcpSockets(tcp6), [{ port: 443, peerPort: 0, listens: true, inode: '99' }]);
  assert.deepEqual(parseTcpSockets(''), []);
});

test('/proc/PID/limits', () => {
  const text =
    'Limit                     Soft Limit           Hard Limit           Units     \nMax open files            ';
  assert.equal(parseOpenFilesLimit(`${text}20000                40000                files     \n`), 20_000);
  assert.equal(parseOpenFilesLimit(`${text}unlimited            unlimited            files     \n`), Infinity);
  assert.equal(parseOpenFilesLimit('Limit\n'), undefined);
});

test('cgroup files: v2 first, leaf to root; v1 by its controller', () => {
  assert.deepEqual(cgroupFiles('0::/a/b\n', 'cpu', 'cpu.max', 'cpu.cfs_quota_us'), [
    '/sys/fs/cgroup/a/b/cpu.max',
    '/sys/fs/cgroup/a/cpu.max',
    '/sys/fs/cgroup/cpu.max',
    '/sys/fs/cgroup/unified/a/b/cpu.max',
    '/sys/fs/cgroup/unified/a/cpu.max',
    '/sys/fs/cgroup/unified/cpu.max',
  ]);
  assert.deepEqual(cgroupFiles('4:memory:/x\n2:cpu,cpuacct:/\n', 'cpu', 'cpu.max', 'cpu.cfs_quota_us'), [
    '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us',
  ]);
  assert.deepEqual(cgroupFiles('', 'cpu', 'a', 'b'), []);
});
