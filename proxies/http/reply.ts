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

/** Whole message. `head`: without the body (a reply to HEAD). Throws `TypeError` for fields that no line may say. */
export function writeReply(reply: Reply, connection: 'close' | 'keep-alive' | '', head: boolean): string {
  const { status } = reply;
  const reason = PHRASES[status] ?? '';
  const bodiless = status === 204 || status === 304;
  // 205 has a body, which is empty (RFC 9110 §15.3.6).
  const body = status === 205 ? '' : (reply.body ?? `${status} ${reason}\n`);
  const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : body;
  const { contentType = 'text/plain; charset=utf-8' } = reply;
  const framing = bodiless
    ? ''
    : fieldLines([
        ...(contentType === null ? [] : [['Content-Type', contentType] as const]),
        ['Content-Length', `${bytes.length}`],
      ]);
  const option = connection === '' ? '' : `Connection: ${connection}\r\n`;
  const fields = reply.fields === undefined ? '' : fieldLines(reply.fields);
  const content = head || bodiless ? '' : latin1(bytes, 0, bytes.length);
  return `HTTP/1.1 ${status} ${reason}\r\n${framing}${fields}${option}\r\n${content}`;
}
