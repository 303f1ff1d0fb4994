/** `.ci/fetch-base` in real clones without history. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { root } from './parsed.ts';

const folder = mkdtempSync(join(tmpdir(), 'hopcost-clones-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const IDENTITY = ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'init.defaultBranch=main'];
const git = (cwd: string, ...args: string[]): string =>
  execFileSync('git', ['-C', cwd, ...IDENTITY, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();

/** main: A─B─C; topic from B: D; merge of D into C, as GitHub makes it of a pull request. */
const origin = join(folder, 'origin');
execFileSync('git', [...IDENTITY, 'init', '--quiet', origin]);
git(origin, 'config', 'uploadpack.allowReachableSHA1InWant', 'true');
const commit = (message: string): string => {
  git(origin, 'commit', '--quiet', '--allow-empty', '--message', message);
  return git(origin, 'rev-parse', 'HEAD');
};
const a = commit('A');
const b = commit('B');
git(origin, 'tag', 'v1');
git(origin, 'switch', '--quiet', '--create', 'topic');
const d = commit('D');
git(origin, 'switch', '--quiet', 'main');
const c = commit('C');
git(origin, 'switch', '--quiet', '--detach');
git(origin, 'merge', '--quiet', '--no-edit', '--no-ff', d);
const merge = git(origin, 'rev-parse', 'HEAD');
git(origin, 'update-ref', 'refs/pull/1/merge', merge);
git(origin, 'switch', '--quiet', 'main');

let clones = 0;
/** What `actions/checkout` leaves: one commit, no branch. */
function shallow(revision: string): string {
  const clone = join(folder, `clone-${clones++}`);
  execFileSync('git', [...IDENTITY, 'init', '--quiet', clone]);
  git(clone, 'remote', 'add', 'origin', pathToFileURL(origin).href);
  git(clone, 'fetch', '--quiet', '--no-tags', '--depth=1', 'origin', revision);
  git(clone, 'switch', '--quiet', '--detach', 'FETCH_HEAD');
  return clone;
}

function fetchBase(cwd: string, words: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { PATH } = process.env;
  const ended = spawnSync(join(root, '.ci/fetch-base'), words, { cwd, encoding: 'utf8', env: { PATH, ...env } });
  return { code: ended.status, base: ended.stdout.trim(), said: ended.stderr.trim() };
}
const commitOf = (cwd: string, revision: string): string => git(cwd, 'rev-parse', `${revision}^{commit}`);

test('a branch, a tag and a commit that a shallow clone lacks are fetched, alone', () => {
  for (const [asked, expected, named] of [
    ['main', c, 'origin/main'],
    ['origin/topic', d, 'origin/topic'],
    ['v1', b, 'v1'],
    [a, a, a],
  ] as const) {
    const clone = shallow('topic');
    const { code, base, said } = fetchBase(clone, [asked]);
    assert.equal(code, 0, said);
    assert.equal(base, named);
    assert.equal(commitOf(clone, base), expected);
    assert.equal(git(clone, 'rev-list', '--count', base), '1', 'no history with it');
  }
});

test('what is there is not fetched: the origin may be gone', () => {
  const clone = shallow('main');
  git(clone, 'remote', 'set-url', 'origin', join(folder, 'nowhere'));
  assert.deepEqual(fetchBase(clone, ['HEAD']), { code: 0, base: 'HEAD', said: '' });
});

test('a whole clone stays whole', () => {
  const clone = join(folder, 'whole');
  execFileSync('git', ['clone', '--quiet', '--branch', 'topic', '--single-branch', pathToFileURL(origin).href, clone]);
  assert.equal(fetchBase(clone, ['main']).base, 'origin/main');
  assert.equal(git(clone, 'rev-parse', '--is-shallow-repository'), 'false');
  assert.equal(git(clone, 'rev-list', '--count', 'origin/main'), '3');
});

test('of a pull request’s merge: its first parent, whatever the target branch has become since', () => {
  const clone = shallow('refs/pull/1/merge');
  const event = { GITHUB_EVENT_NAME: 'pull_request', GITHUB_SHA: merge, HOPCOST_EVENT_BASE: a };
  const { code, base, said } = fetchBase(clone, [''], event);
  assert.equal(code, 0, said);
  assert.equal(base, c);
});

test('of a pull request whose own head is checked out, a merge or not: what the event says', () => {
  const event = { GITHUB_EVENT_NAME: 'pull_request', GITHUB_SHA: 'f'.repeat(40), HOPCOST_EVENT_BASE: b };
  for (const revision of ['topic', 'refs/pull/1/merge']) assert.equal(fetchBase(shallow(revision), [], event).base, b);
});

test('of a push: the commit before it', () => {
  const push = { GITHUB_EVENT_NAME: 'push', GITHUB_SHA: c, HOPCOST_EVENT_BASE: b };
  assert.equal(fetchBase(shallow('main'), [], push).base, b);
});

test('what cannot be is said, with code 2', () => {
  const clone = shallow('main');
  for (const [words, env, expected] of [
    [[], {}, /no pull request and no push; name one/],
    [[], { GITHUB_EVENT_NAME: 'push', HOPCOST_EVENT_BASE: '0'.repeat(40) }, /nothing was pushed before/],
    [['no-such-branch'], {}, /origin has no branch or tag of that name/],
    [['HEAD~7'], {}, /clone with its history/],
    [['e'.repeat(40)], {}, /origin does not give it/],
    [['--upload-pack=touch /tmp/x'], {}, /expected a revision/],
  ] as const) {
    const { code, base, said } = fetchBase(clone, words, env);
    assert.equal(code, 2);
    assert.equal(base, '');
    assert.match(said, expected);
  }
});
