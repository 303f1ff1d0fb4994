/** What is no proxy of ours as a subject of whole small runs: a user's own command, and a target that runs elsewhere. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readRecords } from '#bench/model/read.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { familyOf } from '#proxies/peers/family.ts';
import { answer, freePort, httpOrigin } from '../bench/load/origins.ts';
import { alive } from '../proxies/peers/origin.ts';
import { Cli, hopcost, temporaryFolder } from './cli.ts';

const PROGRAM = join(import.meta.dirname, '../proxies/peers/own-proxy.ts');
const onLinux = { timeout: 100_000, skip: process.platform !== 'linux' && 'needs /proc' };

const own = (name: string, layer: 'l4' | 'l7', behaviour: string) => ({
  name,
  layer,
  command: [process.execPath, PROGRAM, behaviour, '--listen', '{listen}', '--upstream', '{upstream}'],
});

/** A run in a folder whose configuration has these subjects. */
function bench(folder: string, subjects: readonly object[], ...args: string[]): Cli {
  writeFileSync(join(folder, 'bench.config.ts'), `export default { subjects: ${JSON.stringify(subjects)} };\n`);
  const small = ['--preset', 'smoke', '--scenarios', 'http-small', '--duration', '200ms', '--seed', '1'];
  return new Cli(['bench', ...small, '--proxies', 'own', '--out', 'out', ...args], { cwd: folder });
}

function latest(folder: string) {
  const run = join(folder, 'out', readlinkSync(join(folder, 'out/latest')));
  const read = (file: string): string => readFileSync(join(run, file), 'utf8');
  return { records: readRecords(read('trials.ndjson')).records, markdown: read('report.md') };
}

test('a user’s own proxies are checked, told about and measured like all others', onLinux, async () => {
  using folder = temporaryFolder();
  await using cli = bench(folder.path, [own('mine-http', 'l7', 'forwards'), own('mine-tcp', 'l4', 'relays')]);
  const { code, stdout, stderr } = await cli.finished;
  assert.equal(code, 0, stderr);
  const { records, markdown } = latest(folder.path);
  const [, l7, l4] = records.subjects;
  assert.deepEqual(
    records.subjects.map(({ subject }) => subjectName(subject)),
    ['direct', 'mine-http', 'mine-tcp'],
  );
  for (const record of [l7!, l4!]) {
    assert.deepEqual(
      record.preflight.filter(({ passed }) => !passed),
      [],
    );
    assert.match(record.nativeConfig, /own-proxy\.ts .*--upstream 127\.0\.0\.1:\d+/);
  }
  const broken = l7!.preflight.filter(({ deviates }) => deviates);
  assert.ok(broken.length > 0 && broken.length < l7!.preflight.length, 'a textbook proxy keeps some rules, not all');
  assert.match(markdown, /mine-http carries the load correctly but does not keep \d+ of \d+ checks/);
  assert.match(stdout.replaceAll(/\s+/g, ' '), /mine-http carries the load correctly but does not keep/);
  const trials = records.trials.filter(({ subject }) => subject.kind === 'proxy');
  assert.equal(trials.length, 3); // one of them runs twice
  for (const trial of trials) {
    assert.notEqual(trial.state, 'failed');
    const proxy = trial.state === 'failed' ? undefined : trial.probes?.proxy;
    assert.ok(proxy && proxy.cpu > 0, `${subjectName(trial.subject)} has no CPU figure`);
    assert.deepEqual(alive(proxy.pids), []);
  }
});

