/** The two revisions as files, and how base runs each proxy, or why it cannot. */
import { existsSync, realpathSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';
import { CommandError, runCommand } from '#bench/gate/command.ts';
import type { Revision } from '#bench/gate/result.ts';
import { headOf, openWorktree, type Preparation, resolveRef, RevisionError, topOf } from '#bench/gate/worktree.ts';
import type { ProxyDefinition } from '#proxies/contract.ts';
import { UsageError } from '#bench/model/errors.ts';
import type { Settings } from '#bench/run/spec.ts';
import type { Revised } from '#bench/run/gate.ts';

const packageRoot = join(import.meta.dirname, '../..');

/** The two revisions as files. */
export interface Revisions extends AsyncDisposable {
  readonly head: Revision;
  readonly base: Revision;
  /** Where they lie. */
  readonly top: string;
  readonly root: string;
  /** Why base may not run: what it needs was not installed. */
  readonly unprepared?: string;
}

export interface BaseRuns {
  /** Proxy → how base runs it. */
  readonly runs: ReadonlyMap<string, Revised>;
  /** Proxy → why base does not. */
  readonly alone: ReadonlyMap<string, string>;
}

/** Throws `UsageError` for what the user must mend, an `Error` where installing or building base fails. */
export async function openRevisions(
  ref: string,
  { proxies }: Pick<Settings, 'proxies'>,
  preparation: Preparation & { readonly written: readonly string[] },
  signal: AbortSignal,
): Promise<Revisions> {
  try {
    const top = await topOf(process.cwd(), signal);
    for (const definition of proxies) refuseShared(definition, top);
    const [head, base] = [await headOf(top, preparation.written, signal), await resolveRef(top, ref, signal)];
    await using scope = new AsyncDisposableStack();
    if (preparation.install) await installHead(top, preparation.install, signal);
    const { root, unprepared } = scope.use(await openWorktree(top, base, preparation, signal));
    const kept = scope.move();
    return {
      head,
      base,
      top,
      root,
      ...(unprepared !== undefined && { unprepared }),
      [Symbol.asyncDispose]: () => kept.disposeAsync(),
    };
  } catch (error) {
    if (error instanceof RevisionError) throw new UsageError(error.message);
    if (error instanceof CommandError)
      throw new Error(`base (${ref}) cannot be prepared: ${error.message}`, { cause: error });
    throw error;
  }
}

/** The folder of base's checkout that corresponds to one of head's. */
export const inBase = ({ top, root }: Pick<Revisions, 'top' | 'root'>, folder: string): string =>
  join(root, relative(top, realpathSync(folder)));

export function runsOf(proxies: readonly ProxyDefinition[], { top, root }: Pick<Revisions, 'top' | 'root'>): BaseRuns {
  const runs = new Map<string, Revised>();
  const alone = new Map<string, string>();
  for (const definition of proxies) {
    const found = runInBase(definition, top, root);
    if (typeof found === 'string') alone.set(definition.name, found);
    else runs.set(definition.name, found);
  }
  return { runs, alone };
}

async function installHead(top: string, install: readonly string[], signal: AbortSignal): Promise<void> {
  try {
    await runCommand(install, { cwd: top }, signal);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new Error(`head cannot be prepared: ${error.message}`, { cause: error });
  }
}

/** The working tree by itself, for what is set against stored records; without a commit where it is in no repository. */
export async function workingTree(written: readonly string[], signal: AbortSignal): Promise<Revision> {
  try {
    return await headOf(await topOf(process.cwd(), signal), written, signal);
  } catch (error) {
    if (!(error instanceof RevisionError)) throw error;
    return { label: 'the working tree', commit: null, dirty: false };
  }
}

const isWithin = (folder: string, path: string): boolean => {
  const way = relative(folder, path);
  return !isAbsolute(way) && way.split(/[/\\]/, 1)[0] !== '..';
};

/** How a proxy runs from base's checkout at `root`, or why it cannot. */
function runInBase({ name, own }: ProxyDefinition, top: string, root: string): Revised | string {
  const there = (path: string): string => join(root, relative(top, path));
  if (own) {
    if (!isWithin(top, own.cwd))
      return `${name} runs in ${own.cwd}, which is no part of this repository: both revisions would be the same`;
    return existsSync(there(own.cwd)) ? { cwd: there(own.cwd) } : `base has no folder ${relative(top, own.cwd)}`;
  }
  // What a package manager put below the repository is no part of it.
  if (!isWithin(top, packageRoot) || packageRoot.split(sep).includes('node_modules'))
    return `${name} comes with hopcost, which is no part of this repository: both revisions would be the same`;
  return existsSync(join(there(packageRoot), 'proxies/host.ts'))
    ? { root: there(packageRoot) }
    : 'base is older than the proxies that are measured';
}

/** A whole path into the working tree would have base run head's file. */
function refuseShared({ name, own }: ProxyDefinition, top: string): void {
  const shared = own?.words.find((word) => word.includes(`${top}/`));
  if (own && shared !== undefined)
    throw new UsageError(
      `subject ${name}: '${shared}' is a path into the working tree, which base would run as well; write it relative to the subject's folder, ${own.cwd}`,
    );
}
