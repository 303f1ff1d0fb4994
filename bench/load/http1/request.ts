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

/** Head and body in one buffer. Host, Content-Length and Connection are set where the traffic does not set them itself. */
export function serializeRequest(
  job: Pick<LoadJob, 'target' | 'tls'>,
  traffic: Pick<HttpTraffic, 'request' | 'connection' | 'tls'>,
): Buffer {
  const { method, path, headers, bodyBytes } = traffic.request;
  const named = (name: string): boolean => headers.some(([field]) => field.toLowerCase() === name);
  const name = traffic.tls === 'none' ? job.target.host : (job.tls?.serverName ?? job.target.host);
  const host = name.includes(':') ? `[${name}]` : name;
  const fields = [
    ...(named('host') ? [] : [['Host', `${host}:${job.target.port}`] as const]),
    ...headers,
    ...(traffic.connection === 'per-request' && !named('connection') ? [['Connection', 'close'] as const] : []),
    ...(bodyBytes > 0 || method === 'POST' || method === 'PUT' ? [['Content-Length', String(bodyBytes)] as const] : []),
  ];
  if (!TARGET.test(path)) throw new LoadError(`expected a path of visible ASCII, got ${JSON.stringify(path)}`);
  for (const [field, value] of fields) {
    if (!TOKEN.test(field) || !FIELD_VALUE.test(value))
      throw new LoadError(`header ${JSON.stringify(`${field}: ${value}`)} is not one that HTTP/1.1 can carry`);
  }
  const lines = fields.map(([field, value]) => `${field}: ${value}\r\n`);
  const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
  return Buffer.concat([head, Buffer.alloc(bodyBytes, BODY_PATTERN)]);
}
