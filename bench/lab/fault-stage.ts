/** What one fault is brought about on: origins that fail as they are told, and the proxy in front of them. One disposable scope. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { ProxyDefinition } from '#proxies/contract.ts';
import type { Cluster, Endpoint, ProxyIntent, WeightedEndpoint } from '#proxies/config/intent.ts';
import type { Arrivals, Condition } from '#backends/contract.ts';
import type { FaultAct, FaultScenario } from '#bench/model/fault.ts';
import type { Placement } from '#bench/model/record.ts';
import { HostChild } from './child.ts';
import { ask } from './http-client.ts';
import { startProxy, type StartedProxy } from './started-proxy.ts';

/** More than the queue of an origin that is `full` takes, on any system. */
const FILLERS = 8;

/** Of every proxy alike, with policies or without. */
const TIMEOUTS = { connect: 500, upstreamResponse: 2_000 } as const;
/** Of all that users wait for, proofs included. */
const PATIENCE = 10_000;

export class FaultyOrigin implements AsyncDisposable {
  readonly endpoint: Endpoint;
  readonly nonce: string;
  #child: HostChild | undefined;
  /** Of children that are gone. */
  readonly #earlier: Arrivals[] = [];
  readonly #fillers = new Set<Socket>();
  readonly #start: (listener: Endpoint, signal: AbortSignal) => Promise<HostChild>;

  private constructor(child: HostChild, start: (listener: Endpoint, signal: AbortSignal) => Promise<HostChild>) {
    this.#child = child;
    this.endpoint = child.address;
    this.nonce = child.nonce;
    this.#start = start;
  }

  static async start(
    index: number,
    { capacity }: FaultScenario,
    cores: Placement['origin'],
    signal: AbortSignal,
  ): Promise<FaultyOrigin> {
    const spec = { role: `origin ${index + 1}`, entry: 'backends/host.ts', cores };
    const start = (listener: Endpoint, until: AbortSignal): Promise<HostChild> =>
      HostChild.start({ ...spec, job: { name: 'http-faulty', listener, options: { capacity } } }, until);
    return new FaultyOrigin(await start({ host: '127.0.0.1', port: 0 }, signal), start);
  }

  steer(condition: Condition): Promise<void> {
    return this.#running.steer(condition);
  }

  /** What it counted until now is kept. */
  async kill(): Promise<void> {
    const child = this.#running;
    this.#earlier.push(await child.arrivals());
    this.#child = undefined;
    child.kill();
    await child.exited;
  }

  /** At the same port. */
  async revive(condition: Condition | undefined, signal: AbortSignal): Promise<void> {
    this.#child = await this.#start(this.endpoint, signal);
    if (condition) await this.#child.steer(condition);
  }

  pause(): void {
    this.#running.pause();
  }

