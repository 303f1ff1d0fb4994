/** Answers of our own. They name a status and nothing of what stands behind it. */
import { type Field, fieldLines } from './field-block.ts';
import { latin1 } from './octets.ts';

/** RFC 9110 §15, RFC 6585, RFC 5842: what this proxy says itself. Routes may answer with any other, which then has no phrase. */
const PHRASES: Readonly<Record<number, string>> = {
  200: 'OK',
  204: 'No Content',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  410: 'Gone',
  413: 'Content Too Large',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  508: 'Loop Detected',
};

export interface Reply {
  readonly status: number;
  /** Text goes out as UTF-8. Absent: the status and its phrase. */
  readonly body?: string | Buffer;
  /** Text by default; null: nothing is said of it. */
  readonly contentType?: string | null;
  /** Further fields. */
  readonly fields?: readonly Field[];
}

/** Its fields, framing included, and its content, which goes out unless HEAD asked. Throws `TypeError` for fields that no line may say. */
export function replyMessage(reply: Reply): { readonly lines: string; readonly content: Buffer | undefined } {
  const { status, contentType = 'text/plain; charset=utf-8' } = reply;
  const fields = reply.fields === undefined ? '' : fieldLines(reply.fields);
  if (status === 204 || status === 304) return { lines: fields, content: undefined };
  // 205 has a body, which is empty (RFC 9110 §15.3.6).
  const body = status === 205 ? '' : (reply.body ?? `${status} ${PHRASES[status] ?? ''}\n`);
  const content = typeof body === 'string' ? Buffer.from(body, 'utf8') : body;
  const framing = fieldLines([
    ...(contentType === null ? [] : [['Content-Type', contentType] as const]),
    ['Content-Length', `${content.length}`],
  ]);
  return { lines: framing + fields, content };
}

/** Whole message. `head`: without the body (a reply to HEAD). Throws `TypeError` for fields that no line may say. */
export function writeReply(reply: Reply, connection: 'close' | 'keep-alive' | '', head: boolean): string {
  const { status } = reply;
  const { lines, content } = replyMessage(reply);
  const option = connection === '' ? '' : `Connection: ${connection}\r\n`;
  const text = head || content === undefined ? '' : latin1(content, 0, content.length);
  return `HTTP/1.1 ${status} ${PHRASES[status] ?? ''}\r\n${lines}${option}\r\n${text}`;
}
