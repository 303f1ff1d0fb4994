/** Whole small gates through the real command line, and what each way out leaves behind. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { GateResult } from '#bench/gate/result.ts';
import { readHistory } from '#bench/model/history.ts';
import { readRecords } from '#bench/model/read.ts';
import type { GateFlags } from '#scripts/commands/gate.ts';
import { Cli, temporaryFolder } from './cli.ts';

const checkout = join(import.meta.dirname, '../..');
const isRepository = existsSync(join(checkout, '.git'));
const inRepository = { skip: isRepository ? false : 'this copy is no git checkout' };

const TINY = ['--scenarios', 'http-small', '--rounds', '9', '--warmup', '0ms', '--duration', '200ms', '--seed', '1'];

const SMALL = { scenarios: 'http-small', warmup: '0ms', duration: '200ms', seed: '1', json: true };

interface Place extends Disposable {
  /** For results. */
  readonly out: string;
  gate(...args: string[]): Cli;
  /** Against HEAD, in a single round. */
  small(flags?: GateFlags): Cli;
  /** What gates have left in the folder for temporary files. */
  leftovers(): string[];
}

function place(cwd: string): Place {
  const folder = temporaryFolder();
  const temporary = join(folder.path, 'tmp');
  mkdirSync(temporary);
  const out = join(folder.path, 'out');
  const options = { cwd, env: { TMPDIR: temporary } };
  const entry = join(import.meta.dirname, 'small-gate.ts');
  return {
    out,
    gate: (...args) => new Cli(['gate', ...TINY, '--out', out, ...args], options),
    small: (flags) => new Cli([JSON.stringify({ ...SMALL, base: 'HEAD', out, ...flags })], { ...options, entry }),
    leftovers: () => readdirSync(temporary).filter((name) => name.startsWith('hopcost')),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/**
 * A run of one round has one trial of its proxy, which a host that takes the CPU away for a moment makes invalid: then once more, until
 * one was completed. The fifth stands as it is.
 */
async function whole(out: string, run: () => Cli): Promise<Awaited<Cli['finished']>> {
  for (let attempt = 1; ; attempt++) {
    const finished = await run().finished;
    const { trials } = readRecords(readFileSync(join(out, 'latest/trials.ndjson'), 'utf8')).records;
    const measured = trials.some(
      ({ subject, state }) => subject.kind === 'proxy' && !subject.again && state === 'completed',
    );
    if (measured || attempt === 5) return finished;
  }
}

const worktrees = (): number =>
  execFileSync('git', ['-C', checkout, 'worktree', 'list'], { encoding: 'utf8' }).trim().split('\n').length;

function initialise(folder: string): void {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args]);
  git('init', '--quiet');
  git('add', '--all');
  git('commit', '--quiet', '--allow-empty', '--message=x');
}

/** A repository's own proxy, with `extra` done for every request; its configuration names `program`. */
function ownProxy(folder: string, extra: string, program = 'proxy.mjs'): void {
  const command = [process.execPath, program, '{listenHost}', '{listenPort}', '{upstreamHost}', '{upstreamPort}'];
  const subject = { name: 'mine', layer: 'l7', command };
  writeFileSync(join(folder, 'bench.config.ts'), `export default { subjects: [${JSON.stringify(subject)}] };\n`);
  writeFileSync(
    join(folder, 'proxy.mjs'),
    `import http from 'node:http';
const [, , host, port, upstreamHost, upstreamPort] = process.argv;
const agent = new http.Agent({ keepAlive: true });
http
  .createServer((request, response) => {
    ${extra}
    const { connection: _, ...headers } = request.headers;
    const { method, url: path } = request;
    const forwarded = http.request({ host: upstreamHost, port: upstreamPort, agent, method, path, headers });
    forwarded.on('response', (answer) => {
      const { connection: __, 'keep-alive': ___, ...answered } = answer.headers;
      response.writeHead(answer.statusCode, answered);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    request.pipe(forwarded);
  })
  .listen(Number(port), host);
`,
  );
}

