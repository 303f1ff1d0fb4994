/**
 * `npm run test:install`: the actions as another repository uses them. A runner without root, with a clone that has no history and an
 * action that has nothing installed, measures a pull request on a proxy of that repository's own; another posts the comment.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { GateResult } from '#bench/gate/result.ts';
import { action, commentAction } from '../ci/parsed.ts';
import { runAction } from '../ci/runner.ts';
import { isOffline, programs, root } from './place.ts';
import { checkoutOf, git, handOver, NOBODY, repository } from './repository.ts';

const isRepository = existsSync(join(root, '.git'));
const reason = isOffline ? 'no package registry answers' : isRepository ? false : 'this copy is no git checkout';

const place = mkdtempSync(join(tmpdir(), 'hopcost-runner-'));
after(() => rmSync(place, { recursive: true, force: true }));
const folder = (name: string): string => {
  const path = join(place, name);
  mkdirSync(path, { recursive: true });
  return path;
};

/** A checkout of what is committed here, as GitHub lays an action out: without history, and nothing installed. */
function actionFolder(name: string): string {
  const path = join(place, name);
  execFileSync('git', ['clone', '--quiet', '--depth=1', pathToFileURL(root).href, path]);
  return path;
}

test(
  'a pull request of another repository is measured, and its comment posted',
  { skip: reason, timeout: 900_000 },
  async () => {
    const node = await programs(folder('node'), 'node@24');
    const { url, merge } = repository(join(place, 'origin'));
    const temporary = folder('temp');
    const environment = {
      HOME: folder('home'),
      PATH: [node, process.env['PATH']!.split(delimiter).filter((one) => !one.startsWith(root))].flat().join(delimiter),
      GITHUB_EVENT_NAME: 'pull_request',
      GITHUB_SHA: merge,
      HOPCOST_EVENT_BASE: '',
      XDG_CACHE_HOME: undefined,
    };
    const gate = {
      action,
      actionPath: actionFolder('_actions/hopcost'),
      workspace: checkoutOf(url, join(place, 'work')),
      temporary,
      env: environment,
      ...(NOBODY && { user: NOBODY }),
    };
    handOver(place);
    const inputs = { args: '--rounds=9\n--scenarios=http-small\n--seed=1' };
    const ran = await runAction({ ...gate, inputs });
    const { outputs, code, summary, uploads, stderr } = ran;
    const { state, directory, result: file } = outputs['gate'] ?? {};
    assert.equal(code, 99, `${ran.stdout}\n${stderr}`);
    assert.equal(state, 'regressed', summary);
    assert.deepEqual(uploads, [`hopcost-gate: ${directory}`, `hopcost-gate-result: ${directory}/gate.json`]);
    const result = JSON.parse(readFileSync(file!, 'utf8')) as GateResult;
    assert.equal(result.mode.kind, 'revisions');
    assert.deepEqual(
      result.budgets.map(({ text, state: came }) => [text, came]),
      [['our-proxy.cpuPerRequest <= 1 µs', 'exceeded']],
    );
    assert.match(result.notes[0]!, /rules differ from base's \(budgets\): base's decide/);
    assert.equal(git(gate.workspace, '-c', `safe.directory=${gate.workspace}`, 'status', '--porcelain'), '');

    cpSync(file!, join(folder('temp/hopcost-comment'), 'gate.json'));
    const elsewhere = actionFolder('_actions/comment');
    handOver(place);
    const posted = await runAction({ ...gate, action: commentAction, actionPath: join(elsewhere, 'comment') });
    assert.equal(posted.code, 0, posted.stderr);
    const comment = readFileSync(join(temporary, 'hopcost-comment.md'), 'utf8');
    assert.match(comment, /^<!-- hopcost-gate -->\n### ✗ hopcost gate: regressed\n/);
    assert.match(comment, /our-proxy/);
  },
);
