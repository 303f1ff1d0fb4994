/** The steps of action.yml, in their order, in a real shell with a small gate: what GitHub would be told. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { text as textOf } from 'node:stream/consumers';
import { gateOutputs } from '#reports/gate/registry.ts';
import { exporters } from '#reports/registry.ts';
import { action, root, type Step } from './parsed.ts';

const isRepository = existsSync(join(root, '.git'));
const inRepository = { skip: isRepository ? false : 'this copy is no git checkout' };
const TINY = ['--scenarios=http-small', '--rounds=9', '--warmup=0ms', '--duration=200ms', '--seed=1'].join('\n');

interface Ran {
  readonly outputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly uploads: readonly string[];
  readonly stdout: string;
  readonly summary: string;
  /** Of the step that failed last, or 0. */
  readonly code: number;
  readonly failed?: string;
}

/** As a runner does it: `uses` are noted, a failed step ends the others. */
async function runAction(given: Readonly<Record<string, string>>, folder: string): Promise<Ran> {
  const outputs: Record<string, Record<string, string>> = {};
  const inputs = Object.fromEntries(
    Object.entries(action.inputs).map(([name, { default: usual = '' }]) => [name, given[name] ?? usual]),
  );
  const resolve = (expression: string): string => {
    for (const alternative of expression.split('||').map((one) => one.trim())) {
      const [scope, name, , output] = alternative.split('.');
      const value = scope === 'inputs' ? inputs[name!] : scope === 'steps' ? outputs[name!]?.[output!] : undefined;
      if (value) return value;
    }
    return '';
  };
  const filled = (text: string): string =>
    text.replace(/\$\{\{ *(.*?) *\}\}/g, (_, expression: string) => resolve(expression));
  const holds = (condition = ''): boolean =>
    [...condition.matchAll(/([\w.-]+) != ''/g)].every(([, expression]) => resolve(expression!) !== '');
  const summaryFile = join(folder, 'summary');
  writeFileSync(summaryFile, '');
  const uploads: string[] = [];
  let stdout = '';
  const end = (code: number, failed?: string): Ran => ({
    outputs,
    uploads,
    stdout,
    summary: readFileSync(summaryFile, 'utf8'),
    code,
    ...(failed !== undefined && { failed }),
  });
  for (const step of action.runs.steps.filter((one) => !one.uses?.includes('setup-node'))) {
    if (!holds(step.if)) continue;
    if (step.uses) {
      uploads.push(`${filled(String(step.with!['name']))}: ${filled(String(step.with!['path']))}`);
      continue;
    }
    const file = join(folder, `output-${step.id ?? 'none'}`);
    writeFileSync(file, '');
    const done = await shell(step, filled, {
      GITHUB_ACTION_PATH: root,
      GITHUB_OUTPUT: file,
      GITHUB_STEP_SUMMARY: summaryFile,
      RUNNER_TEMP: folder,
    });
    stdout += done.stdout;
    const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
    if (step.id)
      outputs[step.id] = Object.fromEntries(
        lines.map((line) => [line.split('=')[0]!, line.slice(line.indexOf('=') + 1)]),
      );
    if (done.code !== 0) return end(done.code, step.name);
  }
  return end(0);
}

async function shell(step: Step, filled: (text: string) => string, env: Record<string, string>) {
  const own = Object.fromEntries(Object.entries(step.env ?? {}).map(([name, value]) => [name, filled(value)]));
  const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step.run!], {
    cwd: join(root, filled(step['working-directory'] ?? '.')),
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, GITHUB_EVENT_NAME: 'workflow_dispatch', ...env, ...own },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [stdout, code] = await Promise.all([
    textOf(child.stdout),
    new Promise<number>((ended) => child.once('close', (status) => ended(status ?? -1))),
  ]);
  return { stdout, code };
}

function place(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'hopcost-action-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

test(
  'a gate that cannot tell: outputs, summary, annotations and artifacts are there, and the code is 98',
  inRepository,
  async () => {
    using folder = place();
    // A repository that hopcost is no part of: nothing is compared, and there are no budgets.
    const project = join(folder.path, 'project');
    const git = ['-c', 'user.name=t', '-c', 'user.email=t@example.org'];
    execFileSync('git', ['init', '--quiet', project]);
    execFileSync('git', ['-C', project, ...git, 'commit', '--quiet', '--allow-empty', '--message=x']);
    const given = { base: 'HEAD', args: TINY, 'working-directory': relative(root, project) };
    const ran = await runAction(given, folder.path);
    const gate = ran.outputs['gate']!;
    assert.deepEqual([ran.code, ran.failed], [98, 'Verdict']);
    assert.deepEqual([gate['state'], gate['exit-code']], ['invalid', '98']);
    const result = JSON.parse(readFileSync(gate['result']!, 'utf8')) as { state: string; base: { label: string } };
    assert.deepEqual([result.state, result.base.label], ['invalid', 'HEAD']);
    assert.match(ran.summary, /^## ! hopcost gate: invalid\n/);
    assert.match(ran.stdout, /^::warning title=/m);
    assert.deepEqual(ran.uploads, [
      `hopcost-gate: ${gate['directory']}`,
      `hopcost-gate-comment: ${gate['directory']}/gate-comment.md`,
    ]);
    const kept = [...gateOutputs, ...exporters].map(({ file }) => join(gate['directory']!, file));
    assert.deepEqual(
      kept.filter((file) => !existsSync(file)),
      [],
    );
  },
);

test(
  'a base that does not exist, and words that the gate does not know: the code, and no artifact',
  inRepository,
  async () => {
    using folder = place();
    const unknown = await runAction({ base: 'no-such-revision' }, folder.path);
    assert.deepEqual([unknown.code, unknown.failed, unknown.uploads], [2, 'Find the base', []]);
    const wrong = await runAction({ base: 'HEAD', args: '--no-such-flag; touch x' }, folder.path);
    assert.deepEqual([wrong.code, wrong.failed, wrong.uploads], [2, 'Verdict', []]);
    assert.match(wrong.stdout, /^::error title=hopcost gate::The gate ended with code 2/m);
    const strict = await runAction({ base: 'HEAD', strict: 'yes' }, folder.path);
    assert.deepEqual([strict.code, strict.failed], [2, 'Measure base and head']);
  },
);
