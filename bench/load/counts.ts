/** What is counted of some requests as plain numbers, and several such counts together: of shards, of turns, of threads. */
import type { ErrorCounts, FailureCount } from '#bench/model/load.ts';
import { mergeFailures } from './failures.ts';

export interface Counts {
  readonly requests: number;
  readonly errors: ErrorCounts;
  /** By kind and status, with the first message of each; absent where nothing failed. */
  readonly failures?: readonly FailureCount[] | undefined;
  readonly errorSamples: readonly string[];
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly connectionsOpened: number;
  readonly handshakes: { readonly full: number; readonly resumed: number };
}

/** Distinct messages that are kept. */
export const SAMPLES = 8;

export const NO_ERRORS: ErrorCounts = { connect: 0, tls: 0, reset: 0, timeout: 0, status: 0, framing: 0, body: 0 };

/** Of all of them together. */
export const sumOf = <T>(all: readonly T[], of: (one: T) => number): number =>
  all.reduce((total, one) => total + of(one), 0);

export function sumCounts(all: readonly Counts[]) {
  const sum = (of: (one: Counts) => number): number => sumOf(all, of);
  const kinds = Object.keys(NO_ERRORS) as (keyof ErrorCounts)[];
  return {
    requests: sum(({ requests }) => requests),
    errors: Object.fromEntries(kinds.map((kind) => [kind, sum(({ errors }) => errors[kind])])) as ErrorCounts,
    ...mergeFailures(all.map(({ failures }) => failures)),
    errorSamples: [...new Set(all.flatMap(({ errorSamples }) => errorSamples))].slice(0, SAMPLES),
    bytesRead: sum(({ bytesRead }) => bytesRead),
    bytesWritten: sum(({ bytesWritten }) => bytesWritten),
    connectionsOpened: sum(({ connectionsOpened }) => connectionsOpened),
    handshakes: {
      full: sum(({ handshakes }) => handshakes.full),
      resumed: sum(({ handshakes }) => handshakes.resumed),
    },
  };
}
