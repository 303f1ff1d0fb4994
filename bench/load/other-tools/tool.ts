/** A load tool of somebody else's, run as a process of its own: a second opinion on throughput. Closed loop, keep-alive, plain HTTP/1.1. */

export interface OutsideJob {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly connections: number;
  /** Whole ones: not all tools know fractions. */
  readonly seconds: number;
  readonly threads: number;
}

/** What the tool says of its own run. */
export interface OutsideResult {
  /** Answers that it counts as good. */
  readonly requests: number;
  /** Of its run, by its own clock. */
  readonly seconds: number;
  readonly failed: number;
}

export interface OutsideTool {
  readonly name: 'autocannon' | 'wrk' | 'h2load';
  /** How it is had where it is missing. */
  readonly install: string;
  /** Command that tells its version, and where that stands in its output, whatever stream and exit code it chooses. */
  readonly version: { readonly command: readonly string[]; readonly pattern: RegExp };
  command(job: OutsideJob): readonly string[];
  /** Undefined: its output is not what this version of hopcost knows. */
  parse(output: string): OutsideResult | undefined;
}

export const urlOf = ({ host, port, path }: OutsideJob): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}${path}`;

/** The first group of each pattern as a number; undefined where one is missing. */
export function numbers(text: string, ...patterns: readonly RegExp[]): number[] | undefined {
  const found = patterns.map((pattern) => Number(pattern.exec(text)?.[1] ?? NaN));
  return found.some(Number.isNaN) ? undefined : found;
}