describe('gate', () => {
  test(
    'measures both revisions in one run, judges them, and leaves neither worktree nor folder',
    inRepository,
    async () => {
      using here = place(checkout);
      const before = worktrees();
      const file = join(here.out, '..', 'history.ndjson');
      const { code, stdout, stderr } = await here.small({ history: file }).finished;
      assert.equal(code, 98, stderr); // one round says nothing, and what was not told has not passed
      const { lines } = readHistory(readFileSync(file, 'utf8'));
      const result = JSON.parse(stdout) as GateResult;
      assert.equal(result.state, 'invalid');
      assert.equal(result.mode.kind, 'revisions');
      assert.equal(result.base.label, 'HEAD');
      assert.equal(result.base.commit, result.head.commit);
      const { records } = readRecords(readFileSync(join(here.out, 'latest/trials.ndjson'), 'utf8'));
      const sides = records.trials.map(({ subject }) => (subject.kind === 'proxy' ? (subject.side ?? '') : 'direct'));
      assert.deepEqual(sides.slice(0, 3).toSorted(), ['base', 'direct', 'head']);
      assert.deepEqual(
        lines.map(({ run, commit, base, duet, entries }) => [run, commit, base, duet, entries[0]?.subject]),
        [[records.run.run, result.head.commit, result.base.commit, true, 'l7-http']],
      );
      assert.ok(lines[0]!.entries[0]!.gate!.value > 0);
      assert.deepEqual(here.leftovers(), []);
      assert.equal(worktrees(), before);
    },
  );

  test('fewer rounds than a verdict needs are refused before anything is measured', async () => {
    using folder = temporaryFolder();
    using here = place(folder.path);
    const { code, stderr } = await here.gate('--base', 'HEAD', '--rounds', '8').finished;
    assert.equal(code, 2);
    assert.match(stderr, /--rounds 8: a verdict needs 9 rounds at least/);
    writeFileSync(join(folder.path, 'bench.config.ts'), 'export default { gate: { rounds: 6 } };');
    const configured = await new Cli(['gate', '--base', 'HEAD'], { cwd: folder.path }).finished;
    assert.equal(configured.code, 2);
    assert.match(configured.stderr, /gate\.rounds in bench\.config\.ts: 6: a verdict needs 9 rounds at least/);
    assert.equal(existsSync(here.out), false);
  });

  test('SIGINT in mid-gate: exit 130, what was measured is kept, the worktree is gone', inRepository, async () => {
    using here = place(checkout);
    const before = worktrees();
    await using cli = here.gate('--base', 'HEAD', '--duration', '60s');
    await cli.line('stderr', 'load ');
    while (here.leftovers().length === 0) await new Promise(setImmediate);
    cli.process.kill('SIGINT');
    assert.equal((await cli.finished).code, 130);
    assert.deepEqual(here.leftovers(), []);
    assert.equal(worktrees(), before);
    const { records } = readRecords(readFileSync(join(here.out, 'latest/trials.ndjson'), 'utf8'));
    assert.equal(records.end?.state, 'interrupted');
  });

  test('a stored run as the baseline: head is measured as it was, and judged against it', async () => {
    using here = place(checkout);
    const stored = join(here.out, 'stored');
    const smoke = [
      '--preset',
      'smoke',
      '--scenarios',
      'http-small',
      '--proxies',
      'l4-tcp,l7-http',
      '--duration',
      '200ms',
    ];
    const bench = await whole(stored, () => new Cli(['bench', ...smoke, '--out', stored], { cwd: checkout }));
    assert.equal(bench.code, 0, bench.stderr);
    const file = join(stored, 'latest/trials.ndjson');
    const gate = ['gate', '--baseline', file, '--json', '--out', here.out];
    const { code, stdout, stderr } = await whole(here.out, () => new Cli(gate, { cwd: checkout }));
    assert.equal(code, 98, stderr); // one start tells nothing
    const { mode, metrics } = JSON.parse(stdout) as GateResult;
    assert.deepEqual(mode, { kind: 'baseline', file, yardsticks: ['l4-tcp'] });
    assert.ok(metrics.some(({ metric, subject }) => metric === 'cpuPerRequest' && subject === 'l7-http'));
    const alone = await here.gate('--baseline', file, '--proxies', 'l7-http').finished;
    assert.equal(alone.code, 2);
    assert.match(alone.stderr, /l7-http alone in common.*measure a baseline that has l4-tcp/);
    const missing = await new Cli(['gate', '--baseline', join(here.out, 'nothing')], { cwd: checkout }).finished;
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /no run '.*nothing'/);
  });

  test('outside of any repository: exit 2 and what to do', async () => {
    using folder = temporaryFolder();
    using here = place(folder.path);
    const { code, stderr } = await here.gate('--base', 'main').finished;
    assert.equal(code, 2);
    assert.match(stderr, /no git repository.*--baseline/);
  });

  test('an unknown revision, and none: exit 2 and what was expected', inRepository, async () => {
    using here = place(checkout);
    const unknown = await here.gate('--base', 'no-such-revision').finished;
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /'no-such-revision' names no commit.*expected a branch, a tag or a commit/);
    const none = await here.gate().finished;
    assert.equal(none.code, 2);
    assert.match(none.stderr, /name a revision with --base/);
  });

  test('a base that cannot be built: exit 1, the command and its last lines, no worktree', async () => {
    using folder = temporaryFolder();
    const build = ['node', '-e', 'console.error("no compiler"); process.exit(3)'];
    writeFileSync(
      join(folder.path, 'bench.config.ts'),
      `export default { gate: { build: ${JSON.stringify(build)} } };`,
    );
    initialise(folder.path);
    using here = place(folder.path);
    const { code, stderr } = await here.gate('--base', 'HEAD').finished;
    assert.equal(code, 1);
    assert.match(stderr, /base \(HEAD\) cannot be prepared: .*code 3.*no compiler/s);
    assert.deepEqual(here.leftovers(), []);
  });

  test('a proxy of the user’s own: base runs the file of its commit, whatever the working tree says', async () => {
    using folder = temporaryFolder();
    ownProxy(folder.path, '');
    initialise(folder.path);
    // What a careless change might do to it: milliseconds for each request where some hundred microseconds were.
    ownProxy(
      folder.path,
      `const spent = () => Object.values(process.cpuUsage()).reduce((sum, part) => sum + part);
    for (const since = spent(); spent() - since < 3_000; );`,
    );
    using here = place(folder.path);
    // Long enough for head to answer: it burns for all connections before it forwards for one.
    const { code, stdout, stderr } = await here.small({ duration: '2s' }).finished;
    assert.equal(code, 98, stderr);
    const result = JSON.parse(stdout) as GateResult;
    assert.equal(result.mode.kind, 'revisions');
    assert.ok(result.head.dirty);
    const cpu = result.metrics.find(({ metric }) => metric === 'cpuPerRequest');
    assert.equal(cpu?.subject, 'mine', stderr);
    const [round] = cpu.rounds ?? [];
    assert.ok(round!.head! > round!.base! + 2_000, JSON.stringify(round));
    assert.deepEqual(here.leftovers(), []);
  });

  test('a base that does not carry the load, or lacks the proxy: head alone, and why', async () => {
    using folder = temporaryFolder();
    ownProxy(folder.path, "if (request.url.startsWith('/nonce')) return void response.end('of my own');");
    initialise(folder.path);
    ownProxy(folder.path, '');
    using here = place(folder.path);
    const { code, stdout, stderr } = await here.small().finished;
    assert.equal(code, 98, stderr);
    const { mode } = JSON.parse(stdout) as GateResult;
    assert.ok(mode.kind === 'budgets');
    assert.match(mode.reason, /base of mine: preflight .* failed: .*of my own/);
  });

  test('what is told to install runs in both checkouts, whatever they are built with', async () => {
    using folder = temporaryFolder();
    ownProxy(folder.path, '');
    const source = readFileSync(join(folder.path, 'proxy.mjs'), 'utf8');
    writeFileSync(join(folder.path, 'proxy.mjs'), `import './node_modules/needed.mjs';\n${source}`);
    writeFileSync(join(folder.path, 'pnpm-lock.yaml'), 'lockfileVersion: 9.0\n');
    writeFileSync(join(folder.path, '.gitignore'), 'node_modules\n');
    initialise(folder.path);
    const script = 'fs.mkdirSync("node_modules", { recursive: true }); fs.writeFileSync("node_modules/needed.mjs", "")';
    const config = readFileSync(join(folder.path, 'bench.config.ts'), 'utf8');
    using here = place(folder.path);
    // Head has been installed by hand, base by nobody.
    execFileSync(process.execPath, ['-e', script], { cwd: folder.path });
    writeFileSync(join(folder.path, 'pnpm-lock.yaml'), 'lockfileVersion: 9.1\n');
    const without = await here.small().finished;
    assert.equal(without.code, 98, without.stderr);
    const { mode } = JSON.parse(without.stdout) as GateResult;
    assert.ok(mode.kind === 'budgets');
    assert.match(mode.reason, /^its dependencies are missing: base has pnpm-lock\.yaml, .*; base of mine: preflight/);

    rmSync(join(folder.path, 'node_modules'), { recursive: true });
    const install = JSON.stringify([process.execPath, '-e', script]);
    writeFileSync(
      join(folder.path, 'bench.config.ts'),
      config.replace('export default {', `export default { gate: { install: ${install} },`),
    );
    const { stdout, stderr } = await here.small().finished;
    assert.equal((JSON.parse(stdout) as GateResult).mode.kind, 'revisions', stderr);
  });

  test('a change that loosens the rules is judged by base’s, and every output says that they differ', async () => {
    using folder = temporaryFolder();
    const rules = (budget: string, more = ''): void =>
      writeFileSync(
        join(folder.path, 'bench.config.ts'),
        `import { defineConfig } from 'hopcost';\nexport default defineConfig({ gate: { ${more} budgets: ['${budget}'] } });\n`,
      );
    rules('l7-http.cpuPerRequest <= 25 µs');
    initialise(folder.path);
    rules('l7-http.cpuPerRequest <= 1 s', 'effects: { cpuPerRequest: 0.9 },');
    using here = place(folder.path);
    const base = JSON.parse((await here.small().finished).stdout) as GateResult;
    assert.deepEqual(
      base.budgets.map(({ text }) => text),
      ['l7-http.cpuPerRequest <= 25 µs'],
    );
    const note = "the gate's rules differ from base's (effects, budgets): base's decide; --rules head takes head's";
    assert.equal(base.notes[0], note);
    for (const file of ['gate.txt', 'gate.md', 'gate-comment.md', 'gate-annotations.txt', 'gate-junit.xml'])
      assert.match(
        readFileSync(join(here.out, 'latest', file), 'utf8').replaceAll(/[\s\\]+/g, ' '),
        /rules differ from base(?:'|&#39;|&apos;)s/,
        file,
      );
    const head = JSON.parse((await here.small({ rules: 'head' }).finished).stdout) as GateResult;
    assert.deepEqual(
      head.budgets.map(({ text }) => text),
      ['l7-http.cpuPerRequest <= 1 s'],
    );
    assert.match(head.notes[0]!, /rules differ from base's \(effects, budgets\), and head's decide/);
  });

  test('a path into the working tree, which base would run as well, is refused', async () => {
    using folder = temporaryFolder();
    ownProxy(folder.path, '', join(folder.path, 'proxy.mjs'));
    initialise(folder.path);
    using here = place(folder.path);
    const { code, stderr } = await here.gate('--base', 'HEAD').finished;
    assert.equal(code, 2);
    assert.match(stderr, /subject mine: '.*proxy\.mjs' is a path into the working tree.*relative/);
  });

  test('a repository that hopcost is no part of: nothing to compare, and it says so', async () => {
    using folder = temporaryFolder();
    initialise(folder.path);
    using here = place(folder.path);
    const { code, stdout, stderr } = await here.small().finished;
    assert.equal(code, 98, stderr);
    const { mode, verdict } = JSON.parse(stdout) as GateResult;
    assert.equal(mode.kind, 'budgets');
    assert.match(verdict, /not compared with base \(l7-http comes with hopcost/);
  });
});
