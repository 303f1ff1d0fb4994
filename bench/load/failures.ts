/** Failed requests by what they have in common: the kind, and the status of an answer that should have been another. */
import type { FailureCount } from '#bench/model/load.ts';

type Failed = Pick<FailureCount, 'kind' | 'status'> & { readonly message: string };

export class Failures {
  readonly #counts = new Map<FailureCount['kind'] | number, FailureCount>();

  add({ kind, status, message }: Failed): void {
    const known = this.#counts.get(status ?? kind);
    if (known !== undefined) known.count++;
    else this.#counts.set(status ?? kind, { kind, ...(status !== undefined && { status }), count: 1, first: message });
  }

  /** Those since the last time, absent where there were none, as a result has it; begins anew. */
  take(): { readonly failures?: FailureCount[] } {
    const taken = mergeFailures([[...this.#counts.values()]]);
    this.#counts.clear();
    return taken;
  }
}

/** Those of several shards, the most frequent first; the first message is that of the first shard. */
export function mergeFailures(shards: readonly (readonly FailureCount[] | undefined)[]): { failures?: FailureCount[] } {
  const merged = new Map<string, FailureCount>();
  for (const failure of shards.flatMap((shard) => shard ?? [])) {
    const key = `${failure.kind} ${failure.status ?? ''}`;
    const known = merged.get(key);
    merged.set(key, known ? { ...known, count: known.count + failure.count } : failure);
  }
  return merged.size === 0 ? {} : { failures: [...merged.values()].toSorted((a, b) => b.count - a.count) };
}
