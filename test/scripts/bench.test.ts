/** Whole small runs through the real command line: what they leave behind, however they end. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, readlinkSync, truncateSync, statSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Analysis } from '#bench/analysis/analysis.ts';
import { readRecords } from '#bench/model/read.ts';
import type { RunRecords } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { Cli, hopcost, temporaryFolder } from './cli.ts';

const folder = temporaryFolder();
after(() => folder[Symbol.dispose]());
const out = join(folder.path, 'out');
const TINY = [
  'bench',
  '--preset',
  'smoke',
  '--scenarios',
  'http-small',
  '--proxies',
  'l4-tcp',
  '--duration',
  '200ms',
  '--seed',
  '1',
];

const latest = (): string => join(out, readlinkSync(join(out, 'latest')));
const records = (): RunRecords => readRecords(readFileSync(join(latest(), 'trials.ndjson'), 'utf8')).records;

/** Processes below `pid`, by the kernel's own list. */
function descendants(pid: number): number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid;
      } catch {
        return false; // it ended meanwhile
      }
    })
    .map(Number);
  return [...children, ...children.flatMap(descendants)];
}
const isAlive = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
/** An origin and a proxy at work: between two trials there are none. */
async function someChildren(cli: Cli): Promise<number[]> {
  for (;;) {
    const found = descendants(cli.process.pid!);
    if (found.length >= 2) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
/** Resolves once none of them runs any more; the test's own time limit bounds it. */
async function allGone(pids: readonly number[]): Promise<void> {
  while (
    pids.some((pid) => {
      try {
        return isAlive(pid);
      } catch {
        return false;
      }
    })
  )
    await new Promise((resolve) => setImmediate(resolve));
}

test(
  'a run writes its records, its reports and the latest pointer; --json prints the report',
  { timeout: 30_000 },
  async () => {
    const { code, stdout, stderr } = await hopcost(...TINY, '--out', out, '--json');
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), JSON.parse(readFileSync(join(latest(), 'report.json'), 'utf8')));
    const { run, trials, subjects, end } = records();
    assert.equal(end?.state, 'completed');
    assert.equal(run.seed, 1);
    assert.deepEqual(
      subjects.map(({ preflight }) => preflight.every(({ passed }) => passed)),
      [true, true],
    );
    assert.equal(trials.length, 3); // the reference runs twice
    for (const file of ['trials.csv', 'summary.csv', 'report.md', 'report.html'])
      assert.ok(statSync(join(latest(), file)).size > 0, file);
    assert.match(stderr, /core/); // the placement plan
  },
);

test('--hops measures the same proxy twice in a row as a subject of the same run', { timeout: 60_000 }, async () => {
  const rows = join(folder.path, 'rows');
  const { code, stdout, stderr } = await hopcost(...TINY, '--hops', '2', '--out', rows, '--json');
  assert.equal(code, 0, stderr);
  const report = JSON.parse(stdout) as Analysis;
  assert.deepEqual(
    report.subjects.map(({ subject }) => subjectName(subject)),
    ['direct', 'l4-tcp', 'l4-tcp ×2'],
  );
  assert.equal(report.trials.length, 4);
  assert.ok(report.trials.every(({ state }) => state !== 'failed'));
  for (const { hop, lengths } of report.chains)
    assert.deepEqual([hop, ...lengths.map(({ hops }) => hops)], ['l4-tcp', 1, 2]);
  assert.match(stderr, /l4-tcp ×2/);
});

