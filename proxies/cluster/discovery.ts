/** Endpoints that are learnt while a cluster serves. What was learnt last holds until something better is. */
import type { Discovery, WeightedEndpoint } from '../config/intent.ts';
import { POLICIES } from '../config/policy-defaults.ts';
import { readSmallFile, watchForChanges } from '../platform/watched-file.ts';
import { backoff } from './backoff.ts';
import { type Asked, askNames, type NameClient } from './dns-names.ts';
import type { Cancel, Clock, Random } from './time-and-chance.ts';

export interface DiscoveryOwner {
  /** At least one. */
  onEndpoints(endpoints: readonly WeightedEndpoint[]): void;
  /** Nothing was learnt, and the last endpoints stay. */
  onDiscoveryFailure(why: string): void;
}

/** Milliseconds before names are asked for again after that failed, doubled each time. */
const AGAIN = { base: 1_000, max: 30_000 };

export interface DiscoveryTools {
  readonly clock: Clock;
  readonly random: Random;
  /** A client for one discovery alone. */
  readonly nameClient: (discovery: Asked) => NameClient;
}

/** Begins at once; the owner is told later. */
export function discover(discovery: Discovery, owner: DiscoveryOwner, tools: DiscoveryTools): Disposable {
  return discovery.kind === 'file' ? readsFile(discovery.path, owner) : new Names(discovery, owner, tools);
}

function readsFile(path: string, owner: DiscoveryOwner): Disposable {
  let isOver = false;
  const read = async (): Promise<void> => {
    try {
      const text = await readSmallFile(path);
      const { parseEndpoints } = await import('../config/schema.ts'); // megabytes that only this needs
      const endpoints = parseEndpoints(JSON.parse(text));
      if (!isOver) owner.onEndpoints(endpoints);
    } catch (error) {
      if (!isOver) owner.onDiscoveryFailure(`${path}: ${(error as Error).message}`);
    }
  };
  const watched = watchForChanges(path, read);
  void read();
  return {
    [Symbol.dispose]() {
      isOver = true;
      watched[Symbol.dispose]();
    },
  };
}

/** Asks again when an answer has grown old, by its TTL. */
class Names implements Disposable {
  readonly #discovery: Asked;
  readonly #owner: DiscoveryOwner;
  readonly #tools: DiscoveryTools;
  readonly #client: NameClient;
  #failures = 0;
  #isOver = false;
  #cancel: Cancel | undefined;

  constructor(discovery: Asked, owner: DiscoveryOwner, tools: DiscoveryTools) {
    this.#discovery = discovery;
    this.#owner = owner;
    this.#tools = tools;
    this.#client = tools.nameClient(discovery);
    void this.#ask();
  }

  async #ask(): Promise<void> {
    const { minTtl, maxTtl } = { ...POLICIES.discovery, ...this.#discovery };
    let wait: number;
    try {
      const { endpoints, ttl } = await askNames(this.#discovery, this.#client);
      if (this.#isOver) return;
      this.#failures = 0;
      wait = Math.min(maxTtl, Math.max(minTtl, ttl));
      this.#owner.onEndpoints(endpoints);
    } catch (error) {
      if (this.#isOver) return;
      this.#failures++;
      // Half a second at the least: full jitter alone may ask a server that is in trouble again at once.
      wait = (AGAIN.base + backoff(AGAIN, this.#failures, this.#tools.random)) / 2;
      this.#owner.onDiscoveryFailure((error as Error).message);
    }
    if (!this.#isOver) this.#cancel = this.#tools.clock.after(wait, () => void this.#ask());
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#cancel?.();
    this.#client.cancel();
  }
}