  /** Its queue of connections is filled by ours, so that the kernel drops the next ones. */
  async vanish(): Promise<void> {
    await this.steer({ kind: 'full' });
    this.pause();
    for (let i = 0; i < FILLERS; i++)
      this.#fillers.add(connect(this.endpoint.port, this.endpoint.host).on('error', () => {}));
    await Promise.race([...this.#fillers].map((filler) => once(filler, 'connect')));
  }

  async resume(): Promise<void> {
    this.#running.resume();
    for (const filler of this.#fillers) filler.destroy();
    this.#fillers.clear();
    await this.steer({ kind: 'well' });
  }

  /** Of all of its processes. */
  async arrivals(): Promise<Arrivals> {
    const all = [...this.#earlier, ...(this.#child ? [await this.#child.arrivals()] : [])];
    return { requests: all.flatMap(({ requests }) => requests), refused: all.flatMap(({ refused }) => refused) };
  }

  get #running(): HostChild {
    if (!this.#child) throw new Error('an origin that was killed, and has not come back, can be told nothing');
    return this.#child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const filler of this.#fillers) filler.destroy();
    this.#child?.kill(); // it may stand still, and would hear of nothing else
    await this.#child?.[Symbol.asyncDispose]();
  }
}

export interface FaultStage extends AsyncDisposable {
  /** Where users send. */
  readonly target: Endpoint;
  readonly origins: readonly FaultyOrigin[];
  readonly proxy?: StartedProxy;
  /** Does one step of a script. Resolves once it is done. */
  act(act: FaultAct, signal: AbortSignal): Promise<void>;
}

export interface FaultStageSpec {
  readonly fault: FaultScenario;
  /** Absent for direct: users go to the first origin. */
  readonly definition?: ProxyDefinition;
  readonly policies: Partial<Cluster>;
  readonly placement: Placement;
}

export async function openFaultStage(
  { fault, definition, policies, placement }: FaultStageSpec,
  signal: AbortSignal,
): Promise<FaultStage> {
  await using scope = new AsyncDisposableStack();
  const origins = await Promise.all(
    Array.from({ length: definition ? fault.origins : 1 }, async (_, i) =>
      scope.use(await FaultyOrigin.start(i, fault, placement.origin, signal)),
    ),
  );
  let reloads = 0;
  const intent = (): ProxyIntent => ({
    listener: { address: { host: '127.0.0.1', port: 0 } },
    clusters: [{ name: 'origin', endpoints: origins.map(weighted(reloads)), ...policies }],
    defaultCluster: 'origin',
    timeouts: timeoutsFor(definition),
  });
  const proxy =
    definition && scope.use(await startProxy({ definition, intent: intent(), cores: placement.proxy }, signal));
  const target = proxy?.address ?? origins[0]!.endpoint;
  await prove(target, origins, signal);
  const reload = async (): Promise<void> => {
    reloads++;
    await proxy!.reload({ ...intent(), listener: { address: proxy!.address } });
  };
  const opened = scope.move();
  return {
    target,
    origins,
    ...(proxy && { proxy }),
    act: (act, stopped) => perform(act, origins, reload, stopped),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** Another weight for one endpoint at each reload: a proxy must not find that nothing has changed. */
const weighted =
  (reloads: number) =>
  ({ endpoint }: FaultyOrigin, index: number): WeightedEndpoint => ({
    ...endpoint,
    ...(reloads > 0 && index === reloads % 3 && { weight: 2 }),
  });

const timeoutsFor = (definition: ProxyDefinition | undefined): Partial<typeof TIMEOUTS> =>
  Object.fromEntries(
    Object.entries(TIMEOUTS).filter(([name]) => definition?.capabilities.has(`timeouts.${name as 'connect'}`)),
  );

async function perform(
  act: FaultAct,
  origins: readonly FaultyOrigin[],
  reload: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  if (act.kind === 'reload') return reload();
  const origin = origins[act.origin];
  if (!origin) return; // direct has the first one alone
  switch (act.kind) {
    case 'steer':
      return origin.steer(act.condition);
    case 'kill':
      return origin.kill();
    case 'start':
      return origin.revive(act.condition, signal);
    case 'pause':
      return origin.pause();
    case 'black-hole':
      return origin.vanish();
    case 'resume':
      return origin.resume();
  }
}

/** One of the origins that were started answers through the target. */
async function prove(target: Endpoint, origins: readonly FaultyOrigin[], signal: AbortSignal): Promise<void> {
  const timeout = AbortSignal.timeout(PATIENCE);
  const { status, body } = await ask(target, { path: '/nonce' }, AbortSignal.any([signal, timeout]));
  const nonce = body.toString();
  if (status !== 200 || !origins.some((origin) => origin.nonce === nonce))
    throw new Error(
      `GET /nonce at ${target.host}:${target.port}: expected 200 and the nonce of one of ${origins.length} origins, got ${status} and '${nonce.slice(0, 80)}'; another process answers`,
    );
}
