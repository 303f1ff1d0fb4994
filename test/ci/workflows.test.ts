/** The action and the workflows as data: what they name exists, what they run is pinned, and what a fork runs may do nothing. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { COMMENT_MARKER } from '#reports/gate/comment.ts';
import { gateOutputs } from '#reports/gate/registry.ts';
import {
  action,
  actionText,
  commentAction,
  commentText,
  gitlabTemplate,
  jobsOf,
  root,
  type Step,
  workflows,
} from './parsed.ts';

const stepsOf = (workflow: (typeof workflows)[number]): Step[] => jobsOf(workflow).flatMap(({ steps }) => steps);
const actions = [action, commentAction];
const everyStep = [...actions.flatMap(({ runs }) => runs.steps), ...workflows.flatMap(stepsOf)];
const isFromAnyone = ({ on }: (typeof workflows)[number]['content']): boolean => 'pull_request' in on;
const byName = (name: string) => {
  const found = workflows.find(({ content }) => content.name === name);
  assert.ok(found, name);
  return found;
};

test('every action that is used is of this repository, or pinned to a commit with its version beside', () => {
  for (const { uses } of everyStep)
    if (uses !== undefined && !uses?.startsWith('./')) assert.match(uses, /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
  for (const text of [actionText, commentText, ...workflows.map((one) => one.text)])
    for (const line of text.split('\n').filter((one) => /^\s*(- )?uses: [^.]/.test(one)))
      assert.match(line, /# v\d+\.\d+\.\d+$/);
});

test('the same action is pinned to the same commit everywhere', () => {
  const pins = Map.groupBy(
    everyStep.flatMap(({ uses }) => (uses?.includes('@') ? [uses] : [])),
    (uses) => uses.split('@')[0]!,
  );
  for (const [name, all] of pins) assert.equal(new Set(all).size, 1, name);
});

test('no expression is pasted into a shell or a script: values come by the environment', () => {
  for (const step of everyStep) assert.doesNotMatch(`${step.run ?? ''}${step.with?.['script'] ?? ''}`, /\$\{\{/);
});

test('actions: every run names its shell, every input is used and every one used exists', () => {
  for (const [text, { runs, inputs, outputs }] of [
    [actionText, action],
    [commentText, commentAction],
  ] as const) {
    for (const { run, shell } of runs.steps) if (run !== undefined) assert.equal(shell, 'bash');
    const used = new Set([...text.matchAll(/inputs\.([\w-]+)/g)].map(([, name]) => name!));
    assert.deepEqual([...used].toSorted(), Object.keys(inputs).toSorted());
    for (const [name, { description }] of Object.entries({ ...inputs, ...outputs }))
      assert.ok(description.length > 10, name);
  }
});

test('action: every step’s output that is used is written by that step', () => {
  const written: Readonly<Record<string, string>> = {
    lock: 'key',
    base: 'revision',
    gate: 'state exit-code directory result comment',
  };
  const ids = action.runs.steps.flatMap(({ id }) => id ?? []);
  assert.deepEqual(ids, Object.keys(written));
  for (const [, step, output] of actionText.matchAll(/steps\.([\w-]+)\.outputs\.([\w-]+)/g))
    assert.ok(written[step!]!.split(' ').includes(output!), `${step}.${output}`);
});

test('action: an artifact without a name is not kept, nor one of a gate that gave nothing', () => {
  const conditions = action.runs.steps.filter(({ uses }) => uses?.includes('upload-artifact')).map((step) => step.if);
  assert.deepEqual(conditions, [
    "${{ inputs.artifact != '' && steps.gate.outputs.directory != '' }}",
    "${{ inputs.comment-artifact != '' && steps.gate.outputs.result != '' }}",
  ]);
});

test('action: the verdict comes after everything that keeps what was measured', () => {
  const names = action.runs.steps.map(({ name, uses }) => name ?? uses);
  assert.deepEqual(names.slice(-4), ['Measure base and head', 'Keep the run', 'Keep the result', 'Verdict']);
});

test('what pull requests run: no secret, no token that writes, no credentials left behind', () => {
  const fromAnyone = workflows.filter(({ content }) => isFromAnyone(content));
  assert.deepEqual(fromAnyone.map(({ content }) => content.name).toSorted(), ['ci', 'gate']);
  for (const { text, content } of [...fromAnyone, { text: actionText, content: undefined }]) {
    assert.doesNotMatch(text, /secrets\.|github\.token|GITHUB_TOKEN/);
    if (content) assert.deepEqual(content.permissions, { contents: 'read' });
  }
  for (const workflow of fromAnyone)
    for (const { permissions, steps } of jobsOf(workflow)) {
      assert.equal(permissions, undefined);
      for (const step of steps.filter(({ uses }) => uses?.startsWith('actions/checkout@')))
        assert.equal(step.with?.['persist-credentials'], false);
    }
});

test('nothing runs the code of a pull request with the rights of the repository', () => {
  for (const { content } of workflows) assert.ok(!('pull_request_target' in content.on), content.name);
  const comment = byName('gate comment');
  assert.deepEqual(comment.content.permissions, {});
  const [job, ...more] = jobsOf(comment);
  assert.deepEqual(more, []);
  assert.deepEqual(job!.permissions, { actions: 'read', contents: 'read', 'pull-requests': 'write' });
  const [checkout, own, ...others] = job!.steps;
  assert.equal(checkout!.with?.['ref'], '${{ github.event.repository.default_branch }}');
  assert.deepEqual([own!.uses, others], ['./comment', []]);
});

test('the token that may write is handed to the steps that ask GitHub alone, and no artifact to a shell', () => {
  for (const step of commentAction.runs.steps) {
    if (step.run === undefined) continue;
    assert.doesNotMatch(JSON.stringify(step), /github\.token|secrets\./);
    assert.doesNotMatch(step.run.replace('node scripts/gate-comment.ts "$RESULT"', ''), /RESULT/);
  }
  const [take] = commentAction.runs.steps;
  assert.equal(take!.with?.['github-token'], '${{ github.token }}');
});

test('the comment workflow follows the gate, and takes the artifact that the action leaves', () => {
  const comment = byName('gate comment');
  const followed = (comment.content.on['workflow_run'] as { workflows: string[] }).workflows;
  assert.deepEqual(followed, [byName('gate').content.name]);
  assert.equal(commentAction.inputs['artifact']!.default, action.inputs['comment-artifact']!.default);
  assert.ok(String(commentAction.runs.steps.at(-1)!.with?.['script']).includes(`'${COMMENT_MARKER}'`));
});

test('every job ends by itself', () => {
  for (const workflow of workflows) for (const job of jobsOf(workflow)) assert.ok(job['timeout-minutes']! <= 90);
});

/** The fenced YAML of the gate's README. */
const examples = [...readFileSync(join(root, 'bench/gate/README.md'), 'utf8').matchAll(/```yaml\n(.*?)```/gs)].map(
  ([, text]) => parse(text!) as unknown,
);

