/** The harness' side of turns: tells the load workers what to open and whose turn it is, and puts their tallies together. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { LoadJob, Pacing } from '#bench/model/load.ts';
import { micros } from '#bench/model/units.ts';
import { LoadError } from './contract.ts';
import type { GeneratorCost } from './generator.ts';
import type { StageReply, StageRequest, TurnOrder, TurnReport } from './lanes.ts';
import { sumTallies, type Tally } from './tally.ts';

export interface LoadStage extends AsyncDisposable {
  /** Opens the connections of a lane. Resolves when each has been tried once. */
  open(lane: number, job: Omit<LoadJob, 'shard' | 'startAt' | 'warmup' | 'window'>): Promise<void>;
  /** One turn, from its first send to its last answer. One at a time. */
  turn(order: Omit<TurnOrder, 'start'>): Promise<StageTurn>;
  close(lane: number): Promise<void>;
}

export interface StageTurn {
  readonly tally: Tally;
  /** Milliseconds from the first send to the last answer. */
  readonly took: number;
  readonly generator: GeneratorCost;
  readonly pacing?: Pacing;
  readonly bodiesChecked: number;
}

/** Milliseconds until several workers begin, so that they begin together. */
const LEAD = 2;

/** `spawn` occupies one load worker with the other end of a port, until that port is closed. */
export function openStage(workers: number, spawn: (port: MessagePort) => Promise<unknown>): LoadStage {
  const hands = Array.from({ length: workers }, () => new Hand(spawn));
  const now = (): number => performance.timeOrigin + performance.now();
  /** A shard without a connection could only drop its share of the arrivals. */
  const drivers = new Map<number, readonly Hand[]>();
  return {
    async open(lane, job) {
      const count = Math.min(workers, job.loop.connections);
      const chosen = hands.slice(0, count);
      drivers.set(lane, chosen);
      const never = { startAt: now() as LoadJob['startAt'], warmup: 0, window: 0 } as Pick<
        LoadJob,
        'startAt' | 'warmup' | 'window'
      >;
      await Promise.all(
        chosen.map((hand, index) =>
          hand.ask({ kind: 'open', lane, job: { ...job, ...never, shard: { index, count } } }),
        ),
      );
    },
    async turn(order) {
      const chosen = drivers.get(order.lane) ?? [];
      const start = now() + (chosen.length > 1 ? LEAD : 0);
      const reports = await Promise.all(chosen.map((hand) => hand.ask({ kind: 'turn', order: { ...order, start } })));
      return together(reports.map((report) => report!));
    },
    async close(lane) {
      await Promise.all((drivers.get(lane) ?? []).map((hand) => hand.ask({ kind: 'close', lane })));
      drivers.delete(lane);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(hands.map((hand) => hand[Symbol.asyncDispose]()));
    },
  };
}

function together(reports: readonly TurnReport[]): StageTurn {
  const pacing = reports[0]?.pacing;
  const sum = (of: (cost: GeneratorCost) => number): number =>
    reports.reduce((total, { generator }) => total + of(generator), 0);
  return {
    tally: sumTallies(reports.map(({ tally }) => tally)),
    took: Math.max(...reports.map(({ took }) => took)),
    generator: {
      cpuUser: micros(sum(({ cpuUser }) => cpuUser)),
      cpuSystem: micros(sum(({ cpuSystem }) => cpuSystem)),
      eventLoop: Math.max(...reports.map(({ generator }) => generator.eventLoop)),
    },
    ...(pacing && { pacing }),
    bodiesChecked: reports.reduce((total, one) => total + one.bodiesChecked, 0),
  };
}

type Asked = StageRequest extends infer R ? (R extends { id: number } ? Omit<R, 'id'> : never) : never;

/** One load worker, which serves lanes until this is disposed. */
class Hand implements AsyncDisposable {
  readonly #port: MessagePort;
  readonly #ended: Promise<unknown>;
  readonly #waiting = new Map<number, PromiseWithResolvers<TurnReport | undefined>>();
  #next = 0;
  /** Why it serves nothing any more. */
  #lost: Error | undefined;

  constructor(spawn: (port: MessagePort) => Promise<unknown>) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on('message', (reply: StageReply) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if (reply.state === 'done') waiting?.resolve(reply.report);
      else waiting?.reject(new LoadError(reply.message));
    });
    this.#ended = spawn(port2).then(
      () => this.#lose(new LoadError('the load worker stopped serving turns')),
      (error: Error) => this.#lose(error),
    );
  }

  async ask(request: Asked): Promise<TurnReport | undefined> {
    if (this.#lost) throw this.#lost;
    const id = this.#next++;
    const waiting = Promise.withResolvers<TurnReport | undefined>();
    this.#waiting.set(id, waiting);
    this.#port.postMessage({ ...request, id });
    return waiting.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#port.close();
    await this.#ended;
  }

  #lose(error: Error): void {
    this.#lost = error;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}
