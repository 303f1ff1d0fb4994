/**
 * The worker's side of turns: a lane is one subject in one scenario, with connections of its own. All lanes are open at once; load goes
 * to one of them for a turn, and a turn ends when its last answers are in.
 */
import type { MessagePort } from 'node:worker_threads';
import type { LoadJob, Pacing } from '#bench/model/load.ts';
import type { PerSecond } from '#bench/model/units.ts';
import { epochNow, type Timetable, until } from './clock.ts';
import type { Session } from './contract.ts';
import { drivers } from './drivers.ts';
import { GeneratorMeter, type GeneratorCost } from './generator.ts';
import { Recorder } from './recorder.ts';
import type { Tally } from './tally.ts';

/** One turn of a lane. Times are milliseconds; `start` since the epoch. */
export interface TurnOrder {
  readonly lane: number;
  readonly start: number;
  /** Discarded of its beginning: sent and answered, but in no histogram. */
  readonly discard: number;
  readonly length: number;
  /** Open loop: requests a second, where the job left them open. */
  readonly offered?: PerSecond;
}

export interface TurnReport {
  readonly tally: Tally;
  /** Milliseconds from the first send to the last answer. */
  readonly took: number;
  readonly generator: GeneratorCost;
  readonly pacing?: Pacing;
  readonly bodiesChecked: number;
}

export type StageRequest =
  | { readonly kind: 'open'; readonly id: number; readonly lane: number; readonly job: LoadJob }
  | { readonly kind: 'turn'; readonly id: number; readonly order: TurnOrder }
  | { readonly kind: 'close'; readonly id: number; readonly lane: number };

export type StageReply =
  | { readonly id: number; readonly state: 'done'; readonly report?: TurnReport }
  | { readonly id: number; readonly state: 'failed'; readonly message: string };

interface Lane {
  readonly session: Session;
  readonly recorder: Recorder;
}

/** Serves requests, one after the other as they come, until the port is closed. Whatever is still open then is closed. */
export async function serveLanes(port: MessagePort): Promise<void> {
  const lanes = new Map<number, Lane>();
  const ending = new AbortController();
  const over = new Promise<void>((resolve) => port.once('close', resolve));
  let last: Promise<void> = Promise.resolve();
  const reply = (message: StageReply): void => port.postMessage(message);
  port.on('message', (request: StageRequest) => {
    last = last.then(async () => {
      try {
        const report = await serve(request, lanes, ending);
        reply({ id: request.id, state: 'done', ...(report && { report }) });
      } catch (error) {
        reply({ id: request.id, state: 'failed', message: (error as Error).message });
      }
    });
  });
  await over;
  ending.abort();
  await last;
  await Promise.all([...lanes.values()].map(({ session }) => session[Symbol.asyncDispose]()));
}

async function serve(
  request: StageRequest,
  lanes: Map<number, Lane>,
  ending: AbortController,
): Promise<TurnReport | undefined> {
  switch (request.kind) {
    case 'open': {
      const { job, lane } = request;
      const recorder = new Recorder(job, new Int32Array(LIVE_CELLS));
      const session = await drivers[job.driver].open(job, recorder, (error) => ending.abort(error));
      lanes.set(lane, { session, recorder });
      recorder.pause();
      await session.connect();
      return undefined;
    }
    case 'turn': {
      const lane = lanes.get(request.order.lane);
      if (!lane) throw new Error(`lane ${request.order.lane} is not open`);
      return take(request.order, lane, ending.signal);
    }
    case 'close': {
      const lane = lanes.get(request.lane);
      lanes.delete(request.lane);
      await lane?.session[Symbol.asyncDispose]();
      return undefined;
    }
  }
}

/** Nobody reads the live counters of a turn: its tally comes with its end. */
const LIVE_CELLS = 16;

async function take(
  { start: startAt, discard, length, offered }: TurnOrder,
  { session, recorder }: Lane,
  signal: AbortSignal,
): Promise<TurnReport> {
  const start = startAt - performance.timeOrigin;
  const timetable: Timetable = {
    start,
    windowStart: start + discard,
    windowEnd: start + length,
    ...(offered !== undefined && { offered }),
  };
  await until(start, signal);
  recorder.begin(timetable);
  const meter = new GeneratorMeter(session.helperCpu);
  session.start(performance.now());
  await until(timetable.windowEnd, signal);
  await session.finish(performance.now(), signal);
  recorder.pause();
  return {
    tally: recorder.take(),
    took: epochNow() - startAt,
    generator: meter.read(),
    ...(session.pacing && { pacing: session.pacing }),
    bodiesChecked: session.bodiesChecked?.() ?? 0,
  };
}
