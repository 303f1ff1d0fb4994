/** The request of a job, as HTTP/2 carries it: the same one every time, so that its block is encoded once a connection. */
import { grpcBody } from '#bench/model/grpc.ts';
import type { LoadJob } from '#bench/model/load.ts';
import { FieldSection } from '#proxies/http2/field-section.ts';
import { LoadError } from '../contract.ts';
import { type HttpTraffic, requestBody, requestFields } from '../http1/request.ts';

export interface Request {
  readonly head: FieldSection;
  readonly body: Buffer;
}

/** RFC 9113 §8.2.2. */
const HOP_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** @throws LoadError for what HTTP/2 cannot carry. */
export function requestOf(job: Pick<LoadJob, 'target' | 'tls'>, traffic: HttpTraffic): Request {
  const { method, path, bodyBytes } = traffic.request;
  const fields = requestFields(job, traffic).map(([name, value]) => [name.toLowerCase(), value] as const);
  const [, authority = ''] = fields.find(([name]) => name === 'host') ?? [];
  // Whoever calls by gRPC does not say how long a stream of messages will be.
  const left = traffic.grpc === undefined ? ['host'] : ['host', 'content-length'];
  const rest = fields.filter(([name]) => !left.includes(name));
  const hop = rest.find(([name]) => HOP_FIELDS.has(name));
  if (hop) throw new LoadError(`header ${hop[0]} is a matter of HTTP/1.1 connections; leave it out with HTTP/2`);
  const head = FieldSection.of([
    [':method', method],
    [':scheme', traffic.tls === 'none' ? 'http' : 'https'],
    [':authority', authority],
    [':path', path],
    ...rest,
  ]);
  const { grpc } = traffic;
  return { head, body: grpc ? grpcBody(bodyBytes, grpc.messages) : requestBody(bodyBytes) };
}
