/**
 * `npm run test:install`: packs, installs the package into other people's projects, and measures there. It takes a quarter of an hour and
 * a package registry, so it is no part of `npm test`; where no registry answers it is skipped.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { filesOf, isOffline, pack, PINNED, programs, root, run, sizeOf, succeed } from './place.ts';

const place = mkdtempSync(join(tmpdir(), 'hopcost-install-'));
after(() => rmSync(place, { recursive: true, force: true }));
const cache = join(place, 'cache');
const env = { HOPCOST_CACHE: cache };

const online = { skip: isOffline && 'no package registry answers', timeout: 900_000 };

interface Node {
  /** 'v24.1.0' */
  readonly version: string;
  readonly path: string;
}

async function nodeOf(major: number): Promise<Node> {
  const path = await programs(join(place, `node-${major}`), `node@${major}`);
  return { path, version: (await succeed([join(path, 'node'), '--version'], { cwd: place })).trim() };
}

/** How each manager adds a package that lies in a file, and how it runs a program of the project. */
const MANAGERS = {
  npm: { add: ['npm', 'install', '--no-audit', '--no-fund', '--save-dev'], exec: ['npx'] },
  pnpm: { add: ['pnpm', 'add', '--save-dev', '--store-dir', join(place, 'pnpm')], exec: ['pnpm', 'exec'] },
  yarn: { add: ['yarn', 'add', '--dev', '--cache-folder', join(place, 'yarn')], exec: ['yarn', '--silent'] },
} as const;
type Manager = keyof typeof MANAGERS;

let tarball = '';
let managers = '';

/** The folder of a project that has nothing but hopcost. Spaces in paths are many people's. */
const projectOf = (manager: Manager): string => join(place, `a project of ${manager}`);

async function install(manager: Manager): Promise<string> {
  const cwd = projectOf(manager);
  mkdirSync(cwd);
  writeFileSync(join(cwd, 'package.json'), '{"name":"somebody","version":"1.0.0","private":true}\n');
  await succeed([...MANAGERS[manager].add, tarball], { cwd, path: [PINNED.path, managers] });
  return cwd;
}

interface Report {
  readonly state: string;
  readonly run: { readonly environment: { readonly node: string }; readonly hopcost: string };
  readonly trials: readonly { readonly state: string; readonly subject: string }[];
}

/** A smoke run as a user starts it, with what it left behind. */
async function measure(manager: Manager, node: Node, ...words: readonly string[]): Promise<Report> {
  const cwd = projectOf(manager);
  const surroundings = { cwd, path: [node.path, managers], env };
  const ended = await run([...MANAGERS[manager].exec, 'hopcost', 'bench', '--preset', 'smoke', ...words], surroundings);
  // 1: a busy host may leave a subject that was named without a figure.
  assert.ok(ended.code === 0 || (ended.code === 1 && words.length > 0), ended.stderr);
  const latest = join(cwd, 'reports/out/latest');
  for (const file of ['report.html', 'report.md', 'summary.csv', 'trials.ndjson'])
    assert.ok(existsSync(join(latest, file)), file);
  return JSON.parse(readFileSync(join(latest, 'report.json'), 'utf8')) as Report;
}