test('report renders a run again, also one whose last line was torn', { timeout: 30_000 }, async () => {
  const run = latest();
  const file = join(run, 'trials.ndjson');
  const before = readFileSync(join(run, 'report.json'), 'utf8');
  const again = await hopcost('report', run, '--json');
  assert.equal(again.code, 0, again.stderr);
  assert.equal(again.stdout, before);
  truncateSync(file, statSync(file).size - 5);
  const torn = await hopcost('report', run);
  assert.equal(torn.code, 0, torn.stderr);
  assert.match(torn.stderr, /last line .* cut short/);
  truncateSync(file, 100);
  const broken = await hopcost('report', run);
  assert.equal(broken.code, 2);
  assert.match(broken.stderr, /trials\.ndjson: line 1/);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  test(`${signal} keeps what was measured, exits 130 and leaves no process`, { timeout: 30_000 }, async () => {
    await using cli = new Cli([...TINY, '--generations', '100', '--out', out]);
    await cli.line('stderr', '  1/100');
    const children = await someChildren(cli);
    cli.process.kill(signal);
    const { code } = await cli.finished;
    assert.equal(code, 130);
    const { trials, end } = records();
    assert.equal(end?.state, 'interrupted');
    assert.ok(trials.length >= 1);
    assert.ok(existsSync(join(latest(), 'report.html')));
    await allGone(children);
  });

test('a search that is interrupted keeps its windows and says how far it got', { timeout: 110_000 }, async () => {
  const find = ['--find', 'max-rate', '--slo', 'p50<1s,errors<50%'];
  await using cli = new Cli([...TINY, ...find, '--out', out]);
  await cli.line('stderr', 'window  2');
  cli.process.kill('SIGINT');
  const { code, stdout, stderr } = await cli.finished;
  assert.equal(code, 130, stderr);
  assert.match(stderr, /2 searches of about \d+ windows, at most \d+; about \d/);
  const { run, trials, windows = [], knees = [], end } = records();
  assert.deepEqual([end?.state, trials.length, knees.length, run.rounds], ['interrupted', 0, 0, 0]);
  assert.ok(windows.length >= 2);
  assert.match(stdout, /cut short|cannot be told/);
  assert.match(readFileSync(join(latest(), 'report.html'), 'utf8'), /id="knees"/);
  const again = await hopcost('report', latest());
  assert.deepEqual([again.code, again.stdout], [0, stdout]);
});

test('a sweep: the same traffic at every rate that was named, one scenario each', { timeout: 110_000 }, async () => {
  const { code, stderr } = await hopcost(...TINY, '--sweep', '300,600', '--out', out);
  assert.equal(code, 0, stderr);
  const { run, trials, end } = records();
  assert.equal(end?.state, 'completed');
  assert.deepEqual(
    run.scenarios.map(({ name }) => name),
    ['http-small', 'http-at-300', 'http-at-600'],
  );
  for (const { name, loop } of run.scenarios.slice(1)) {
    const own = trials.filter(({ scenario }) => scenario === name);
    assert.equal(own.length, 2);
    for (const trial of own) assert.deepEqual(trial.loop, loop);
  }
});

test('children of a killed harness end by themselves', { timeout: 30_000 }, async () => {
  await using cli = new Cli([...TINY, '--generations', '100', '--out', out]);
  await cli.line('stderr', '  2/100');
  const children = await someChildren(cli);
  cli.process.kill('SIGKILL');
  await cli.finished;
  await allGone(children);
});

test('a proxy that dies in mid-trial fails that trial; the run goes on', { timeout: 30_000 }, async () => {
  await using cli = new Cli([...TINY, '--generations', '2', '--out', out]);
  await cli.line('stderr', '1/2');
  const isProxy = (pid: number): boolean => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('proxies/host.ts');
    } catch {
      return false;
    }
  };
  let victim: number | undefined;
  while (victim === undefined) {
    victim = descendants(cli.process.pid!).find(isProxy);
    await new Promise((resolve) => setImmediate(resolve));
  }
  process.kill(victim, 'SIGKILL');
  const { code, stderr } = await cli.finished;
  assert.equal(code, 0, stderr);
  const { trials, end } = records();
  assert.equal(end?.state, 'completed');
  assert.ok(trials.length >= 4); // what the host spoils meanwhile is measured once more
  const broken = trials.filter(
    (trial) =>
      trial.state === 'failed' ||
      (trial.state === 'invalid' && trial.reasons.some(({ code }) => code === 'proxy-died')),
  );
  assert.equal(broken.length, 1, JSON.stringify(trials.map((t) => t.state)));
  assert.equal(broken[0]!.subject.kind, 'proxy');
});
