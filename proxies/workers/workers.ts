/**
 * `concurrency`: several event loops, one worker thread each, whose listeners share the port (SO_REUSEPORT), so that the kernel spreads
 * connections over them. Threads keep all CPU and memory in one process, whose id is this hop's.
 */
import { randomBytes } from 'node:crypto';
import { describeIntent } from '../config/describe.ts';
import type { Endpoint, ProxyIntent } from '../config/intent.ts';
import { checkReload } from '../config/reload.ts';
import type { RunningProxy } from '../contract.ts';
import { inTurn } from '../platform/in-turn.ts';
import { startAdmin } from '../stats/admin.ts';
import { mergeStats, type ProxyStats } from '../stats/traffic.ts';
import { Loop } from './loop.ts';
import { rateShare } from './rate-share.ts';
import { Seat, type Start } from './seat.ts';

/** What all loops have in common. */
interface Shared {
  readonly address: Endpoint;
  readonly ticketKeys: string;
  readonly loops: number;
}

/** One loop of many: its part of each rate limit, no admin listener of its own, the port of the first, and tickets that all of them can read. */
const shareOf = (intent: ProxyIntent, { address, ticketKeys, loops }: Shared): ProxyIntent => {
  const { admin, ...rest } = intent;
  const { tls } = intent.listener;
  const stats = intent.stats === true || admin !== undefined;
  return {
    ...rest,
    ...rateShare(intent, loops),
    stats,
    concurrency: 1,
    listener: { ...intent.listener, address, reusePort: true, ...(tls && { tls: { ticketKeys, ...tls } }) },
  };
};

/** On this event loop where one is enough, else on as many as the intent says. `start` runs the proxy on this one. */
export function startLoops(
  name: string,
  intent: ProxyIntent,
  start: (intent: ProxyIntent) => Promise<RunningProxy>,
  signal: AbortSignal,
): Promise<RunningProxy> {
  return (intent.concurrency ?? 1) > 1 ? startWorkers(name, intent, signal) : start(intent);
}

/** Runs the registered proxy `name` on `intent.concurrency` event loops. Rejects as its own `start` does. */
async function startWorkers(name: string, intent: ProxyIntent, signal: AbortSignal): Promise<RunningProxy> {
  signal.throwIfAborted();
  await using cleanup = new AsyncDisposableStack();
  const loops = intent.concurrency!;
  const ticketKeys = randomBytes(48).toString('base64');
  const failure = Promise.withResolvers<Error>();
  let current = intent;
  // The first learns the port that the others share, and those that come after it.
  let { address } = intent.listener;
  const start: Start = async (seat) => {
    const loop: Loop = new Loop((error) => seat.lost(loop, error));
    const share = () => shareOf(current, { address, ticketKeys, loops });
    const under = current;
    try {
      address = await loop.ask<Endpoint>({ call: 'start', name, intent: share() });
      if (current !== under) await loop.ask({ call: 'reload', intent: share() }); // reloaded meanwhile
    } catch (error) {
      await loop[Symbol.asyncDispose]();
      throw error;
    }
    return loop;
  };
  const seats = Array.from({ length: loops }, (_, index) => cleanup.use(new Seat(index + 1, start, failure.resolve)));
  await seats[0]!.fill();
  await Promise.all(seats.slice(1).map((seat) => seat.fill()));
  const living = (): Loop[] => seats.flatMap(({ loop }) => loop ?? []);

  const stats = async (): Promise<ProxyStats> => {
    // One that dies as it is asked is left out, as one that is dead.
    const answers = await Promise.allSettled(living().map((loop) => loop.ask<ProxyStats>({ call: 'stats' })));
    const [head, ...tail] = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    if (!head) throw new Error('no event loop of the proxy lives at the moment');
    return { ...mergeStats([head, ...tail]), loopRestarts: seats.reduce((sum, { restarts }) => sum + restarts, 0) };
  };
  const admin = intent.admin && cleanup.use(await startAdmin(intent.admin, stats));
  signal.throwIfAborted();
  const scope = cleanup.move();
  const queue = inTurn();
  return {
    address,
    ...(admin && { admin: admin.address }),
    pids: [process.pid],
    nativeConfig: describeIntent(intent),
    failure: failure.promise,
    stats,
    reload: (next) =>
      queue(async () => {
        checkReload(next, intent, address);
        // The first refuses what cannot be run, before any loop has changed. One that starts later starts with it.
        const [first, ...others] = living();
        const command = { call: 'reload', intent: shareOf(next, { address, ticketKeys, loops }) } as const;
        await first?.ask(command);
        current = next;
        await Promise.all(others.map((loop) => loop.ask(command)));
      }),
    async drain() {
      for (const seat of seats) seat.close();
      await Promise.allSettled(living().map((loop) => loop.ask({ call: 'drain' })));
    },
    [Symbol.asyncDispose]: () => scope.disposeAsync(),
  };
}
