/** The script that posts the comment, run with a GitHub of our own: whose pull request, which comment, and what it refuses. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { comment, COMMENT_LIMIT, COMMENT_MARKER } from '#reports/gate/comment.ts';
import { hugeResult, RESULTS } from '../reports/gate/synthetic-result.ts';
import { commentAction } from './parsed.ts';

const script = String(commentAction.runs.steps.at(-1)!.with!['script']);
const AsyncFunction = (async () => {}).constructor as new (
  ...words: string[]
) => (...values: unknown[]) => Promise<void>;
const run = new AsyncFunction('github', 'context', 'core', 'require', 'process', script);

const folder = mkdtempSync(join(tmpdir(), 'hopcost-comment-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const FORK = { id: 7, full_name: 'someone/hopcost', owner: { login: 'someone' } };
const EVENT = {
  id: 1,
  html_url: 'https://example.org/run/1',
  head_repository: FORK as typeof FORK | null,
  head_branch: 'faster',
  head_sha: 'a'.repeat(40),
  pull_requests: [] as { number: number }[],
};
const pull = (number: number, changed: object = {}) => ({
  number,
  head: { sha: EVENT.head_sha, repo: { id: FORK.id } },
  ...changed,
});

interface Posted {
  readonly created: { issue_number: number; body: string }[];
  readonly updated: { comment_id: number; body: string }[];
  readonly asked: { head?: string; state?: string }[];
  readonly notices: string[];
  readonly failures: string[];
}

async function post(
  text: string,
  { pulls = [pull(12)], comments = [] as object[], event = EVENT } = {},
): Promise<Posted> {
  const file = join(folder, 'comment.md');
  writeFileSync(file, text);
  const posted: Posted = { created: [], updated: [], asked: [], notices: [], failures: [] };
  const issues = {
    listComments: 'listComments',
    createComment: (one: Posted['created'][number]) => Promise.resolve(posted.created.push(one)),
    updateComment: (one: Posted['updated'][number]) => Promise.resolve(posted.updated.push(one)),
  };
  const list = (question: Posted['asked'][number]) => {
    posted.asked.push(question);
    return Promise.resolve({ data: pulls });
  };
  const github = { rest: { pulls: { list }, issues }, paginate: () => Promise.resolve(comments) };
  const context = { repo: { owner: 'owner', repo: 'hopcost' }, payload: { workflow_run: event } };
  const core = {
    notice: (message: string) => void posted.notices.push(message),
    setFailed: (message: string) => void posted.failures.push(message),
  };
  await run(github, context, core, createRequire(import.meta.url), { env: { COMMENT: file } });
  return posted;
}

const isSilent = ({ created, updated }: Posted): boolean => created.length + updated.length === 0;
const text = comment.render(RESULTS['regressed']!);

test('a first comment is made, under the pull request that the event’s branch and commit belong to', async () => {
  const { created, updated, asked, failures } = await post(text);
  assert.deepEqual([updated, failures], [[], []]);
  assert.equal(created.length, 1);
  assert.equal(created[0]!.issue_number, 12);
  assert.ok(created[0]!.body.startsWith(text));
  assert.match(created[0]!.body, /own code in \[this run\]\(https:\/\/example\.org\/run\/1\), of a{40}/);
  assert.deepEqual([asked[0]!.head, asked[0]!.state], ['someone:faster', 'open']);
});

test('the next one replaces it; a marker that someone else wrote is not ours', async () => {
  const comments = [
    { id: 1, user: { login: 'mallory' }, body: `${COMMENT_MARKER}\nmine` },
    { id: 2, user: { login: 'github-actions[bot]' }, body: 'of another workflow' },
    { id: 3, user: { login: 'github-actions[bot]' }, body: `${COMMENT_MARKER}\nold` },
  ];
  const { created, updated } = await post(text, { comments });
  assert.deepEqual(created, []);
  assert.equal(updated[0]!.comment_id, 3);
  assert.equal((await post(text, { comments: comments.slice(0, 2) })).created.length, 1);
});

test('no pull request is at that commit of that repository, or more than one, or the fork is gone: silence', async () => {
  const stale = pull(12, { head: { sha: 'b'.repeat(40), repo: { id: FORK.id } } });
  const elsewhere = pull(12, { head: { sha: EVENT.head_sha, repo: { id: 99 } } });
  const orphan = pull(12, { head: { sha: EVENT.head_sha, repo: null } });
  for (const pulls of [[], [stale], [elsewhere], [orphan], [pull(12), pull(13)]]) {
    const posted = await post(text, { pulls });
    assert.ok(isSilent(posted) && posted.notices.length === 1);
  }
  assert.ok(isSilent(await post(text, { event: { ...EVENT, head_repository: null } })));
});

test('of several, the one that the event names', async () => {
  const event = { ...EVENT, pull_requests: [{ number: 13 }] };
  const { created } = await post(text, { pulls: [pull(12), pull(13)], event });
  assert.deepEqual(
    created.map(({ issue_number }) => issue_number),
    [13],
  );
});

test('a text that is no comment of the gate is refused', async () => {
  const long = `${COMMENT_MARKER}\n${'x'.repeat(COMMENT_LIMIT)}`;
  for (const foreign of ['', 'hello', ` ${text}`, long, `${COMMENT_MARKER}\n${'x'.repeat(300_000)}`]) {
    const posted = await post(foreign);
    assert.ok(isSilent(posted) && posted.failures.length === 1, foreign.slice(0, 40));
  }
});

test('the longest comment of the gate, with its link, is what GitHub takes', async () => {
  const { created } = await post(comment.render(hugeResult(2_000)));
  assert.ok(created[0]!.body.length <= 65_536);
});
