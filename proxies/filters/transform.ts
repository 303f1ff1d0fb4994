/**
 * Changes fields and bodies on their way. Patterns are matched in linear time, over bodies that are UTF-8 and not too long: a longer one,
 * or one that comes compressed or in part, is refused (413, 415; of an answer 500), for whoever asks for a replacement may rely on it.
 *
 * @example { "filters": { "transform": { "response": { "remove": ["Server"], "body": { "replace": [{ "pattern": "\\d{16}", "by": "…" }] } } } } }
 */
import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import { compileEdits, type Edits } from '../http/edits.ts';
import type { FieldBlock } from '../http/field-block.ts';
import { NO_BODY, type RequestHead, type ResponseHead } from '../http/head.ts';
import { compileReplacement } from '../http/pattern.ts';
import type { Reply } from '../http/reply.ts';
import type { ClientSide, ConfiguredFilter, Filter, FilterExchange } from './contract.ts';
import { BytesClient, PassingClient } from './passing.ts';
import { fieldName, fieldValue, positive } from './settings.ts';

interface BodyChange {
  /** One after the other; each match becomes `by`, in which `$1` is the first group. */
  readonly replace: readonly { readonly pattern: string; readonly by: string }[];
  /** Of a body that can be changed; 65,536 by default. */
  readonly mostBytes?: number;
}

interface Changes {
  readonly set?: Readonly<Record<string, string>>;
  readonly add?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
  readonly body?: BodyChange;
}

export interface Transform {
  readonly request?: Changes;
  /** Of an origin's answer; what proxies say themselves stays as it is. */
  readonly response?: Changes;
}

declare module '../config/intent.ts' {
  interface FilterSettings {
    readonly transform?: Transform;
  }
}

/** They tell of the content as it was (RFC 9530, RFC 1864). */
const DIGESTS = compileEdits(
  ['Content-Digest', 'Repr-Digest', 'Digest', 'Content-MD5'].map((name) => ({ op: 'remove', name })),
)!;
/** Whoever is asked with these may answer with what cannot be changed. */
const WHOLE_AND_PLAIN = compileEdits([
  { op: 'remove', name: 'Range' },
  { op: 'remove', name: 'If-Range' },
  { op: 'set', name: 'Accept-Encoding', value: 'identity' },
])!;

const editsOf = ({ set = {}, add = {}, remove = [] }: Changes = {}): Edits | undefined =>
  compileEdits([
    ...remove.map((name) => ({ op: 'remove' as const, name })),
    ...Object.entries(set).map(([name, value]) => ({ op: 'set' as const, name, value })),
    ...Object.entries(add).map(([name, value]) => ({ op: 'add' as const, name, value })),
  ]);

interface Change {
  readonly most: number;
  apply(content: Buffer): Buffer;
}

function changeOf(body: BodyChange | undefined): Change | undefined {
  if (body === undefined) return undefined;
  const replacements = body.replace.map(({ pattern, by }) => compileReplacement(pattern, by));
  return {
    most: body.mostBytes ?? 65_536,
    apply(content) {
      if (!isUtf8(content)) return content;
      return Buffer.from(replacements.reduce((text, replace) => replace(text), content.toString('utf8')));
    },
  };
}

const isPlain = (head: RequestHead | ResponseHead): boolean =>
  (head.get('content-encoding') ?? 'identity').toLowerCase() === 'identity';

class EditedResponse extends PassingClient {
  readonly #edits: Edits;

  constructor(next: ClientSide, edits: Edits) {
    super(next);
    this.#edits = edits;
  }

  override respond(head: ResponseHead, start: number, end: number, complete: boolean): boolean {
    head.edit(this.#edits);
    return this.next.respond(head, start, end, complete);
  }
}

/** Keeps the content of an answer until it is whole. What came with the head is changed at once, and its length told. */
class ChangedResponse extends BytesClient {
  readonly #change: Change;
  #pieces: Buffer[] = [];
  #size = 0;

  constructor(next: ClientSide, change: Change) {
    super(next);
    this.#change = change;
  }

  override respond(head: ResponseHead, start: number, end: number, complete: boolean): boolean {
    const hasBody = head.body !== NO_BODY;
    if (hasBody && (head.status === 206 || !isPlain(head)))
      throw new Error('transform: expected a whole answer without content coding');
    if (hasBody && Math.max(head.contentLength, end - start) > this.#change.most) throw this.#tooLong();
    head.edit(DIGESTS);
    const tag = head.get('etag');
    if (tag !== undefined && !tag.startsWith('W/')) head.set('ETag', `W/${tag}`);
    const content = hasBody && complete ? this.#change.apply(head.buffer.subarray(start, end)) : undefined;
    if (hasBody || head.contentLength > 0) head.reframe(content?.length);
    this.next.respond(head, start, start, false);
    if (content !== undefined && content.length > 0) return this.next.sendBody(content, 0, content.length);
    if (content === undefined && end > start) this.sendBody(head.buffer, start, end);
    return this.next.flush(); // the head waits for no body
  }

  override sendBody(buffer: Buffer, start: number, end: number): boolean {
    this.#size += end - start;
    if (this.#size > this.#change.most) throw this.#tooLong();
    this.#pieces.push(Buffer.from(buffer.subarray(start, end)));
    return true;
  }

  override sendEnd(trailers: FieldBlock): void {
    const content = this.#change.apply(Buffer.concat(this.#pieces));
    if (this.#size > 0) this.next.sendBody(content, 0, content.length);
    this.next.sendEnd(trailers);
  }

  #tooLong(): Error {
    return new Error(`transform: expected an answer of ${this.#change.most} bytes at most`);
  }
}

async function changeBody(head: RequestHead, exchange: FilterExchange, change: Change): Promise<Reply | undefined> {
  if (!isPlain(head)) return { status: 415 };
  const content = await exchange.readBody(change.most);
  if (content === undefined) {
    exchange.reason = 'request_body_too_large';
    return { status: 413 };
  }
  const changed = change.apply(content);
  if (changed !== content) {
    exchange.replaceBody(changed);
    head.edit(DIGESTS);
  }
  return undefined;
}

export function transform({ request, response }: Transform): Filter {
  const requestEdits = editsOf(request);
  const requestChange = changeOf(request?.body);
  const responseEdits = editsOf(response);
  const responseChange = changeOf(response?.body);
  return {
    request(head, exchange) {
      if (responseChange !== undefined) head.edit(WHOLE_AND_PLAIN);
      if (requestEdits !== undefined) head.edit(requestEdits);
      return requestChange === undefined || head.body === NO_BODY
        ? undefined
        : changeBody(head, exchange, requestChange);
    },
    response(side) {
      const edited = responseEdits === undefined ? side : new EditedResponse(side, responseEdits);
      return responseChange === undefined ? edited : new ChangedResponse(edited, responseChange);
    },
  };
}

const changes = z.strictObject({
  set: z.record(fieldName, fieldValue).exactOptional(),
  add: z.record(fieldName, fieldValue).exactOptional(),
  remove: z.array(fieldName).exactOptional(),
  body: z
    .strictObject({
      replace: z.array(z.strictObject({ pattern: z.string().min(1), by: z.string() })).min(1),
      mostBytes: positive.max(64 * 1024 * 1024).exactOptional(),
    })
    .exactOptional(),
});

export const filter: ConfiguredFilter<Transform> = {
  name: 'transform',
  schema: z.strictObject({ request: changes.exactOptional(), response: changes.exactOptional() }),
  create: transform,
};
