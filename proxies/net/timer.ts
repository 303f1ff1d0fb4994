/**
 * Coarse timers for connections: arming, re-arming and cancelling cost a few stores, whatever the number of connections.
 * One wheel of `slots` ticks serves an event loop. Arming usually only moves the deadline of an entry that is already
 * linked; the wheel finds out when it comes by. A timer never fires early, and at most two ticks (80 ms) late, apart from
 * stalls of the loop itself: time in which the loop did not run is not held against the peers.
 */
import { tellFault } from '../platform/notices.ts';

const TICK_MS = 40;
const SLOTS = 256;
const CATCH_UP = 2;

export interface TimerOwner {
  onTimeout(timer: Timer): void;
}

const wheel: (Timer | undefined)[] = Array.from({ length: SLOTS }, () => undefined);
let now = 0;
let linked = 0;
let last = 0;
let ticking: NodeJS.Timeout | undefined;

export class Timer {
  readonly owner: TimerOwner;
  #deadline = 0; // tick; 0: not armed
  #slot = -1; // -1: not linked
  #visit = 0; // the tick at which its slot comes by
  #next: Timer | undefined;
  #previous: Timer | undefined;

  constructor(owner: TimerOwner) {
    this.owner = owner;
  }

  get armed(): boolean {
    return this.#deadline !== 0;
  }

  /** Fires once, `ms` from now; replaces what was armed before. 0 or Infinity: never. */
  arm(ms: number): void {
    if (ms <= 0 || ms === Infinity) {
      this.#deadline = 0;
      return;
    }
    this.#deadline = now + 1 + Math.ceil(ms / TICK_MS);
    if (this.#slot === -1) this.#link();
    else if (this.#deadline < this.#visit) {
      this.#unlink();
      this.#link();
    }
  }

  cancel(): void {
    this.#deadline = 0;
  }

  /** Cancels and lets go of the owner at once; for when the connection is closed. */
  release(): void {
    this.#deadline = 0;
    if (this.#slot !== -1) this.#unlink();
  }

  #link(): void {
    this.#visit = Math.min(this.#deadline, now + SLOTS - 1);
    const slot = this.#visit % SLOTS;
    const head = wheel[slot];
    this.#slot = slot;
    this.#next = head;
    this.#previous = undefined;
    if (head !== undefined) head.#previous = this;
    wheel[slot] = this;
    linked++;
    if (ticking === undefined) start();
  }

  #unlink(): void {
    if (this.#previous === undefined) wheel[this.#slot] = this.#next;
    else this.#previous.#next = this.#next;
    if (this.#next !== undefined) this.#next.#previous = this.#previous;
    this.#next = this.#previous = undefined;
    this.#slot = -1;
    linked--;
  }

  /** Called when the wheel reaches a slot: everything in it is taken out, then linked again, forgotten or fired. */
  static visit(slot: number): void {
    let due: Timer[] | undefined;
    for (let timer = wheel[slot]; timer !== undefined;) {
      const next: Timer | undefined = timer.#next;
      timer.#unlink();
      if (timer.#deadline > now) timer.#link();
      else if (timer.#deadline !== 0) (due ??= []).push(timer);
      timer = next;
    }
    if (due === undefined) return;
    for (const timer of due) {
      // One that fired before it may have cancelled it or armed it anew.
      if (timer.#deadline === 0 || timer.#deadline > now) continue;
      timer.#deadline = 0;
      try {
        timer.owner.onTimeout(timer);
      } catch (error) {
        tellFault(error); // the others that are due are still to fire
      }
    }
  }
}

function start(): void {
  last = performance.now();
  ticking = setInterval(tick, TICK_MS);
  ticking.unref();
}

function tick(): void {
  const elapsed = Math.floor((performance.now() - last) / TICK_MS);
  last += elapsed * TICK_MS;
  for (let steps = Math.min(elapsed, CATCH_UP); steps > 0; steps--) {
    now++;
    Timer.visit(now % SLOTS);
  }
  if (linked === 0) {
    clearInterval(ticking);
    ticking = undefined;
  }
}