describe('the package', online, async () => {
  if (isOffline) return;
  const [old, ...nodes] = [await nodeOf(18), await nodeOf(22), await nodeOf(24), PINNED];
  managers = await programs(join(place, 'managers'), 'pnpm@10', 'yarn@1');

  test('packs without tests and sources', async () => {
    tarball = await pack(place);
    const listed = await succeed(['tar', '--list', '--file', tarball], { cwd: place });
    const paths = listed
      .trim()
      .split('\n')
      .map((path) => path.replace(/^package\//, ''));
    assert.deepEqual(
      paths.filter((path) => /^(test|scripts|bench)\/|(?<!\.d)\.ts$|\.test\./.test(path)),
      [],
    );
    for (const file of ['bin/hopcost.cjs', 'dist/index.js', 'dist/index.d.ts']) assert.ok(paths.includes(file), file);
  });

  for (const manager of ['npm', 'pnpm', 'yarn'] as const)
    test(`${manager} installs it: at most 60 MiB, and no Node that the project’s own scripts would run`, async () => {
      const cwd = await install(manager);
      const size = sizeOf(join(cwd, 'node_modules'));
      assert.ok(size <= 60, `${size} MiB`);
      assert.ok(!existsSync(join(cwd, 'node_modules/.bin/node')));
    });

  for (const manager of ['npm', 'pnpm'] as const)
    for (const node of nodes)
      test(`${manager}, Node ${node.version}: a smoke run gives a report, and nothing is written into the package`, async () => {
        const packages = join(projectOf(manager), 'node_modules');
        const before = filesOf(packages);
        const { state, run: about, trials } = await measure(manager, node);
        assert.deepEqual([state, about.environment.node], ['completed', node.version]);
        assert.ok(trials.some((trial) => trial.state === 'completed'));
        assert.ok(trials.every((trial) => trial.state !== 'failed'));
        assert.deepEqual(filesOf(packages), before);
      });

  test('yarn: every subject is listed', async () => {
    const words = [...MANAGERS.yarn.exec, 'hopcost', 'list', '--json'];
    const listed = await succeed(words, { cwd: projectOf('yarn'), path: [PINNED.path, managers], env });
    assert.match(listed, /"l7-http"/);
  });

  test('a Node that is too old is told in one sentence, and the version needs none', async () => {
    const hopcost = [join(old!.path, 'node'), 'node_modules/.bin/hopcost'];
    const surroundings = { cwd: projectOf('npm'), env };
    const { code, stderr } = await run([...hopcost, 'list'], surroundings);
    assert.deepEqual([code, stderr.trim().split('\n').length], [1, 1]);
    assert.match(stderr, /^hopcost needs Node 22\.18 or later and this is 18\..*: `hopcost setup-node` fetches/);
    assert.match(await succeed([...hopcost, '--version'], surroundings), /^\d+\.\d+\.\d+/);
  });

  test('--version takes at most 150 ms', async () => {
    const times: number[] = [];
    for (let i = 0; i < 7; i++) {
      const start = performance.now();
      await succeed([join(PINNED.path, 'node'), 'node_modules/.bin/hopcost', '--version'], { cwd: projectOf('npm') });
      times.push(performance.now() - start);
    }
    assert.ok(Math.min(...times) <= 150, `${Math.min(...times)} ms`);
  });

  test('bench.config.ts and the records are typed for whoever imports hopcost', async () => {
    const cwd = projectOf('npm');
    const options = { strict: true, module: 'nodenext', target: 'es2024', noEmit: true, types: ['node'] };
    const typeRoots = [join(root, 'node_modules/@types')];
    writeFileSync(join(cwd, 'package.json'), '{"name":"somebody","type":"module"}\n');
    writeFileSync(
      join(cwd, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...options, typeRoots }, files: ['bench.config.ts', 'findings.ts'] }),
    );
    writeFileSync(
      join(cwd, 'bench.config.ts'),
      `import { defineConfig } from 'hopcost';
export default defineConfig({
  preset: 'smoke',
  proxies: ['l4-tcp'],
  scenarios: ['http-small'],
  gate: { budgets: ['l4-tcp.cpuPerRequest <= 1 s'] },
});
// @ts-expect-error no number
defineConfig({ preset: 7 });
`,
    );
    writeFileSync(
      join(cwd, 'findings.ts'),
      `import { readFileSync } from 'node:fs';
import { analyse, readRecords, type Analysis } from 'hopcost';
const { records } = readRecords(readFileSync('reports/out/latest/trials.ndjson', 'utf8'));
const analysis: Analysis = analyse(records);
console.log(analysis.findings.length > 0, analysis.run.environment.node.startsWith('v'));
`,
    );
    await succeed([join(root, 'node_modules/.bin/tsc')], { cwd, path: [PINNED.path] });
    for (const node of nodes) {
      const shown = await succeed([join(node.path, 'node'), 'findings.ts'], { cwd });
      assert.equal(shown, 'true true\n');
      const { trials } = await measure('npm', node);
      assert.deepEqual(new Set(trials.map(({ subject }) => subject.split(' ')[0])), new Set(['direct', 'l4-tcp']));
    }
    rmSync(join(cwd, 'bench.config.ts'));
  });

  test('setup-node fetches the pinned Node into the cache folder, and it is the one that then measures', async () => {
    const hopcost = [join(old!.path, 'node'), 'node_modules/.bin/hopcost'];
    const surroundings = { cwd: projectOf('npm'), path: [old!.path], env };
    const { version } = JSON.parse(readFileSync(join(root, 'setup/node/package.json'), 'utf8')) as { version: string };
    const said = await succeed([...hopcost, 'setup-node'], surroundings);
    assert.ok(said.startsWith(`Node ${version}: ${cache}`));
    const { run: about } = await measure('npm', old!, '--proxies', 'l4-tcp', '--scenarios', 'http-small');
    assert.equal(about.environment.node, `v${version}`);
  });

  test('the libraries for Node are fetched where they are asked for, and run', async () => {
    const script =
      'const why = require("./node_modules/hopcost/dist/scripts/setup/locked.cjs").fetchLocked("peers"); if (why) throw new Error(why);';
    const surroundings = { cwd: projectOf('npm'), path: [PINNED.path], env };
    await succeed([join(PINNED.path, 'node'), '--eval', script], surroundings);
    const names = ['http-proxy', 'http-proxy-3', 'httpxy', 'fast-proxy', 'fastify-http-proxy'];
    const words = ['--proxies', names.join(','), '--scenarios', 'http-small'];
    const { trials } = await measure('npm', PINNED, ...words);
    const ran = trials.filter(({ state }) => state !== 'failed').map(({ subject }) => subject);
    for (const name of names) assert.ok(ran.includes(name), name);
  });
});