test('the examples of the README: inputs that exist, the pins of the workflows, the JUnit file of the gate', () => {
  const [github, comment, later, gitlab] = examples as [
    { name: string; permissions: object; jobs: { gate: { steps: Step[] } } },
    { on: { workflow_run: { workflows: string[] } }; permissions: object; jobs: { comment: { steps: Step[] } } },
    Step[],
    { include: [{ remote: string; inputs: Readonly<Record<string, string>> }] },
  ];
  assert.equal(examples.length, 4);
  assert.deepEqual([comment.on.workflow_run.workflows, comment.permissions], [[github.name], {}]);
  assert.equal(comment.jobs.comment.steps[0]!.uses, 'OWNER/hopcost/comment@COMMIT');
  assert.deepEqual(github.permissions, { contents: 'read' });
  const [checkout, own] = github.jobs.gate.steps;
  assert.ok(everyStep.some(({ uses }) => uses === checkout!.uses));
  assert.equal(own!.uses, 'OWNER/hopcost@COMMIT', 'the reader’s own pin');
  for (const name of Object.keys(own!.with!)) assert.ok(name in action.inputs, name);
  const files = gateOutputs.map(({ file }) => file);
  assert.ok(files.includes(String(later[0]!.with!['output-file-path']).split('/').at(-1)!));
  const [{ remote, inputs }] = gitlab.include;
  assert.ok(existsSync(join(root, remote.split('/COMMIT/')[1]!)));
  for (const name of Object.keys(inputs)) assert.ok(name in gitlabTemplate.spec.inputs, name);
});

test('the GitLab template: inputs that are used and exist, this version, the JUnit file of the gate', () => {
  const { spec, job, text } = gitlabTemplate;
  const used = new Set([...text.matchAll(/\$\[\[ inputs\.(\w+) \]\]/g)].map(([, name]) => name!));
  assert.deepEqual([...used].toSorted(), Object.keys(spec.inputs).toSorted());
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  assert.equal(spec.inputs['package']!.default, `hopcost@${version}`);
  const [, from, to] = job.after_script[0]!.split(' ');
  assert.ok(gateOutputs.some(({ file }) => file === from!.split('/').at(-1)));
  assert.equal(job.artifacts.reports.junit, to);
});

test('CHANGELOG.md tells of the version', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  assert.ok(readFileSync(join(root, 'CHANGELOG.md'), 'utf8').split('\n').includes(`## ${version}`));
});

test('the README names every file that the gate writes', () => {
  const text = readFileSync(join(root, 'bench/gate/README.md'), 'utf8');
  for (const { file } of gateOutputs) assert.ok(text.includes(`\`${file}\``), file);
});
