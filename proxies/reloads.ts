/** New intents for what runs, from wherever they come: one after the other, the last one counts. Weights may take their time. */
import { SYSTEM_CLOCK, type Cancel, type Clock } from './cluster/time-and-chance.ts';
import { shiftedIntent } from './config/weight-shift.ts';
import { inTurn } from './platform/in-turn.ts';
import { tell } from './platform/notices.ts';
import type { Part, RunningTogether } from './together.ts';

/** A shift of weights is made of as many steps, at least so many milliseconds apart. */
const STEPS = 50;
const SHORTEST_STEP = 20;

interface Shift {
  readonly from: readonly Part[];
  readonly to: readonly Part[];
  readonly began: number;
  /** Milliseconds. */
  readonly over: number;
  /** One that is not the last any more ends. */
  readonly number: number;
}

export class Reloads implements Disposable {
  readonly #running: Pick<RunningTogether, 'parts' | 'reload'>;
  readonly #clock: Clock;
  readonly #queue = inTurn();
  #cancel: Cancel | undefined;
  #count = 0;

  constructor(running: Pick<RunningTogether, 'parts' | 'reload'>, clock = SYSTEM_CLOCK) {
    this.#running = running;
    this.#clock = clock;
  }

  /** What runs now. */
  get parts(): readonly Part[] {
    return this.#running.parts;
  }

  /**
   * Resolves when `read` was asked for a new intent and that is in force; weights get there within `over` ms, unless another intent comes
   * meanwhile. Rejects as `read` does, or with what is wrong with the intent, and then what ran goes on.
   */
  apply(read: () => readonly Part[] | Promise<readonly Part[]>, over = 0): Promise<void> {
    return this.#queue(async () => {
      const to = await read();
      const from = this.#running.parts;
      await this.#running.reload(over > 0 ? between(from, to, 0) : to);
      // Only one that is in force ends the shift before it.
      this.#cancel?.();
      const shift = ++this.#count;
      if (over > 0) this.#step({ from, to, began: this.#clock.now(), over, number: shift });
    });
  }

  /** Weights stay where they are. */
  [Symbol.dispose](): void {
    this.#count++;
    this.#cancel?.();
  }

  #step(shift: Shift): void {
    const { from, to, began, over, number } = shift;
    this.#cancel = this.#clock.after(Math.max(SHORTEST_STEP, over / STEPS), () => {
      const share = (this.#clock.now() - began) / over;
      const moved = this.#queue(async () => {
        if (number !== this.#count) return;
        await this.#running.reload(between(from, to, share));
        if (share < 1) this.#step(shift);
      });
      moved.catch((error: unknown) => tell('weights_stay', () => (error as Error).message));
    });
  }
}

const between = (from: readonly Part[], to: readonly Part[], share: number): readonly Part[] =>
  to.map(({ definition, intent }, index) => {
    const before = from[index];
    return { definition, intent: before ? shiftedIntent(before.intent, intent, share) : intent };
  });
