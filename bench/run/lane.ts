/** One subject in one scenario of a generation: its turns, one after the other, and in the end its record. */
import { subjectName } from '#bench/model/scenario.ts';
import type { Topology } from '#bench/lab/topology.ts';
import type { LoadStage } from '#bench/load/stage.ts';
import type { LoadJob } from '#bench/model/load.ts';
import type { PerSecond } from '#bench/model/units.ts';
import type { CallMeter } from '#bench/probes/call-meter.ts';
import type { CpuMeter } from '#bench/probes/cpu-meter.ts';
import { hostSnapshot } from '#bench/probes/host.ts';
import type { PlannedTrial } from '#bench/plan/generations.ts';
import { warmTurnsOf } from '#bench/plan/turns.ts';
import { costOf, isSilent, type TurnReading } from './turns.ts';

/** Processes of one start of a subject; several scenarios may drive it. */
export interface Way {
  readonly topology: Topology;
  readonly proxy?: CpuMeter;
  /** Of a proxy that runs on our own Node. */
  readonly calls?: CallMeter;
  readonly origin: CpuMeter;
  /** Of the proxy, before the load's connections were made; bytes. */
  readonly residentBefore: number;
}

export interface TurnShape {
  readonly length: number;
  readonly discard: number;
}

/** Share by which a turn must be cheaper than the cheapest before it for the subject to count as still warming up. */
const STILL_FALLING = 0.03;
/** Turns without a new low after which it is warm. */
const SETTLED_AFTER = 2;

export class Lane {
  readonly planned: PlannedTrial;
  readonly job: LoadJob;
  readonly way: Way;
  readonly shape: TurnShape;
  readonly readings: TurnReading[] = [];
  /** Why it takes no more turns. */
  fault: Error | undefined;
  readonly #stage: LoadStage;
  readonly #index: number;
  readonly #generator: CpuMeter;
  #lowest = Infinity;
  #sinceLowest = 0;
  #warmed = 0;
  /** Requests a second of its latest turn. */
  rate = 0;

  constructor(
    planned: PlannedTrial,
    job: LoadJob,
    way: Way,
    { stage, index, generator, shape }: { stage: LoadStage; index: number; generator: CpuMeter; shape: TurnShape },
  ) {
    this.planned = planned;
    this.job = job;
    this.way = way;
    this.shape = shape;
    this.#stage = stage;
    this.#index = index;
    this.#generator = generator;
  }

  get name(): string {
    return `${this.planned.scenario.name} · ${subjectName(this.planned.subject)}`;
  }

  get isWarm(): boolean {
    const { least, most } = warmTurnsOf(this.planned);
    const isSettled = this.#warmed >= least && this.#sinceLowest >= SETTLED_AFTER;
    return this.fault !== undefined || isSettled || this.#warmed >= most;
  }

  /** Discarded; but for its rate and whether it cost less than all before. The first opens its connections: none waits for long unused. */
  async warm(offered: PerSecond | undefined): Promise<void> {
    if (this.#warmed++ === 0) await this.#open();
    const reading = await this.#turn({ round: 0, at: 0 }, offered);
    if (!reading) return;
    this.rate = (1_000 * reading.turn.tally.inTime) / (reading.length - reading.discard);
    const cost = costOf(reading) ?? 0;
    if (cost < this.#lowest * (1 - STILL_FALLING)) this.#sinceLowest = 0;
    else this.#sinceLowest++;
    this.#lowest = Math.min(this.#lowest, cost);
  }

  async measure(at: { readonly round: number; readonly at: number }, offered: PerSecond | undefined): Promise<void> {
    const reading = await this.#turn(at, offered);
    if (reading) this.readings.push(reading);
  }

  async close(): Promise<void> {
    await this.#stage.close(this.#index);
  }

  async #open(): Promise<void> {
    const { shard: _, startAt: __, warmup: ___, window: ____, ...job } = this.job;
    try {
      await this.#stage.open(this.#index, job);
    } catch (error) {
      this.fault = error as Error;
    }
  }

  /** Undefined where the lane takes no more turns: what it could not do is its `fault`. */
  async #turn(
    { round, at }: { readonly round: number; readonly at: number },
    offered: PerSecond | undefined,
  ): Promise<TurnReading | undefined> {
    if (this.fault) return undefined;
    const { proxy, calls, origin } = this.way;
    try {
      const before = hostSnapshot();
      for (const meter of [proxy, calls, origin, this.#generator]) meter?.lap();
      const turn = await this.#stage.turn({
        lane: this.#index,
        ...this.shape,
        ...(offered !== undefined && { offered }),
      });
      const used = { proxy: proxy?.lap(), calls: calls?.lap(), origin: origin.lap(), generator: this.#generator.lap() };
      const reading: TurnReading = {
        round,
        at,
        ...this.shape,
        turn,
        ...(used.proxy && { proxy: used.proxy }),
        ...(used.calls && { calls: used.calls }),
        origin: used.origin,
        generator: used.generator,
        host: { before, after: hostSnapshot() },
      };
      // It had its time-out and answered nothing: the others do not wait for it again in this generation. A turn in which nothing could
      // be sent is the host's, which had stopped the generator.
      if ((isSilent(reading) && !isUnsent(turn)) || turn.tally.errors.timeout > 0)
        this.fault = new Error(turn.tally.errorSamples[0] ?? silence(reading));
      return reading;
    } catch (error) {
      this.fault = error as Error;
      return undefined;
    }
  }
}

const isUnsent = ({ tally }: TurnReading['turn']): boolean => tally.scheduled > 0 && tally.dropped === tally.scheduled;

/** What is known of a turn without an answer. */
const silence = ({ turn: { tally, took }, length }: TurnReading): string =>
  `no request was answered in a whole turn of ${length} ms, which took ${Math.round(took)} ms` +
  (tally.scheduled > 0 ? `; of ${tally.scheduled} that were due ${tally.dropped} were never sent` : '');
