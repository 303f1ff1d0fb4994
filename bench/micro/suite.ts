/** What a micro-benchmark suite is: tasks that each do one operation of a proxied request, over and over. */

interface Task {
  readonly name: string;
  /** Operations of this kind in one keep-alive request through a hop; 0: not part of it, measured for itself. */
  readonly perRequest: number;
}

export interface HotTask extends Task {
  /** Does the operation `times` times. Returns something that depends on all of them, so that none can be optimised away. */
  run(times: number): number;
  /** Operations of a sample, where an operation takes microseconds: a short sample is seldom interrupted. 1,000 where absent. */
  readonly batch?: number;
}

/** An operation that needs other things around it, which its own clock leaves out. */
export interface ClockedTask extends Task {
  open(): Promise<Clock>;
}

export interface Clock extends AsyncDisposable {
  /** Does the operation `times` times. Nanoseconds that it took altogether. */
  measure(times: number): Promise<number>;
}

export type MicroTask = HotTask | ClockedTask;

export interface MicroSuite {
  readonly name: string;
  readonly tasks: readonly MicroTask[];
}