test(
  'those that cannot be measured are started once, end the run with 1, and nothing praises them',
  onLinux,
  async () => {
    using folder = temporaryFolder();
    const names = { daemon: 'goes-to-the-background', broken: 'exits-at-once', mortal: 'dies-under-load' };
    const subjects = Object.entries(names).map(([name, behaviour]) => own(name, 'l7', behaviour));
    await using cli = bench(folder.path, subjects);
    const { code, stdout, stderr } = await cli.finished;
    assert.equal(code, 1, stderr);
    assert.match(stderr, /daemon is not measured: .* it went to the background: .* run it in the foreground/);
    assert.match(
      stderr,
      /broken is not measured: .* exited at once \(code 4\).*\nIts last lines:\nown: cannot read own\.toml\n/s,
    );
    assert.match(
      stderr,
      /mortal +(?:invalid|failed): .* is not running any more.*\n +its last lines:\n +own: \\x1b\[31mout of luck\\x1b\[0m\n/,
    );
    assert.match(stderr, /hopcost: no figure of daemon, broken, mortal, which this run was asked for/);
    const { records, markdown } = latest(folder.path);
    const failed = records.subjects.map(({ preflight }) => preflight.filter(({ passed }) => !passed).length);
    assert.deepEqual(failed, [0, 1, 1, 0], 'direct, and each of them');
    for (const text of [markdown, stdout].map((one) => one.replaceAll(/\s+/g, ' '))) {
      assert.match(text, /broken was not measured: .* exited at once .* It said last: 'own: cannot read own\.toml'\./);
      assert.match(text, /mortal has no figure: its one trial did not complete\. .* It said last: 'own: .*out of luck/);
      assert.doesNotMatch(text, /carries the load|All \d+ trials|The one trial completed\./);
    }
  },
);

test('one that leads elsewhere is not measured, and told by name and command', onLinux, async () => {
  using folder = temporaryFolder();
  await using cli = bench(folder.path, [own('mine', 'l7', 'answers-wrongly')]);
  const { stderr } = await cli.finished;
  assert.match(
    stderr,
    /mine is not measured: .* failed: mine \(own command; your own: .*own-proxy\.ts answers-wrongly .*\): GET \/nonce at .*: expected 200 and .*, got 200 and 'of my own'/,
  );
  assert.match(latest(folder.path).markdown, /mine was not measured: it starts and leads to the origin/);
});

test('Ctrl-C ends a user’s own proxy', onLinux, async () => {
  using folder = temporaryFolder();
  await using cli = bench(folder.path, [own('mine', 'l4', 'has-children')], '--duration', '60s');
  let pids: number[] = [];
  // Itself, a child in its group and one that left it.
  while (pids.length < 3 && cli.process.exitCode === null) {
    pids = ownProcesses(cli.process.pid!).flatMap((pid) => familyOf(pid)!.map((member) => member.pid));
    await new Promise(setImmediate);
  }
  cli.process.kill('SIGINT');
  const { code, stderr } = await cli.finished;
  assert.equal(code, 130, stderr);
  assert.deepEqual(alive(pids), []);
});

test(
  'a target elsewhere: never more than the cap, direct beside it, and what it cannot tell is said',
  onLinux,
  async () => {
    using folder = temporaryFolder();
    await using target = await httpOrigin((socket) => void socket.write(answer('hello')));
    const cap = 40;
    const words = `bench --preset smoke --duration 500ms --i-own-this-target --max-rate ${cap}`.split(' ');
    const url = `http://127.0.0.1:${target.port}/x`;
    const started = performance.now();
    const { code, stdout, stderr } = await hopcost(
      ...words,
      '--target',
      `lb=${url}`,
      '--out',
      join(folder.path, 'out'),
    );
    const seconds = (performance.now() - started) / 1_000;
    assert.equal(code, 0, stderr);
    const { requests, connections } = target.seen;
    assert.ok(requests > 3 && requests <= cap * Math.ceil(seconds), `${requests} requests in ${seconds} s`);
    assert.ok(connections <= cap * Math.ceil(seconds), `${connections} connections in ${seconds} s`);

    const { records, markdown } = latest(folder.path);
    assert.deepEqual(records.trials.map(({ scenario, subject }) => `${scenario} ${subjectName(subject)}`).toSorted(), [
      'http-small-capped direct',
      'http-small-capped lb',
    ]);
    for (const { loop } of records.trials) assert.deepEqual(loop, records.run.scenarios[0]?.loop);
    const lb = records.trials.find(({ subject }) => subjectName(subject) === 'lb');
    assert.ok(lb && lb.state !== 'failed');
    assert.equal(lb.probes?.proxy, undefined);
    assert.equal(lb.probes?.origin, undefined);
    for (const text of [markdown, stdout.replaceAll(/\s+/g, ' ')]) {
      assert.match(text, /has no CPU, memory or capacity figures, and is never sent more than its cap/);
      assert.match(text, /differences between the two kinds are no hop cost/);
      assert.match(text, /Offered[^]* direct(?: \|)? 38/);
      assert.match(text, /elsewhere/);
    }
  },
);

test('a slow target has connections enough for its rate; without them nothing is said of it', onLinux, async () => {
  using folder = temporaryFolder();
  await using target = await httpOrigin((socket) => void setTimeout(() => socket.write(answer('hello')), 400));
  const words = ['bench', '--preset', 'smoke', '--duration', '1s', '--i-own-this-target', '--max-rate', '200'];
  const named = ['--target', `lb=http://127.0.0.1:${target.port}/x`, '--out', join(folder.path, 'out')];
  const enough = await hopcost(...words, ...named);
  assert.equal(enough.code, 0, enough.stderr);
  assert.match(enough.stderr, /http-small-capped: 1\d\d connections, for answers that take up to 4\d\d\sms/);
  const few = await hopcost(...words, ...named, '--connections', '20');
  assert.equal(few.code, 1, few.stderr);
  const lb = latest(folder.path).records.trials.find(({ subject }) => subjectName(subject) === 'lb');
  assert.ok(lb?.state === 'invalid');
  assert.deepEqual([lb.reasons.map(({ code }) => code), lb.loop?.connections], [['out-of-connections'], 20]);
  assert.match(few.stderr, /no figure of lb/);
  assert.doesNotMatch(few.stdout, /lb answered in/);
});

test('a target that is not there: one message, nothing measured, nothing written', onLinux, async () => {
  using folder = temporaryFolder();
  const url = `http://127.0.0.1:${await freePort()}/x`;
  const out = join(folder.path, 'out');
  const words = 'bench --preset smoke --i-own-this-target --max-rate 10'.split(' ');
  const { code, stdout, stderr } = await hopcost(...words, '--target', `lb=${url}`, '--out', out);
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(
    stderr,
    new RegExp(
      `\nhopcost: target lb \\(${url}\\): GET /x: expected an answer, got connect ECONNREFUSED 127.0.0.1:\\d+\n$`,
    ),
  );
  assert.equal(existsSync(out), false);
});

/** Of the processes below `pid`, those that run our program. */
function ownProcesses(pid: number): number[] {
  const read = (path: string): string => {
    try {
      return readFileSync(path, 'latin1');
    } catch {
      return ''; // it ended meanwhile
    }
  };
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const below = all.filter((name) => Number(read(`/proc/${name}/stat`).split(') ').at(-1)?.split(' ')[1]) === pid);
  return below.filter((name) => read(`/proc/${name}/cmdline`).includes(PROGRAM)).map(Number);
}
