/** The request of a job, serialised once. */
import type { LoadJob } from '#bench/model/load.ts';
import type { Traffic } from '#bench/model/scenario.ts';
import { LoadError } from '../contract.ts';

export type HttpTraffic = Extract<Traffic, { kind: 'http' }>;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const TARGET = /^\/[\x21-\x7e]*$/;

/** Body bytes are this, repeated: nothing that compresses to nothing, nothing that costs to make. */
const BODY_PATTERN = 'hopcost upload 0123456789abcdef.';

/** Fields of the request, Host first unless the traffic sets it, Content-Length where there is a body. Throws for what HTTP cannot carry. */
export function requestFields(
  job: Pick<LoadJob, 'target' | 'tls'>,
  { request, tls }: Pick<HttpTraffic, 'request' | 'tls'>,
): (readonly [name: string, value: string])[] {
  const { method, path, headers, bodyBytes } = request;
  const isNamed = headers.some(([field]) => field.toLowerCase() === 'host');
  const name = tls === 'none' ? job.target.host : (job.tls?.serverName ?? job.target.host);
  const host = name.includes(':') ? `[${name}]` : name;
  const fields = [
    ...(isNamed ? [] : [['Host', `${host}:${job.target.port}`] as const]),
    ...headers,
    ...(bodyBytes > 0 || method === 'POST' || method === 'PUT' ? [['Content-Length', String(bodyBytes)] as const] : []),
  ];
  if (!TARGET.test(path)) throw new LoadError(`expected a path of visible ASCII, got ${JSON.stringify(path)}`);
  for (const [field, value] of fields) {
    if (!TOKEN.test(field) || !FIELD_VALUE.test(value))
      throw new LoadError(`header ${JSON.stringify(`${field}: ${value}`)} is not one that HTTP/1.1 can carry`);
  }
  return fields;
}

export const requestBody = (bodyBytes: number): Buffer => Buffer.alloc(bodyBytes, BODY_PATTERN);

/** Head and body in one buffer. Host, Content-Length and Connection are set where the traffic does not set them itself. */
export function serializeRequest(
  job: Pick<LoadJob, 'target' | 'tls'>,
  traffic: Pick<HttpTraffic, 'request' | 'connection' | 'tls'>,
): Buffer {
  const { method, path, headers, bodyBytes } = traffic.request;
  const fields = requestFields(job, traffic);
  if (traffic.connection === 'per-request' && !headers.some(([field]) => field.toLowerCase() === 'connection'))
    fields.push(['Connection', 'close']);
  const lines = fields.map(([field, value]) => `${field}: ${value}\r\n`);
  const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
  return Buffer.concat([head, requestBody(bodyBytes)]);
}
