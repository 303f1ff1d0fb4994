import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { CommandError } from '#bench/gate/command.ts';
import { headOf, openWorktree, resolveRef, RevisionError, topOf } from '#bench/gate/worktree.ts';

const soon = () => AbortSignal.timeout(60_000);

interface Repository extends AsyncDisposable {
  readonly top: string;
  git(...args: string[]): string;
  commit(files: Readonly<Record<string, string>>): Promise<string>;
}

async function folder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'hopcost-test-')));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function repository(): Promise<Repository> {
  const { path: top, ...rest } = await folder();
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', top, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  git('init', '--quiet', '--initial-branch=main');
  return {
    top,
    git,
    async commit(files) {
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(top, name)), { recursive: true });
        await writeFile(join(top, name), text);
      }
      git('add', '--all');
      git('commit', '--quiet', '--message=x');
      return git('rev-parse', 'HEAD');
    },
    ...rest,
  };
}

test('the base is checked out as it was, and gone afterwards, git’s note of it too', async () => {
  await using repo = await repository();
  const first = await repo.commit({ a: 'old' });
  await repo.commit({ a: 'new' });
  const revision = await resolveRef(repo.top, 'HEAD~1', soon());
  assert.deepEqual(revision, { label: 'HEAD~1', commit: first, dirty: false });
  let root: string;
  {
    await using tree = await openWorktree(repo.top, revision, {}, soon());
    root = tree.root;
    assert.equal(await readFile(join(root, 'a'), 'utf8'), 'old');
    assert.equal(await readFile(join(repo.top, 'a'), 'utf8'), 'new');
  }
  assert.ok(!existsSync(root));
  assert.equal(repo.git('worktree', 'list').split('\n').length, 1);
});

test('a dirty tree is told; what hopcost itself writes makes none dirty', async () => {
  await using repo = await repository();
  const commit = await repo.commit({ a: '1', 'costs.ndjson': '' });
  const [out, history] = [join(repo.top, 'reports/out'), join(repo.top, 'costs.ndjson')];
  const dirty = async (): Promise<boolean> => (await headOf(repo.top, [out, history, tmpdir()], soon())).dirty;
  assert.deepEqual(await headOf(repo.top, [], soon()), { label: 'the working tree', commit, dirty: false });
  await mkdir(join(out, 'run'), { recursive: true });
  await writeFile(join(out, 'run/trials.ndjson'), 'x');
  await writeFile(history, 'a line more');
  assert.equal(await dirty(), false);
  assert.equal((await headOf(repo.top, [], soon())).dirty, true);
  await writeFile(join(repo.top, 'reports/new'), 'x');
  assert.equal(await dirty(), true);
  await rm(join(repo.top, 'reports/new'));
  await writeFile(join(repo.top, 'a'), '2');
  assert.equal(await dirty(), true);
});

test('a repository that git will not read: its own reason, and the command that mends it', async () => {
  await using repo = await repository();
  await repo.commit({ a: '1' });
  const { GIT_TEST_ASSUME_DIFFERENT_OWNER: before } = process.env;
  process.env['GIT_TEST_ASSUME_DIFFERENT_OWNER'] = '1';
  try {
    await assert.rejects(topOf(repo.top, soon()), (error: unknown) => {
      assert.ok(error instanceof RevisionError);
      assert.match(
        error.message,
        /git says: detected dubious ownership in repository at '.*'; if you trust it, run `git config --global --add safe\.directory .*` first/,
      );
      assert.doesNotMatch(error.message, /in no git repository/);
      return true;
    });
  } finally {
    if (before === undefined) delete process.env['GIT_TEST_ASSUME_DIFFERENT_OWNER'];
    else process.env['GIT_TEST_ASSUME_DIFFERENT_OWNER'] = before;
  }
});

const INSTALL = [process.execPath, '-e', 'require("fs").mkdirSync("node_modules/own", { recursive: true })'];

test('the same lockfile shares what is installed, whoever wrote it', async () => {
  for (const lockfile of ['package-lock.json', 'pnpm-lock.yaml', 'yarn.lock']) {
    await using repo = await repository();
    await repo.commit({ [lockfile]: 'a: 1', '.gitignore': 'node_modules' });
    await mkdir(join(repo.top, 'node_modules', 'shared'), { recursive: true });
    {
      await using tree = await openWorktree(repo.top, await resolveRef(repo.top, 'main', soon()), {}, soon());
      assert.ok(existsSync(join(tree.root, 'node_modules/shared')), lockfile);
      assert.equal(tree.unprepared, undefined);
    }
    assert.ok(existsSync(join(repo.top, 'node_modules/shared')), 'removing the worktree must not follow the link');
  }
});

