/** A peer's definition, made of what is its own: where its binary is, what it offers, how it renders an intent. */
import { timeoutsOf } from '../config/defaults.ts';
import type { Endpoint, ProxyIntent } from '../config/intent.ts';
import type { Capability, ProxyDefinition } from '../contract.ts';
import { keptOwn, requireOffered, type Feature } from './asks.ts';
import { findBinary, INSTALL, type Binary, type BinaryQuery } from './binary.ts';
import { launchPeer } from './launch.ts';
import type { Rendered, Signals } from './process.ts';
import { openFiles } from './procfs.ts';

/** What rendering depends on besides the intent. Tests give a fixed one. */
export interface Surroundings {
  /** The listener, its port known. */
  readonly address: Endpoint;
  /** A second free port, for peers that tell on one whether they are ready. */
  readonly spare: Endpoint;
  readonly binary: Binary;
  /** Descriptors that one process may open. */
  readonly openFiles: number;
  readonly isRoot: boolean;
}

export interface PeerSpec {
  readonly name: string;
  readonly family: string;
  readonly layer: 'l4' | 'l7';
  readonly summary: string;
  readonly query: BinaryQuery;
  readonly capabilities: ReadonlySet<Capability>;
  /** All that it can express; capabilities are added. */
  readonly offers: readonly Feature[];
  readonly signals: Signals;
  render(intent: ProxyIntent, surroundings: Surroundings): Rendered;
}

export interface PeerDefinition extends ProxyDefinition {
  /** What `start` would run. @throws IntentError where the intent asks for what is not offered. */
  render(intent: ProxyIntent, surroundings: Surroundings): Rendered;
}

export function definePeer(spec: PeerSpec): PeerDefinition {
  const { name, family, layer, summary, query, capabilities, signals } = spec;
  const offers = new Set<Feature>([...spec.offers, ...capabilities]);
  const render: PeerDefinition['render'] = (intent, surroundings) => {
    requireOffered(name, intent, offers);
    return spec.render(intent, surroundings);
  };
  return {
    name,
    family,
    layer,
    summary,
    capabilities,
    keepsOwn: keptOwn(layer, offers),
    render,
    async availability() {
      const binary = await findBinary(query);
      return 'state' in binary ? binary : { state: 'ready', version: `${query.title} ${binary.version}` };
    },
    async start(intent, signal) {
      const binary = await findBinary(query);
      if ('state' in binary)
        throw new Error(`${name} cannot run here: ${binary.reason}; install it with: ${binary.install}`);
      return launchPeer(
        {
          name,
          what: `${query.title} ${binary.version} (${binary.path})`,
          path: binary.path,
          advice: `start it by hand with this file, or install another version (${INSTALL}).`,
          listen: intent.listener.address,
          signals,
          drainTimeout: timeoutsOf(intent).drain,
          render: (address, spare) =>
            render(intent, { address, spare, binary, openFiles: openFiles(), isRoot: process.getuid?.() === 0 }),
        },
        signal,
      );
    },
  };
}
