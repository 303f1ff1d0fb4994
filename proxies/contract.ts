/**
 * What a proxy is to the rest of hopcost: a name, what it can do, whether it can run here, and `start`.
 * A reference proxy runs inside the calling process; a peer runs its own binary. Both look alike from here.
 */
import type { Feature } from './config/features.ts';
import type { Endpoint, ProxyIntent } from './config/intent.ts';
import type { ProxyStats } from './stats/traffic.ts';

/** Any feature that the table over the intent knows; scenarios and conformance cases ask for these by name. */
export type Capability = Feature;

export type Availability =
  | { readonly state: 'ready'; readonly version: string }
  | { readonly state: 'missing'; readonly reason: string; readonly install: string };

export interface RunningProxy extends AsyncDisposable {
  /** Where the listener really listens (a requested port 0 has become a real one). */
  readonly address: Endpoint;
  /** The admin listener, where the intent asked for one. */
  readonly admin?: Endpoint;
  /** The processes whose CPU and memory are this hop's: masters, workers, all of them. */
  readonly pids: readonly number[];
  /** Exactly what it ran with; goes into the report. */
  readonly nativeConfig: string;
  /** Its last lines of output, where its process is one of its own. */
  output?(): string;
  /** Resolves when it has failed for good and serves nobody: whoever runs it should end. Never rejects. */
  readonly failure?: Promise<Error>;
  /** What the admin listener shows. */
  stats?(): Promise<ProxyStats>;
  /** Takes a new intent. What exists goes on under the old one. Rejects with `IntentError`, the old one stays. */
  reload?(intent: ProxyIntent): Promise<void>;
  /** Refuses new work, finishes what is in flight, at the latest after `timeouts.drain`. Disposal is abrupt, this is not. */
  drain?(): Promise<void>;
}

export interface ProxyDefinition {
  /** Unique, lower case with dashes: `l4-tcp`, `l7-http`, `envoy-http`, `nginx-stream`. */
  readonly name: string;
  /** The maker: the proxies of one, at several layers, are set against each other ('nginx-stream' and 'nginx-http' are of 'nginx'). */
  readonly family: string;
  readonly layer: 'l4' | 'l7';
  readonly summary: string;
  /** All features that it offers; an intent that asks for another is refused. */
  readonly capabilities: ReadonlySet<Capability>;
  /** What all others of its layer, with TLS or without, are set against. */
  readonly isReference?: true;
  /** It speaks TLS to the origin as well wherever it ends TLS. `tls-origination` says only that it could. */
  readonly reencrypts?: true;
  /** It runs inside the process that hosts it. Absent: it starts a program of its own, or runs elsewhere. */
  readonly isHosted?: true;
  /** Limits and timeouts of the intent that it is not given, 'limits.headBytes': there its own hold. Absent: it takes them all. */
  readonly keepsOwn?: readonly string[];
  /** Present where it runs elsewhere: nothing of it is started here, and no process of it is ours. */
  readonly external?: External;
  availability(): Promise<Availability>;
  /** Throws `IntentError` where `start` would refuse the intent, for what it asks or how it puts things together. Absent: `capabilities` say all. */
  check?(intent: ProxyIntent): void;
  /**
   * Resolves once the listener accepts connections. `signal` aborts a start under way; stopping is `asyncDispose`.
   * Rejects with `IntentError` where the intent asks for what this proxy does not offer, or with the system's error.
   */
  start(intent: ProxyIntent, signal: AbortSignal): Promise<RunningProxy>;
  /** The same elsewhere. Only where `start` runs a command for whoever calls it: all others run where their host process does. */
  placed?(where: Place): ProxyDefinition;
  /** Present with `placed`: what is run, and where. */
  readonly own?: OwnCommand;
}

export interface OwnCommand {
  /** Absolute. */
  readonly cwd: string;
  /** Program, arguments and values of its environment, placeholders and all. */
  readonly words: readonly string[];
}

export interface External {
  readonly address: Endpoint;
  /** As it was given: `https://lb.example.org/health`. */
  readonly url: string;
  /** What HTTP load asks for, and what stands in for the checks by nonce. `/` for TCP. */
  readonly path: string;
  /** `Host` of HTTP requests. */
  readonly authority: string;
  readonly tls: boolean;
  /** SNI and the name that a certificate must be for. */
  readonly serverName: string;
  /** PEM of the authorities to trust; the runtime's own list where absent. */
  readonly ca?: string;
}

export interface Place {
  /** Cores to run on; null: wherever the system likes. */
  readonly cores: readonly number[] | null;
  /** Working folder; the definition's own by default. */
  readonly cwd?: string;
}
