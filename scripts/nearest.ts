/** "Did you mean …?" for every name that a user may type. */
import { UsageError } from '#bench/model/errors.ts';

/** Edits (insert, delete, replace) that turn `a` into `b` (Wagner–Fischer). */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}

/** The known name closest to `name`, where it is close enough to be what was meant. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((k) => ({ k, d: editDistance(name.toLowerCase(), k.toLowerCase()) }))
    .toSorted((x, y) => x.d - y.d);
  const best = ranked[0];
  return best && best.d <= Math.max(2, Math.floor(name.length / 3)) ? best.k : undefined;
}

/** `name` where it is known; else a `UsageError` with the nearest name and all of them. */
export function known<Name extends string>(kind: string, name: string, names: readonly Name[]): Name {
  const found = names.find((one) => one === name);
  if (found !== undefined) return found;
  const guess = nearest(name, names);
  throw new UsageError(
    `unknown ${kind} '${name}'${guess ? `; did you mean '${guess}'?` : ''} Known: ${names.join(', ')}.`,
  );
}

/** Each of `names` once, all of them known. Throws `UsageError`, also where there is none. */
export function choose(kind: string, names: readonly string[], all: readonly string[]): string[] {
  if (names.length === 0) throw new UsageError(`no ${kind} chosen; known: ${all.join(', ')}`);
  return [...new Set(names.map((name) => known(kind, name, all)))];
}
