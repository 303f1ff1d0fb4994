/** What a micro-benchmark suite is: tasks that each do one operation of a proxied request, over and over. */

export interface MicroTask {
  readonly name: string;
  /** Operations of this kind in one keep-alive request through an L7 hop; 0: not part of it, measured for itself. */
  readonly perRequest: number;
  /** Does the operation `times` times. Returns something that depends on all of them, so that none can be optimised away. */
  run(times: number): number;
}

export interface MicroSuite {
  readonly name: string;
  readonly tasks: readonly MicroTask[];
}
