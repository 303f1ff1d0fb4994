/** Flags → the two revisions as files, or why there is no base to measure. */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { CommandError } from '#bench/gate/command.ts';
import type { Revision } from '#bench/gate/result.ts';
import { headOf, openWorktree, type Preparation, resolveRef, RevisionError, topOf } from '#bench/gate/worktree.ts';
import { proxies } from '#proxies/registry.ts';
import { UsageError } from '../exit.ts';
import type { Settings } from '../run/settings.ts';
import type { Revised } from './measure.ts';

const packageRoot = join(import.meta.dirname, '../..');

export interface Revisions extends AsyncDisposable {
  readonly head: Revision;
  readonly base: Revision;
  readonly sides: { readonly base?: Revised; readonly head: Revised };
  /** Why there is no `sides.base`. */
  readonly fallback?: string;
}

/** Throws `UsageError` for what the user must mend, `CommandError` where installing or building base fails. */
export async function openRevisions(
  ref: string,
  { proxies: chosen }: Pick<Settings, 'proxies'>,
  preparation: Preparation,
  signal: AbortSignal,
): Promise<Revisions> {
  try {
    const top = await topOf(process.cwd(), signal);
    const [head, base] = [await headOf(top, signal), await resolveRef(top, ref, signal)];
    await using scope = new AsyncDisposableStack();
    const tree = scope.use(await openWorktree(top, base, preparation, signal));
    const there = (path: string): string => join(tree.root, relative(top, path));
    const ours = chosen.filter((definition) => proxies.get(definition.name) === definition);
    const fallback = ours.length === 0 ? undefined : whyNot(top, there(packageRoot), ours[0]!.name);
    const kept = scope.move();
    return {
      head,
      base,
      sides: {
        head: {},
        ...(fallback === undefined && { base: { root: there(packageRoot), cwd: there(process.cwd()) } }),
      },
      ...(fallback !== undefined && { fallback }),
      [Symbol.asyncDispose]: () => kept.disposeAsync(),
    };
  } catch (error) {
    if (error instanceof RevisionError) throw new UsageError(error.message);
    if (error instanceof CommandError)
      throw new Error(`base (${ref}) cannot be prepared: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Why a proxy of ours cannot be run from the base's checkout. */
function whyNot(top: string, root: string, name: string): string | undefined {
  if (relative(top, packageRoot).startsWith('..'))
    return `${name} comes with hopcost, which is no part of this repository: both revisions would be the same`;
  if (!existsSync(join(root, 'proxies/host.ts'))) return 'base is older than the proxies that are measured';
  return undefined;
}
