/** The steps of action.yml, in their order, in a real shell with a small gate: what GitHub would be told. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { gateOutputs } from '#reports/gate/registry.ts';
import { exporters } from '#reports/registry.ts';
import { action, root } from './parsed.ts';
import { type Ran, runAction } from './runner.ts';

const isRepository = existsSync(join(root, '.git'));
const inRepository = { skip: isRepository ? false : 'this copy is no git checkout' };
const TINY = ['--scenarios=http-small', '--rounds=9', '--warmup=0ms', '--duration=200ms', '--seed=1'].join('\n');

const runHere = (inputs: Readonly<Record<string, string>>, temporary: string): Promise<Ran> =>
  runAction({ action, actionPath: root, workspace: root, temporary, inputs });

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
    const ran = await runHere(given, folder.path);
    const gate = ran.outputs['gate']!;
    assert.deepEqual([ran.code, ran.failed], [98, 'Verdict']);
    assert.deepEqual([gate['state'], gate['exit-code']], ['invalid', '98']);
    const result = JSON.parse(readFileSync(gate['result']!, 'utf8')) as { state: string; base: { label: string } };
    assert.deepEqual([result.state, result.base.label], ['invalid', 'HEAD']);
    assert.match(ran.summary, /^## ! hopcost gate: invalid\n/);
    assert.match(ran.stdout, /^::warning title=/m);
    assert.deepEqual(ran.uploads, [
      `hopcost-gate: ${gate['directory']}`,
      `hopcost-gate-result: ${gate['directory']}/gate.json`,
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
    const unknown = await runHere({ base: 'no-such-revision' }, folder.path);
    assert.deepEqual([unknown.code, unknown.failed, unknown.uploads], [2, 'Find the base', []]);
    const wrong = await runHere({ base: 'HEAD', args: '--no-such-flag; touch x' }, folder.path);
    assert.deepEqual([wrong.code, wrong.failed, wrong.uploads], [2, 'Verdict', []]);
    assert.match(wrong.stdout, /^::error title=hopcost gate::The gate ended with code 2/m);
    const strict = await runHere({ base: 'HEAD', strict: 'yes' }, folder.path);
    assert.deepEqual([strict.code, strict.failed], [2, 'Measure base and head']);
  },
);
