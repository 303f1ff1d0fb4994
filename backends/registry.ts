/** Every origin there is. Adding one is its file and a line here. */
import type { BackendDefinition } from './contract.ts';
import { definition as grpcEcho } from './grpc-echo.ts';
import { definition as httpEcho } from './http-echo.ts';
import { definition as httpFaulty } from './http-faulty.ts';
import { definition as httpFixed } from './http-fixed.ts';
import { definition as tcpEcho } from './tcp-echo.ts';
import { definition as tcpSink } from './tcp-sink.ts';

export const backends: ReadonlyMap<string, BackendDefinition> = new Map(
  [httpFixed, httpFaulty, httpEcho, grpcEcho, tcpEcho, tcpSink].map((definition) => [definition.name, definition]),
);
