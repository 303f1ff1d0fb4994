/** Answers of our own. They name a status and nothing of what stands behind it. */
import { STATUS_CODES } from 'node:http';

export interface Reply {
  readonly status: number;
  readonly body?: string;
  readonly contentType?: string;
  /** Field lines with CRLF. */
  readonly lines?: string;
}

/** Whole message. `head`: without the body (a reply to HEAD). */
export function writeReply(reply: Reply, connection: 'close' | 'keep-alive' | '', head: boolean): string {
  const { status } = reply;
  const reason = STATUS_CODES[status] ?? '';
  const bodiless = status === 204 || status === 304;
  const body = reply.body ?? (bodiless ? '' : `${status} ${reason}\n`);
  const octets = Buffer.from(body, 'utf8').toString('latin1');
  const framing = bodiless
    ? ''
    : `Content-Type: ${reply.contentType ?? 'text/plain; charset=utf-8'}\r\nContent-Length: ${octets.length}\r\n`;
  const option = connection === '' ? '' : `Connection: ${connection}\r\n`;
  return `HTTP/1.1 ${status} ${reason}\r\n${framing}${reply.lines ?? ''}${option}\r\n${head || bodiless ? '' : octets}`;
}
