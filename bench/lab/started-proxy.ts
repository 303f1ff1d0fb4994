/**
 * A proxy under test, started: one of the registry in a child that hosts it, any other (a user's own command) by this process as its
 * definition does. Alike from here on: which processes are its, whether they still run, what it said last.
 */
import type { ProxyDefinition } from '#proxies/contract.ts';
import type { Endpoint, ProxyIntent } from '#proxies/config/intent.ts';
import { proxies } from '#proxies/registry.ts';
import { identify, isRunning } from '#proxies/platform/processes.ts';
import { HostChild, type EventLoopTimes } from './child.ts';

/** From where a proxy is run, where not from this very package. */
export interface ProxyRoot {
  /** A proxy of the registry: root of the package whose `proxies/host.ts` hosts it. */
  readonly root?: string;
  /** A user's own command: the folder that it runs in, instead of the one that its definition says. */
  readonly cwd?: string;
}

export interface StartedProxy extends AsyncDisposable {
  /** For messages: 'proxy l7-http'. */
  readonly role: string;
  /** The first of its processes, or the one that hosts it. */
  readonly pid: number;
  readonly address: Endpoint;
  /** Whose CPU and memory are this hop's. */
  readonly pids: readonly number[];
  readonly nativeConfig: string;
  /** Whose code it is: ours, running in our own child; a peer's binary that the child started; a user's. */
  readonly kind: 'hosted' | 'peer' | 'own';
  /** All processes that were started are still there, and none was replaced. */
  readonly alive: boolean;
  /** Its last lines of output, as far as this process hears them. */
  readonly output: string;
  /** Absent where the proxy is not Node, or spreads over several processes. */
  readonly eventLoop?: () => Promise<EventLoopTimes>;
  /** Resolves once a new intent is in force; what is under way goes on. Rejects where that cannot be, with the reason. */
  reload(intent: ProxyIntent): Promise<void>;
}

export interface ProxyStart extends ProxyRoot {
  readonly definition: ProxyDefinition;
  /** For messages, where its name says too little. */
  readonly role?: string;
  readonly intent: ProxyIntent;
  /** Cores to run on; null: wherever the system likes. */
  readonly cores: readonly number[] | null;
}

export const isRegistered = (definition: ProxyDefinition): boolean => proxies.get(definition.name) === definition;

/** Rejects with the error of the start; `IntentError` keeps its code. Nothing is left when it does. */
export const startProxy = (start: ProxyStart, signal: AbortSignal): Promise<StartedProxy> =>
  isRegistered(start.definition) ? inChild(start, signal) : fromHere(start, signal);

const roleOf = ({ role, definition }: ProxyStart): string => role ?? `proxy ${definition.name}`;

async function inChild(start: ProxyStart, signal: AbortSignal): Promise<StartedProxy> {
  const { intent, cores, root } = start;
  const { name } = start.definition;
  const role = roleOf(start);
  const child = await HostChild.start(
    { role, entry: 'proxies/host.ts', job: { name, intent }, cores, ...(root !== undefined && { root }) },
    signal,
  );
  const { pid, address, pids } = child;
  return {
    role,
    pid,
    address,
    pids,
    nativeConfig: child.ready.nativeConfig ?? '',
    kind: pids.includes(pid) ? 'hosted' : 'peer',
    get alive() {
      return child.alive;
    },
    get output() {
      return child.output;
    },
    ...(pids.length === 1 && pids[0] === pid && { eventLoop: () => child.eventLoop() }),
    reload: (next) => child.reload(next),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

async function fromHere(start: ProxyStart, signal: AbortSignal): Promise<StartedProxy> {
  const { definition, intent, cores, cwd } = start;
  const placed = definition.placed?.({ cores, ...(cwd !== undefined && { cwd }) }) ?? definition;
  const running = await placed.start(intent, signal);
  const { address, pids, nativeConfig } = running;
  const identities = pids.map(identify);
  return {
    role: roleOf(start),
    pid: pids[0] ?? 0,
    address,
    pids,
    nativeConfig,
    kind: 'own',
    get alive() {
      return identities.every(isRunning);
    },
    get output() {
      return running.output?.() ?? '';
    },
    async reload(next) {
      if (!running.reload) throw new Error('a command of yours is not handed another configuration while it runs');
      await running.reload(next);
    },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}
