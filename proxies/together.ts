/** Several proxies as one: started together, told of together, ended together. */
import { IntentError } from './config/intent-error.ts';
import type { Endpoint, ProxyIntent } from './config/intent.ts';
import type { ProxyDefinition, RunningProxy } from './contract.ts';
import { inTurn } from './platform/in-turn.ts';
import { startAdmin } from './stats/admin.ts';
import { mergeStats, type ProxyStats } from './stats/traffic.ts';

export interface Part {
  readonly definition: ProxyDefinition;
  readonly intent: ProxyIntent;
}

export interface RunningTogether extends AsyncDisposable {
  readonly address: Endpoint;
  /** In the order of the parts, where there are several. */
  readonly addresses?: readonly Endpoint[];
  readonly admin?: Endpoint;
  readonly pids: readonly number[];
  /** Resolves when one of them has failed for good. Never rejects. */
  readonly failure?: Promise<Error>;
  /** What runs now. */
  readonly parts: readonly Part[];
  /** One at a time, in order. All parts, or none: rejects with `IntentError`, and then everything goes on as it was. */
  reload(parts: readonly Part[]): Promise<void>;
  drain(): Promise<void>;
}

/** `admin` listens for all of them; their own intents name none. Rejects as the first of them does that cannot start. */
export async function startTogether(
  parts: readonly [Part, ...Part[]],
  admin: Endpoint | undefined,
  signal: AbortSignal,
): Promise<RunningTogether> {
  for (const { definition } of admin ? parts : [])
    if (!definition.capabilities.has('stats'))
      throw new IntentError([{ path: 'admin', message: `${definition.name} keeps no statistics: leave it out` }]);
  await using cleanup = new AsyncDisposableStack();
  const start = async ({ definition, intent }: Part): Promise<RunningProxy> =>
    cleanup.use(await definition.start(admin ? { ...intent, stats: true } : intent, signal));
  const [one, ...rest] = parts;
  const first = await start(one);
  const others: RunningProxy[] = [];
  for (const part of rest) others.push(await start(part));
  const running: readonly RunningProxy[] = [first, ...others];
  const listening = admin && cleanup.use(await startAdmin(admin, () => statsOf(running)));
  const failures = running.flatMap(({ failure }) => failure ?? []);
  const scope = cleanup.move();
  let now: readonly Part[] = parts;
  const queue = inTurn();
  return {
    address: first.address,
    ...(others.length > 0 && { addresses: running.map(({ address }) => address) }),
    ...(listening && { admin: listening.address }),
    ...(failures.length > 0 && { failure: Promise.race(failures) }),
    pids: [...new Set(running.flatMap(({ pids }) => pids))],
    get parts() {
      return now;
    },
    reload: (next) =>
      queue(async () => {
        checkSame(now, next);
        await reloadAll(running, now, next, admin !== undefined);
        now = next;
      }),
    async drain() {
      await Promise.all(running.map(async (proxy) => proxy.drain?.()));
    },
    [Symbol.asyncDispose]: () => scope.disposeAsync(),
  };
}

function checkSame(now: readonly Part[], next: readonly Part[]): void {
  const names = (parts: readonly Part[]) => parts.map(({ definition }) => definition.name).join(', ');
  if (names(now) === names(next)) return;
  throw new IntentError([{ path: '', message: `${names(now)} runs, this is ${names(next)}: start another` }]);
}

/** Who took the new intent before another refused it, takes the old one back. */
async function reloadAll(
  running: readonly RunningProxy[],
  now: readonly Part[],
  next: readonly Part[],
  observed: boolean,
): Promise<void> {
  const intentOf = ({ intent }: Part): ProxyIntent => (observed ? { ...intent, stats: true } : intent);
  let done = 0;
  try {
    for (; done < running.length; done++) {
      const proxy = running[done]!;
      if (!proxy.reload) throw new Error(`${next[done]!.definition.name} cannot be configured anew: start another`);
      await proxy.reload(intentOf(next[done]!));
    }
  } catch (error) {
    for (let index = done - 1; index >= 0; index--) await running[index]!.reload!(intentOf(now[index]!));
    throw error;
  }
}

/** One listener's figures as they are; those of several, summed. */
async function statsOf(running: readonly RunningProxy[]): Promise<ProxyStats> {
  const each = (await Promise.all(running.map(async (proxy) => proxy.stats?.()))).filter(
    (stats) => stats !== undefined,
  );
  const [first, ...others] = each;
  if (!first) throw new Error('no proxy keeps statistics');
  const sum = mergeStats([first, ...others]);
  return { ...sum, listener: { ...sum.listener, address: each.map(({ listener }) => listener.address).join(', ') } };
}
