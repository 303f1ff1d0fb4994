/** A peer's definition, made of what is its own: where its binary is, what it offers, how it renders an intent. */
import { timeoutsOf } from '../config/defaults.ts';
import type { Endpoint, ProxyIntent } from '../config/intent.ts';
import { readSettings } from '../filters/read.ts';
import { keptOwn, offeredBy, requireOffered, type Offers } from '../config/offers.ts';
import type { ProxyDefinition } from '../contract.ts';
import { parseOpenFilesLimit } from '../platform/procfs.ts';
import { readIfThere } from '../platform/read-if-there.ts';
import { findBinary, INSTALL, type Binary, type BinaryQuery } from './binary.ts';
import { requireCluster } from './intent-facts.ts';
import { launchPeer } from './launch.ts';
import type { Rendered, Signals } from './process.ts';

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

/** Where the system does not tell: what macOS allows. */
const OPEN_FILES = 10_240;

/** The most files that a process started from here may open: Node raises its own soft limit to the hard one, children inherit it. */
const openFiles = (): number => parseOpenFilesLimit(readIfThere('/proc/self/limits') ?? '') ?? OPEN_FILES;

export interface PeerSpec {
  readonly name: string;
  readonly family: string;
  readonly layer: 'l4' | 'l7';
  readonly summary: string;
  readonly query: BinaryQuery;
  readonly offers: Offers;
  readonly signals: Signals;
  /** Throws `IntentError` where features that are offered one by one are not offered together. */
  check?(intent: ProxyIntent): void;
  render(intent: ProxyIntent, surroundings: Surroundings): Rendered;
}

export interface PeerDefinition extends ProxyDefinition {
  readonly offers: Offers;
  /** What `start` would run. @throws IntentError where the intent asks for what is not offered. */
  render(intent: ProxyIntent, surroundings: Surroundings): Rendered;
}

export function definePeer(spec: PeerSpec): PeerDefinition {
  const { name, family, layer, summary, query, offers, signals } = spec;
  const check = (intent: ProxyIntent): void => {
    requireOffered(name, offers, intent);
    requireCluster(name, intent);
    readSettings(intent.filters);
    spec.check?.(intent);
  };
  const render: PeerDefinition['render'] = (intent, surroundings) => {
    check(intent);
    return spec.render(intent, surroundings);
  };
  return {
    name,
    family,
    layer,
    summary,
    offers,
    capabilities: offeredBy(offers),
    keepsOwn: keptOwn(layer, offers),
    check,
    render,
    async availability() {
      const binary = await findBinary(query);
      return 'state' in binary ? binary : { state: 'ready', version: `${query.title} ${binary.version}` };
    },
    async start(intent, signal) {
      check(intent);
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
          render: (address, spare, _folder, next = intent) =>
            render(next, { address, spare, binary, openFiles: openFiles(), isRoot: process.getuid?.() === 0 }),
        },
        signal,
      );
    },
  };
}