test('an install that is given runs, whatever the checkout is built with', async () => {
  for (const manifest of ['package-lock.json', 'pnpm-lock.yaml', 'yarn.lock', 'go.mod', 'Makefile', 'nothing-known']) {
    await using repo = await repository();
    await repo.commit({ [manifest]: 'a: 1', '.gitignore': 'node_modules' });
    await mkdir(join(repo.top, 'node_modules', 'shared'), { recursive: true });
    const base = await resolveRef(repo.top, 'main', soon());
    await using tree = await openWorktree(repo.top, base, { install: INSTALL }, soon());
    assert.ok(existsSync(join(tree.root, 'node_modules/own')), manifest);
    assert.ok(!existsSync(join(tree.root, 'node_modules/shared')), manifest);
    assert.equal(tree.unprepared, undefined);
  }
});

test('a base that needs something which nothing installed says so', async () => {
  for (const manifest of ['pnpm-lock.yaml', 'yarn.lock', 'go.mod', 'Makefile', 'package.json']) {
    await using repo = await repository();
    await repo.commit({ [manifest]: '{"a": 1}', '.gitignore': 'node_modules' });
    const base = await resolveRef(repo.top, 'main', soon());
    await using bare = await openWorktree(repo.top, base, {}, soon());
    assert.match(
      bare.unprepared ?? '',
      new RegExp(
        `dependencies are missing: base has ${manifest}, .*\\\`install\\\` of \\\`gate\\\` in bench.config.ts`,
      ),
    );
    await using built = await openWorktree(repo.top, base, { build: INSTALL }, soon());
    assert.equal(built.unprepared, undefined, 'a build of its own may need no more');
  }
  await using repo = await repository();
  await repo.commit({ a: '1' });
  await using plain = await openWorktree(repo.top, await resolveRef(repo.top, 'main', soon()), {}, soon());
  assert.equal(plain.unprepared, undefined);
});

test('an install or a build that fails says so with its last lines, and leaves nothing', async () => {
  await using repo = await repository();
  await repo.commit({ 'package-lock.json': '{}' });
  const base = await resolveRef(repo.top, 'main', soon());
  const broken = [process.execPath, '-e', 'console.error("no such registry"); process.exit(7)'];
  for (const preparation of [{ install: broken }, { install: [process.execPath, '-e', ''], build: broken }])
    await assert.rejects(openWorktree(repo.top, base, preparation, soon()), (error: unknown) => {
      assert.ok(error instanceof CommandError);
      assert.match(error.message, /code 7.*no such registry/s);
      return true;
    });
  assert.equal(repo.git('worktree', 'list').split('\n').length, 1);
});

test('an abort ends an install with all its children', async () => {
  await using repo = await repository();
  await repo.commit({ 'package-lock.json': '{}' });
  const base = await resolveRef(repo.top, 'main', soon());
  await using marks = await folder();
  const mark = join(marks.path, 'pid');
  const child = `require("fs").writeFileSync(${JSON.stringify(mark)}, String(process.pid)); setInterval(() => {}, 1000)`;
  const parent = `require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(child)}]); setInterval(() => {}, 1000)`;
  const aborted = new AbortController();
  const opening = openWorktree(repo.top, base, { install: [process.execPath, '-e', parent] }, aborted.signal);
  opening.catch(() => {});
  while (!existsSync(mark) || (await readFile(mark, 'utf8')) === '') await new Promise(setImmediate);
  aborted.abort(new Error('enough'));
  await assert.rejects(opening, /enough/);
  const pid = Number(await readFile(mark, 'utf8'));
  const alive = (): boolean => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(statusOf(pid));
  while (alive()) await new Promise(setImmediate);
  assert.equal(repo.git('worktree', 'list').split('\n').length, 1);
});

const statusOf = (pid: number): string => {
  try {
    return execFileSync('cat', [`/proc/${pid}/status`], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return 'State: Z';
  }
};

test('no repository, an unknown revision, a shallow clone: one sentence that says what to do', async () => {
  await using outside = await folder();
  await assert.rejects(topOf(outside.path, soon()), (error: unknown) => {
    assert.ok(error instanceof RevisionError);
    assert.match(error.message, /no git repository.*--baseline/);
    return true;
  });
  await using repo = await repository();
  const first = await repo.commit({ a: '1' });
  await repo.commit({ a: '2' });
  assert.equal(await topOf(repo.top, soon()), repo.top);
  await assert.rejects(resolveRef(repo.top, 'nowhere', soon()), /'nowhere' names no commit/);
  await assert.rejects(resolveRef(repo.top, '--all', soon()), /'--all' names no commit/);
  const shallow = join(outside.path, 'shallow');
  execFileSync('git', ['clone', '--quiet', '--depth=1', `file://${repo.top}`, shallow], { stdio: 'ignore' });
  await assert.rejects(resolveRef(shallow, first, soon()), /shallow clone; fetch it first/);
});
