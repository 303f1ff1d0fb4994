/** What the way that will be measured must carry, proxy or none: a table of cases, each run against the real topology. */
import type { Topology } from '../topology.ts';
import type { Target } from '../wire.ts';

export interface PreflightCase {
  /** One sentence, true of a subject that passes. */
  readonly rule: string;
  /** The origin that the case needs behind the subject. */
  readonly origin: 'http-fixed' | 'http-echo' | 'grpc-echo' | 'tcp-echo' | 'tcp-sink';
  /** Layers that the rule binds; all by default. An L4 hop is no party to HTTP's own rules. */
  readonly layers?: readonly Layer[];
  /** Resolves to what was seen; rejects, with what was expected and what came, where the subject fails. */
  run(bench: PreflightBench, signal: AbortSignal): Promise<string>;
}

export type Layer = 'direct' | 'l4' | 'l7';

export interface PreflightBench {
  /** The way through the subject. */
  readonly target: Target;
  /** Past it: its address, its counters. */
  readonly origin: Topology['origin'];
  /** What a subject that ends HTTP is to speak to the origin. */
  readonly upstream: 'http1' | 'http2';
}

/** Fails a case. */
export function expect(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new Error(message());
}
