/** Something that changes, and those who wait until it has become what they want: waiting on events, not on time. */
export class Changes {
  #wake = Promise.withResolvers<void>();

  notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  /** Resolves once `test` holds, now or after a change. Rejects with the signal's reason. */
  async until(test: () => boolean, signal: AbortSignal): Promise<void> {
    if (test()) return;
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      while (!test()) {
        signal.throwIfAborted();
        await Promise.race([this.#wake.promise, aborted.promise]);
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      aborted.promise.catch(() => {});
    }
  }
}

/** Waits for all of them, then fails with the first failure: nothing is left on its way. */
export async function everyOne(promises: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(promises);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
