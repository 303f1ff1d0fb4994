/** What generating the load cost: CPU of this thread (and of a pacer thread), and how busy its event loop was. */
import type { LoadResult } from '#bench/model/load.ts';
import { micros } from '#bench/model/units.ts';

export type GeneratorCost = LoadResult['generator'];

/** Microseconds of CPU, cumulative. */
export interface CpuTime {
  readonly user: number;
  readonly system: number;
}

export class GeneratorMeter {
  readonly #helper: () => CpuTime;
  readonly #cpu: CpuTime;
  readonly #helperCpu: CpuTime;
  readonly #loop = performance.eventLoopUtilization();

  /** Starts to measure. `helper` reads the CPU time of another thread that works for this one. */
  constructor(helper: () => CpuTime = () => ({ user: 0, system: 0 })) {
    this.#helper = helper;
    this.#helperCpu = helper();
    this.#cpu = process.threadCpuUsage();
  }

  read(): GeneratorCost {
    const cpu = process.threadCpuUsage();
    const helper = this.#helper();
    const { utilization } = performance.eventLoopUtilization(this.#loop);
    return {
      cpuUser: micros(cpu.user - this.#cpu.user + helper.user - this.#helperCpu.user),
      cpuSystem: micros(cpu.system - this.#cpu.system + helper.system - this.#helperCpu.system),
      eventLoop: Math.min(1, Math.max(0, utilization)),
    };
  }
}
