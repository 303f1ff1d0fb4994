/** The body of a gRPC request, as load sends it and as the origin is asked for what it answers. */

/** Bytes before each message: whether it is compressed, and how long it is. */
export const GRPC_PREFIX = 5;

/** Nothing that compresses to nothing. */
const PATTERN = 'hopcost message 0123456789abcdef';

/** `messages` of one length, which fill `bodyBytes` with their prefixes. */
export function grpcBody(bodyBytes: number, messages: number): Buffer {
  const message = Buffer.alloc(bodyBytes / messages, PATTERN);
  message[0] = 0;
  message.writeUInt32BE(message.length - GRPC_PREFIX, 1);
  return Buffer.concat(Array.from({ length: messages }, () => message));
}
