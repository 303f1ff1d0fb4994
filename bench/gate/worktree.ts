/**
 * The base revision as files: a private worktree of the repository at that commit, with what it needs installed and built. Gone
 * again, with git's own note of it, on every way out.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { rm, symlink } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { makeTemporaryFolder } from '#proxies/platform/temporary.ts';
import { CommandError, runCommand } from './command.ts';
import type { Revision } from './result.ts';

/** What was asked for cannot be: no git, no such revision. One sentence that says what to do. */
export class RevisionError extends Error {
  override readonly name = 'RevisionError';
}

export interface Worktree extends AsyncDisposable {
  /** Its folder: the root of the repository at that commit. */
  readonly root: string;
  readonly revision: Revision;
  /** Nothing has fetched or built what it needs, as far as can be told from its files: a clause that says so. */
  readonly unprepared?: string;
}

export interface Preparation {
  /** Run in the worktree, whatever is in it. Absent: `npm ci` where its package-lock.json differs from head's. */
  readonly install?: readonly string[];
  /** Run in the worktree before it is measured. */
  readonly build?: readonly string[];
}

/** Whose packages stand in `node_modules`. */
const NODE_LOCKFILES = [
  'package-lock.json',
  'npm-shrinkwrap.json',
  'pnpm-lock.yaml',
  'yarn.lock',
  'bun.lock',
  'bun.lockb',
];
const NPM_CI = ['npm', 'ci', '--no-audit', '--no-fund'] as const;
/** Lockfiles that `npm ci` reads. */
const OF_NPM = NODE_LOCKFILES.slice(0, 2);
/** What says that a checkout needs something fetched or built before it runs. */
const MANIFESTS = [
  ...NODE_LOCKFILES,
  'go.mod',
  'Cargo.toml',
  'pyproject.toml',
  'requirements.txt',
  'Gemfile',
  'composer.json',
  'pom.xml',
  'build.gradle',
  'build.gradle.kts',
  'CMakeLists.txt',
  'meson.build',
  'configure',
  'Makefile',
  'package.json',
];

/** The repository's top folder. Throws `RevisionError` where there is none, or git will not tell: by git's own reason. */
export async function topOf(directory: string, signal: AbortSignal): Promise<string> {
  try {
    return await git(directory, ['rev-parse', '--show-toplevel'], signal);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new RevisionError(
      `expected a git repository to take the base from: ${whyNoTop(directory, error)}, or compare with --baseline FILE`,
    );
  }
}

function whyNoTop(directory: string, { message, output }: CommandError): string {
  if (message.includes('could not be started')) return 'git is not installed here; install it';
  if (output.includes('not a git repository')) return `${directory} is in no git repository; run the gate inside one`;
  // Such as that the repository belongs to another user, with the command that mends it.
  const mend = /^\s*(git config .*safe\.directory.*)$/m.exec(output)?.[1];
  const reason = /^fatal: (.*)$/m.exec(output)?.[1] ?? output;
  return mend === undefined ? `git says: ${reason}` : `git says: ${reason}; if you trust it, run \`${mend}\` first`;
}

/**
 * What is in the working tree now: its commit, and whether anything differs from it. `written`: files and folders that are hopcost's own output,
 * which make no tree dirty.
 */
export async function headOf(top: string, written: readonly string[], signal: AbortSignal): Promise<Revision> {
  const commit = await git(top, ['rev-parse', 'HEAD'], signal).catch((error: unknown) => {
    if (error instanceof CommandError) return null;
    throw error;
  });
  const own = written
    .map((path) => relative(top, resolve(path)))
    .filter((path) => path !== '' && !path.startsWith('..'));
  const tree = ['--', '.', ...own.map((path) => `:(exclude,literal)${path}`)];
  const dirty = (await git(top, ['status', '--porcelain', '--untracked-files=all', ...tree], signal)) !== '';
  return { label: 'the working tree', commit, dirty };
}

/** The commit that `ref` names. Throws `RevisionError`. */
export async function resolveRef(top: string, ref: string, signal: AbortSignal): Promise<Revision> {
  try {
    const commit = await git(top, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`], signal);
    return { label: ref, commit, dirty: false };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const shallow = (await git(top, ['rev-parse', '--is-shallow-repository'], signal)) === 'true';
    throw new RevisionError(
      shallow
        ? `'${ref}' is not in this shallow clone; fetch it first, such as \`git fetch --depth=1 origin ${ref}\` (then use FETCH_HEAD), or clone with its history`
        : `'${ref}' names no commit in this repository; expected a branch, a tag or a commit such as main or HEAD~1`,
    );
  }
}

/** Checks `revision` out and prepares it. Rejects with `CommandError` where that fails; nothing of it is left then. */
export async function openWorktree(
  top: string,
  revision: Revision,
  { install, build }: Preparation,
  signal: AbortSignal,
): Promise<Worktree> {
  await using scope = new AsyncDisposableStack();
  const folder = makeTemporaryFolder('hopcost-base-');
  const root = join(folder, 'tree');
  // On ways out that cannot wait.
  const atExit = (): void => {
    rmSync(folder, { recursive: true, force: true });
    spawnSync('git', ['-C', top, 'worktree', 'prune'], { stdio: 'ignore' });
  };
  process.on('exit', atExit);
  scope.defer(async () => {
    await rm(folder, { recursive: true, force: true });
    await git(top, ['worktree', 'prune'], AbortSignal.timeout(10_000)).catch(() => {});
    process.off('exit', atExit);
  });
  await git(top, ['worktree', 'add', '--detach', '--quiet', root, revision.commit!], signal);
  const provided = await provide(top, root, install, signal);
  if (build) await runCommand(build, { cwd: root }, signal);
  const manifest = MANIFESTS.find((name) => existsSync(join(root, name)));
  const kept = scope.move();
  return {
    root,
    revision,
    ...(!provided &&
      !build &&
      manifest !== undefined && {
        unprepared: `its dependencies are missing: base has ${manifest}, and nothing installed what it needs; say how with \`install\` of \`gate\` in bench.config.ts`,
      }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/**
 * What is told to install runs, whatever is in the checkout. Else what head has installed serves base too where both lock the same
 * versions, and npm's packages are installed where they do not. False where nothing of this was done.
 */
async function provide(
  top: string,
  root: string,
  install: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const run = async (command: readonly string[]): Promise<true> => {
    await runCommand(command, { cwd: root }, signal);
    return true;
  };
  if (install) return run(install);
  const lockfile = NODE_LOCKFILES.find((name) => existsSync(join(root, name)));
  if (lockfile === undefined) return false;
  const lock = (folder: string): Buffer | undefined =>
    existsSync(join(folder, lockfile)) ? readFileSync(join(folder, lockfile)) : undefined;
  const modules = join(top, 'node_modules');
  if (existsSync(modules) && lock(top)?.equals(lock(root)!)) {
    await symlink(modules, join(root, 'node_modules'));
    return true;
  }
  return OF_NPM.includes(lockfile) ? run(NPM_CI) : false;
}

const git = (directory: string, args: readonly string[], signal: AbortSignal): Promise<string> =>
  runCommand(['git', '-C', directory, ...args], { cwd: '/', env: { GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' } }, signal);
