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
