/** Plays the runner of a workflow: the steps of an action in their order, in a real shell; what GitHub would be told. */
import { spawn } from 'node:child_process';
import { chownSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import type { Action, Step } from './parsed.ts';

export interface Ran {
  readonly outputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** 'name: path' of each artifact. */
  readonly uploads: readonly string[];
  readonly stdout: string;
  readonly stderr: string;
  readonly summary: string;
  /** Of the step that failed last, or 0. */
  readonly code: number;
  readonly failed?: string;
}

export interface Runner {
  readonly action: Action;
  /** Where the action lies. */
  readonly actionPath: string;
  /** The checkout that `working-directory` is relative to. */
  readonly workspace: string;
  /** RUNNER_TEMP. */
  readonly temporary: string;
  readonly inputs?: Readonly<Record<string, string>>;
  /** GITHUB_* and others. */
  readonly env?: NodeJS.ProcessEnv;
  /** Whom the steps run as, where not as who runs the tests. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

/** What is not there on a runner of ours: Node is, and nothing is kept between runs. */
const SKIPPED = /^actions\/(setup-node|cache)@/;

/** A failed step ends the others. Artifacts are noted. */
export async function runAction(runner: Runner): Promise<Ran> {
  const { action, workspace, temporary, inputs: given = {}, env = {} } = runner;
  const outputs: Record<string, Record<string, string>> = {};
  const inputs = Object.fromEntries(
    Object.entries(action.inputs).map(([name, { default: usual = '' }]) => [name, given[name] ?? usual]),
  );
  const resolve = (expression: string): string => {
    for (const alternative of expression.split('||').map((one) => one.trim())) {
      const [scope, name, kind, output] = alternative.split('.');
      const value =
        kind === 'outcome'
          ? 'success' // of what is only noted
          : scope === 'inputs'
            ? inputs[name!]
            : scope === 'steps'
              ? outputs[name!]?.[output!]
              : scope === 'runner' && name === 'temp'
                ? temporary
                : undefined;
      if (value) return value;
    }
    return '';
  };
  const filled = (text: string): string =>
    text.replace(/\$\{\{ *(.*?) *\}\}/g, (_, expression: string) => resolve(expression));
  const holds = (condition = ''): boolean =>
    [...condition.matchAll(/([\w.-]+) (!=|==) '(.*?)'/g)].every(
      ([, expression, operator, text]) => (resolve(expression!) === text) === (operator === '=='),
    );
  const summaryFile = join(temporary, 'summary');
  const empty = (path: string): void => {
    writeFileSync(path, '');
    if (runner.user) chownSync(path, runner.user.uid, runner.user.gid);
  };
  empty(summaryFile);
  const uploads: string[] = [];
  const said = { stdout: '', stderr: '' };
  const end = (code: number, failed?: string): Ran => ({
    outputs,
    uploads,
    ...said,
    summary: readFileSync(summaryFile, 'utf8'),
    code,
    ...(failed !== undefined && { failed }),
  });
  for (const step of action.runs.steps) {
    if (SKIPPED.test(step.uses ?? '') || !holds(step.if)) continue;
    if (step.uses) {
      uploads.push(`${filled(String(step.with!['name']))}: ${filled(String(step.with!['path']))}`);
      continue;
    }
    const file = join(temporary, `output-${step.id ?? 'none'}`);
    empty(file);
    const done = await shell(step, filled, runner, {
      GITHUB_ACTION_PATH: runner.actionPath,
      GITHUB_OUTPUT: file,
      GITHUB_STEP_SUMMARY: summaryFile,
      GITHUB_WORKSPACE: workspace,
      RUNNER_TEMP: temporary,
      RUNNER_OS: 'Linux',
      RUNNER_ARCH: 'X64',
      ...env,
    });
    said.stdout += done.stdout;
    said.stderr += done.stderr;
    const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
    if (step.id)
      outputs[step.id] = Object.fromEntries(
        lines.map((line) => [line.split('=')[0]!, line.slice(line.indexOf('=') + 1)]),
      );
    if (done.code !== 0) return end(done.code, step.name);
  }
  return end(0);
}

async function shell(
  step: Step,
  filled: (text: string) => string,
  { workspace, user }: Runner,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly stdout: string; readonly stderr: string; readonly code: number }> {
  const own = Object.fromEntries(Object.entries(step.env ?? {}).map(([name, value]) => [name, filled(value)]));
  const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step.run!], {
    cwd: join(workspace, filled(step['working-directory'] ?? '.')),
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, GITHUB_EVENT_NAME: 'workflow_dispatch', ...env, ...own },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...user,
  });
  const [stdout, stderr, code] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    new Promise<number>((ended) => child.once('close', (status) => ended(status ?? -1))),
  ]);
  return { stdout, stderr, code };
}
