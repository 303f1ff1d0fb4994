/** What the origin answers the request of a scenario, asked past the proxy: answers under load are held against it. */
import { crc32 } from 'node:zlib';
import type { Traffic } from '#bench/model/scenario.ts';
import { grpcBody } from '#bench/model/grpc.ts';
import { ask } from './http-client.ts';
import { askHttp2 } from './http2-client.ts';
import type { Target } from './wire.ts';

/** CRC-32 of the body; undefined for what is no HTTP. Error: the origin itself does not answer as the scenario expects. */
export async function knownBody(origin: Target, traffic: Traffic, signal: AbortSignal): Promise<number | undefined> {
  if (traffic.kind !== 'http') return undefined;
  const { request, expect, grpc } = traffic;
  const { method, path, headers, bodyBytes } = request;
  const { status, body } = await (grpc ? askHttp2 : ask)(
    origin,
    {
      method,
      path,
      headers: Object.fromEntries(headers),
      ...(bodyBytes > 0 && { body: grpc ? grpcBody(bodyBytes, grpc.messages) : Buffer.alloc(bodyBytes, 'x') }),
    },
    signal,
  );
  if (status !== expect.status || (method !== 'HEAD' && body.length !== expect.bodyBytes))
    throw new Error(
      `the origin itself answered ${method} ${path} with ${status} and ${body.length} bytes; the scenario expects ${expect.status} and ${expect.bodyBytes}`,
    );
  return crc32(body);
}
