/** A clock that goes on when a test says so, and calls what is due in order. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Cancel, Clock } from '#proxies/cluster/time-and-chance.ts';

export class ManualClock implements Clock {
  #now = 0;
  #count = 0;
  readonly #due = new Map<number, { readonly at: number; readonly call: () => void }>();

  now(): number {
    return this.#now;
  }

  after(ms: number, call: () => void): Cancel {
    const id = ++this.#count;
    this.#due.set(id, { at: this.#now + Math.max(0, ms), call });
    return () => void this.#due.delete(id);
  }

  /** How much is waited for. */
  get waiting(): number {
    return this.#due.size;
  }

  /** Goes on by `ms`, and calls all that is due on the way. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#first(end); next !== undefined; next = this.#first(end)) this.#call(next);
    this.#now = end;
  }

  /** The same where what is called waits for promises. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (let next = this.#first(end); next !== undefined; next = this.#first(end)) {
      this.#call(next);
      await turn();
    }
    this.#now = end;
  }

  #call(id: number): void {
    const { at, call } = this.#due.get(id)!;
    this.#due.delete(id);
    this.#now = Math.max(this.#now, at);
    call();
  }

  #first(end: number): number | undefined {
    let first: number | undefined;
    for (const [id, { at }] of this.#due)
      if (at <= end && (first === undefined || at < this.#due.get(first)!.at)) first = id;
    return first;
  }
}
